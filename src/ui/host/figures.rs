//! The figures of a host in one short line: `load 6.2/8 · mem 15.1/16 GiB · / 71 %`. They are facts of its probe; the
//! numbers are shortened here and never judged: what is wrong is what the probe says is wrong.

use ratatui::text::Span;

use crate::model::{Health, Outcome};
use crate::store::HostState;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::text::{age, width};

/// The facts of a host that are told, and how they are called in a line.
const TOLD: [(&str, &str); 3] = [("load", "load"), ("memory", "mem"), ("disk", "")];

/// The figures of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    told: Vec<Figure>,
    /// How old they are, when they are not of now.
    age: Option<String>,
    outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Figure {
    long: String,
    short: String,
    is_bad: bool,
}

/// How much room a line takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Long,
    Short,
    Tight,
    Dense,
}

const FORMS_OF_NOW: [Form; 4] = [Form::Long, Form::Short, Form::Tight, Form::Dense];
const FORMS: [Form; 2] = [Form::Long, Form::Short];

impl Figures {
    /// What is known of a host; none when nothing looks at it or nothing was seen.
    pub fn of(host: &HostState, view: &View<'_>) -> Option<Self> {
        let probe = view.store.figures(&host.declared().id)?;
        let (at, seen, is_cut_off) = probe.newest_seen()?;
        let reason = seen.reason.as_ref().map_or("", |r| r.as_str()).to_lowercase();
        let is_wrong = seen.outcome != Outcome::Pass;
        let mut figures: Vec<Figure> = TOLD
            .iter()
            .filter_map(|(name, called)| {
                let value = seen.facts.iter().find(|f| f.name.as_str() == *name)?.value.as_str();
                let lead = if called.is_empty() { String::new() } else { format!("{called} ") };
                let is_bad = is_wrong && reason.contains(name);
                Some(Figure { long: lead.clone() + &long(value), short: lead + &short(value), is_bad })
            })
            .collect();
        if is_wrong && !figures.iter().any(|f| f.is_bad) {
            // The probe does not say which, so it may be any of them.
            for figure in &mut figures {
                figure.is_bad = true;
            }
        }
        let is_old = is_cut_off || !host.link().state.is_up() || probe.health(view.now).0 == Health::Stale;
        let age = is_old.then(|| age(at, view.now));
        (!figures.is_empty()).then_some(Self { told: figures, age, outcome: seen.outcome })
    }

    /// Whether the probe found something wrong, now.
    pub fn is_bad(&self) -> bool {
        self.age.is_none() && self.outcome != Outcome::Pass
    }

    /// The line, in at most so many cells: shortened first, then its last figures are left out, and never its age.
    pub fn spans<'a>(&self, cells: usize, view: &View<'a>) -> Vec<Span<'a>> {
        let all = self.told.as_slice();
        // Three figures and an age close together are hard to tell apart.
        let forms = if self.age.is_some() { &FORMS[..] } else { &FORMS_OF_NOW[..] };
        let forms = forms.iter().map(|form| (*form, all));
        let fewer = (1..all.len()).rev().filter_map(|count| Some((Form::Short, all.get(..count)?)));
        let tried = forms.chain(fewer);
        tried
            .map(|(form, figures)| self.in_form(form, figures, view))
            .find(|spans| wide(spans) <= cells)
            .unwrap_or_default()
    }

    fn in_form<'a>(&self, form: Form, figures: &[Figure], view: &View<'a>) -> Vec<Span<'a>> {
        let glyphs = view.theme.glyphs();
        let between = match form {
            Form::Long | Form::Short => format!(" {} ", glyphs.separator),
            Form::Tight => "  ".to_owned(),
            Form::Dense => " ".to_owned(),
        };
        let health = Health::from(self.outcome);
        // Old figures may be right or wrong by now; they are told without the colour of a state.
        let told = figures.iter().map(|figure| {
            let text = if form == Form::Long { &figure.long } else { &figure.short };
            match (&self.age, figure.is_bad) {
                (Some(_), _) => view.span(Role::Stale, text.clone()),
                (None, true) => view.span(Role::from(health), format!("{text} {}", glyphs.health(health))),
                (None, false) => view.span(Role::Dim, text.clone()),
            }
        });
        let age = self.age.as_ref().map(|age| view.span(Role::Stale, format!("{age} ago")));
        let mut spans = Vec::new();
        for span in told.chain(age) {
            if !spans.is_empty() {
                spans.push(view.span(Role::Dim, between.clone()));
            }
            spans.push(span);
        }
        spans
    }
}

fn wide(spans: &[Span<'_>]) -> usize {
    spans.iter().map(|s| width(&s.content)).sum()
}

/// `6.2 of 8` and its unit, if that is how it is written.
fn of(value: &str) -> Option<(&str, &str, &str)> {
    let (used, rest) = value.split_once(" of ")?;
    let (all, unit) = rest.split_once(' ').unwrap_or((rest, ""));
    Some((used, all, unit))
}

/// `15.1/16 GiB` for `15.1 of 16.0 GiB`.
fn long(value: &str) -> String {
    match of(value) {
        Some((used, all, "")) => format!("{used}/{}", round(all)),
        Some((used, all, unit)) => format!("{used}/{} {unit}", round(all)),
        None => value.to_owned(),
    }
}

/// `94 %` for `15.1 of 16.0 GiB`: a share says as much as two amounts. Counts without a unit are short already.
fn short(value: &str) -> String {
    let share = of(value).filter(|(_, _, unit)| !unit.is_empty()).and_then(|(used, all, _)| {
        let (used, all): (f64, f64) = (used.parse().ok()?, all.parse().ok()?);
        (all > 0.0 && used >= 0.0).then(|| format!("{} %", (used * 100.0 / all) as u64))
    });
    share.unwrap_or_else(|| long(value))
}

fn round(number: &str) -> &str {
    number.strip_suffix(".0").unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::{long, short};

    #[test]
    fn amounts_are_shortened_and_what_is_not_understood_is_left_alone() {
        for (value, in_full, in_short) in [
            ("6.2 of 8", "6.2/8", "6.2/8"),
            ("15.1 of 16.0 GiB", "15.1/16 GiB", "94 %"),
            ("/ 71 %", "/ 71 %", "/ 71 %"),
            ("0.0 of 0.0 GiB", "0.0/0 GiB", "0.0/0 GiB"),
            ("full", "full", "full"),
        ] {
            assert_eq!((long(value).as_str(), short(value).as_str()), (in_full, in_short), "{value}");
        }
    }
}
