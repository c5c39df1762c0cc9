//! Saying yes: what must be done for it, what was typed so far, and which keys were not meant for it. Shared by plans and
//! by every question that something depends on. Nothing here performs anything.

use jiff::SignedDuration;
use ratatui::text::Line;

use super::View;
use super::edit::Edit;
use super::hidden::Hidden;
use super::popup::question::typed;
use super::text::{fit, width};
use crate::model::plan::{SHORTEST_REASON, letters};
use crate::model::{Level, Plan};
use crate::theme::Role;

/// Keys typed this soon after everything was on the screen were meant for what was there before.
pub const DEAF: SignedDuration = SignedDuration::from_millis(500);
/// The same key again within this time may be one that is held: a keyboard waits up to so long before it repeats.
pub const HELD: SignedDuration = SignedDuration::from_millis(1000);

const PASSWORD: &str = " password for sudo  ";

/// What must be done to say yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Enter.
    Enter,
    /// `y`; Enter says no.
    Yes,
    /// Something is typed.
    Typed {
        /// This, where it is asked for.
        phrase: Option<String>,
        /// And why, where it is asked for.
        reason: bool,
        /// And the password for sudo, where a host asks for one.
        password: bool,
    },
}

impl Demand {
    /// What a plan asks for. One that goes over what another run left unfinished asks for a reason whatever its level.
    pub fn of(plan: &Plan) -> Self {
        let (is_dirty, password) = (plan.goes_over().next().is_some(), plan.asks_sudo());
        let phrase = match plan.level {
            Level::Enter | Level::Yes => None,
            Level::Typed => Some(plan.target.to_string()),
            Level::Digest => Some(format!("{} {}", plan.target, plan.short())),
        };
        match plan.level {
            Level::Enter if !is_dirty && !password => Self::Enter,
            Level::Yes if !is_dirty && !password => Self::Yes,
            _ => Self::Typed { reason: phrase.is_some() || is_dirty, phrase, password },
        }
    }

    /// The places the cursor can be at, in order.
    pub fn spots(&self) -> Vec<Spot> {
        match self {
            Self::Enter | Self::Yes => vec![Spot::Cancel],
            Self::Typed { phrase, reason, password } => {
                let phrase = phrase.as_ref().map(|_| Spot::Phrase);
                let fields = phrase.into_iter().chain(reason.then_some(Spot::Reason));
                fields.chain(password.then_some(Spot::Password)).chain([Spot::Cancel]).collect()
            }
        }
    }
}

/// Where the cursor is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spot {
    /// On the way out.
    #[default]
    Cancel,
    /// Where the phrase is typed.
    Phrase,
    /// Where the reason is typed.
    Reason,
    /// Where the password for sudo is typed.
    Password,
}

/// What was typed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// For the phrase.
    pub phrase: Edit,
    /// For the reason.
    pub reason: Edit,
    /// For sudo; it is not shown.
    pub password: Hidden,
    /// Where the cursor is.
    pub at: Spot,
}

impl Consent {
    /// With the cursor where typing begins: for questions that are nothing but their fields.
    pub fn on_first(demand: &Demand) -> Self {
        Self { at: demand.spots().first().copied().unwrap_or_default(), ..Self::default() }
    }

    /// Whether text is typed where the cursor is.
    pub fn is_typing(&self) -> bool {
        self.at != Spot::Cancel
    }

    /// The text under the cursor.
    pub fn edit(&mut self) -> Option<&mut Edit> {
        match self.at {
            Spot::Cancel | Spot::Password => None,
            Spot::Phrase => Some(&mut self.phrase),
            Spot::Reason => Some(&mut self.reason),
        }
    }

    /// Types text where the cursor is; what was wrong with it.
    pub fn insert(&mut self, text: &str) -> Result<(), &'static str> {
        if self.at == Spot::Password && !self.password.insert(text) {
            return Err("that is no password: it has several lines or is too long");
        }
        if let Some(edit) = self.edit() {
            edit.insert(text);
        }
        Ok(())
    }

    /// To the next place, or the one before.
    pub fn step(&mut self, demand: &Demand, forward: bool) {
        let spots = demand.spots();
        let at = spots.iter().position(|spot| *spot == self.at).unwrap_or(0);
        let next = if forward { at + 1 } else { at + spots.len().max(1) - 1 };
        self.at = spots.get(next % spots.len().max(1)).copied().unwrap_or_default();
    }

    /// The first place where something is missing, and what.
    pub fn missing(&self, demand: &Demand) -> Option<(Spot, String)> {
        let Demand::Typed { phrase, reason, password } = demand else { return None };
        if let Some(phrase) = phrase.as_ref().filter(|phrase| self.phrase.text().trim() != phrase.as_str()) {
            return Some((Spot::Phrase, format!("nothing is done before {phrase} is typed in full")));
        }
        if *reason && letters(&self.reason.text()) < SHORTEST_REASON {
            let words = format!("nothing is done without a reason of at least {SHORTEST_REASON} characters");
            return Some((Spot::Reason, words));
        }
        if *password && self.password.is_empty() {
            return Some((Spot::Password, "nothing is done without the password that sudo asks for".into()));
        }
        None
    }

    /// The reason, where one was typed.
    pub fn why(&self) -> Option<String> {
        Some(self.reason.text().trim().to_owned()).filter(|why| !why.is_empty())
    }
}

/// The fields and the way out, as lines; the button says what yes means.
pub fn lines<'a>(consent: &Consent, demand: &Demand, button: &str, view: &View<'a>) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    if let Demand::Typed { phrase, reason, password } = demand {
        let mut before = if *password { PASSWORD } else { " reason  " }.to_owned();
        if let Some(phrase) = phrase {
            // What is typed begins in one column.
            before = fit("", width(&format!(" to confirm, type {phrase}  ")).max(before.len()), "");
            let mut spans = vec![view.span(Role::Text, " to confirm, type "), view.span(Role::Strong, phrase.clone())];
            spans.push(view.span(Role::Text, "  "));
            spans.extend(written(&consent.phrase, consent.at == Spot::Phrase, view));
            if consent.phrase.text().trim() == phrase {
                let mark = view.theme.glyphs().health(crate::model::Health::Healthy);
                spans.push(view.span(Role::Healthy, format!(" {mark}")));
            }
            lines.push(Line::from(spans));
        }
        if *reason {
            let mut spans = vec![view.span(Role::Text, fit(" reason", before.len(), ""))];
            spans.extend(written(&consent.reason, consent.at == Spot::Reason, view));
            lines.push(Line::from(spans));
        }
        if *password {
            let mut spans = vec![view.span(Role::Text, fit(PASSWORD, before.len(), ""))];
            spans.extend(hidden(&consent.password, consent.at == Spot::Password, view));
            lines.push(Line::from(spans));
        }
    }
    lines.push(buttons(consent, demand, button, view));
    lines
}

/// Dots for what is typed and not shown.
fn hidden<'a>(password: &Hidden, here: bool, view: &View<'a>) -> Vec<ratatui::text::Span<'a>> {
    // How long it is is nobody's business beyond what is seen while it is typed.
    let mut spans = vec![view.span(Role::Input, view.theme.glyphs().hidden.repeat(password.count().min(24)))];
    if here {
        spans.extend(typed(&Edit::default(), view));
    } else if password.is_empty() {
        spans = written(&Edit::default(), false, view);
    }
    spans
}

fn written<'a>(edit: &Edit, here: bool, view: &View<'a>) -> Vec<ratatui::text::Span<'a>> {
    if here {
        return typed(edit, view);
    }
    let blank = view.theme.glyphs().rule.repeat(12);
    if edit.is_empty() { vec![view.span(Role::Dim, blank)] } else { vec![view.span(Role::Input, edit.text())] }
}

fn buttons<'a>(consent: &Consent, demand: &Demand, button: &str, view: &View<'a>) -> Line<'a> {
    let key = |key: &str| view.span(Role::Key, key.to_owned());
    let plain = |words: String| view.span(Role::Text, words);
    let reversed = view.style(Role::Accent).add_modifier(ratatui::style::Modifier::REVERSED);
    let cancel = || ratatui::text::Span::styled("[ Cancel ]", reversed);
    match demand {
        Demand::Enter => Line::from(vec![
            plain(" ".into()),
            key("enter"),
            plain(format!(" {button}   ")),
            key("esc"),
            plain(" cancel".into()),
        ]),
        Demand::Yes => Line::from(vec![
            plain(" ".into()),
            cancel(),
            plain("   ".into()),
            key(&view.key(crate::command::Command::Confirm)),
            plain(format!(" {button}")),
        ]),
        Demand::Typed { .. } => {
            let ready = consent.missing(demand).is_none();
            let mut spans = vec![plain(" ".into())];
            spans.push(if consent.at == Spot::Cancel { cancel() } else { view.span(Role::Dim, "[ Cancel ]") });
            spans.push(plain("   ".into()));
            if consent.at == Spot::Cancel {
                spans.extend([key(&view.key(crate::command::Command::NextField)), plain(" to type".into())]);
            } else if ready {
                spans.extend([key("enter"), view.span(Role::Strong, format!(" {button}"))]);
            } else {
                spans.push(view.span(Role::Dim, button.to_owned()));
            }
            Line::from(spans)
        }
    }
}
