//! What a person on the terminal is asked while a run goes on, as futures that can be dropped when it is not asked any more.
//! What comes of one is an order for the run, or nothing.

use std::pin::Pin;

use crate::cli::hosts::ask;
use crate::model::Text;
use crate::model::run::{Choice, Question};
use crate::runner::execute::Order;

/// A question that is open.
pub type Asking = Pin<Box<dyn Future<Output = Option<Order>> + Send>>;

/// Asks what a run asks; `asked` is the number of the entry that asked it.
pub fn of((asked, question): (u64, Question)) -> Asking {
    Box::pin(async move { Some(answer(asked, &question).await) })
}

/// Asks whether these steps, which must not be interrupted, are ended all the same: the first is typed by its name.
pub fn insist(steps: Vec<(String, Text)>) -> Asking {
    Box::pin(async move {
        for (step, why) in &steps {
            tell!("! {step} must not be interrupted: {why}");
        }
        let (first, _) = steps.first()?;
        let typed = ask::line(&format!("type {first} to end it all the same, nothing to let it end by itself: ")).await;
        if typed.as_deref() == Some(first) {
            return Some(Order::Interrupt { even_uninterruptible: true });
        }
        tell!("it is left to end by itself");
        None
    })
}

async fn answer(asked: u64, question: &Question) -> Order {
    let (words, choices) = match question {
        Question::Failure { step, hosts, choices } => {
            (format!("{step} did not end well on {}", hosts.join(" ")), choices.clone())
        }
        Question::Fate { step, host, choices } => {
            (format!("nobody knows what became of {step} on {host}"), choices.clone())
        }
        Question::Approval { text, .. } => (text.to_string(), vec![Choice::GoOn, Choice::GiveUp]),
        Question::Batch { hosts, .. } => {
            (format!("the next batch: {}", hosts.join(" ")), vec![Choice::GoOn, Choice::GiveUp])
        }
        Question::Danger { step, hosts } => return danger(asked, step, &hosts.join(" ")).await,
        Question::Boxes { step, items, ticked } => return boxes(asked, step, items, ticked).await,
    };
    tell!("? {words}");
    for (number, choice) in (1..).zip(&choices) {
        tell!("    {number}  {}", choice.words());
    }
    loop {
        // Nobody is there any more: what is done on hosts is not touched, and another console can go on.
        let Some(line) = ask::line("choose: ").await else { return Order::Detach };
        let chosen = line.parse::<usize>().ok().and_then(|n| choices.get(n.checked_sub(1)?)).copied();
        let Some(choice) = chosen else { continue };
        let reason = if choice.needs_reason() { ask::line("why: ").await } else { None };
        return Order::Answer { asked, choice, reason: reason.as_deref().map(Text::from) };
    }
}

async fn danger(asked: u64, step: &str, hosts: &str) -> Order {
    tell!("? {step} is dangerous; it runs on {hosts}");
    match ask::line(&format!("type {step} to run it, nothing to give up: ")).await {
        Some(line) if line == step => Order::Answer { asked, choice: Choice::GoOn, reason: None },
        Some(_) => Order::Answer { asked, choice: Choice::GiveUp, reason: None },
        None => Order::Detach,
    }
}

async fn boxes(asked: u64, step: &str, items: &[Text], ticked: &[usize]) -> Order {
    let next = items.iter().enumerate().find(|(at, _)| !ticked.contains(at));
    // With the last box the run goes on by itself.
    let Some((item, text)) = next else { return std::future::pending().await };
    match ask::line(&format!("[ ] {text} (y ticks it): ")).await.as_deref() {
        Some("y" | "Y") => Order::Tick { step: step.to_owned(), item },
        Some(_) => Order::Answer { asked, choice: Choice::GiveUp, reason: None },
        None => Order::Detach,
    }
}
