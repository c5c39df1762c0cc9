//! One page that was asked for: how much it says about health, and how it is written down. Pure.

use serde_json::Value;

use super::draft::Draft;
use super::finding::{fact, reason, sentence, silence, some_of, trouble};
use crate::model::{Observation, Outcome, Text};
use crate::source::health::report::{self, Style};

/// A page and what came back.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) draft: Draft,
    pub(super) path: String,
    pub(super) seen: Observation,
}

impl Page {
    /// The HTTP status; none when nothing answered.
    pub(super) fn code(&self) -> Option<u16> {
        fact(&self.seen, "status")?.split(' ').next()?.parse().ok()
    }

    /// How good a source of health it is; `root` says whether the service's front page answers.
    pub(super) fn rank(&self, root: bool) -> u8 {
        let front = self.path == "/";
        let well = self.code().is_some_and(|c| (200..300).contains(&c));
        match (self.style(), well) {
            (Some(_), true) if !self.seen.entries.is_empty() => 6,
            (Some(_), true) => 5,
            // It says that it is not well, which is a report all the same.
            (Some(_), false) => 4,
            // Where the front page answers too, everything may: single-page applications do.
            (None, true) if !front && !root && !self.is_html() => 3,
            _ if front => 2,
            _ => 1,
        }
    }

    /// The probe with what the page needs, and words for the line. `known` says that a password was sent.
    pub(super) fn settled(self, known: bool) -> (Draft, String) {
        let (style, path, seen) = (self.style(), self.path.clone(), &self.seen);
        let Some(code) = self.code() else {
            return (self.draft.clone().noted(&trouble(seen)), silence(seen));
        };
        match (code, style) {
            (_, Some((style, what))) => {
                let comment = self.told(what);
                let mut words = format!("{what} at {path}");
                if seen.outcome != Outcome::Pass {
                    words = format!("{words}: {}", reason(seen));
                }
                (self.draft.with_text("report", style).noted(&comment), words)
            }
            (200..=299, None) => {
                let to = fact(seen, "redirected to").map(|to| format!("redirects to {to}"));
                let words = to.as_ref().map_or_else(|| path.clone(), |to| format!("{path} ({to})"));
                let draft = to.iter().fold(self.draft.clone(), |draft, to| draft.noted(&sentence(to)));
                (draft, format!("{code} at {words}"))
            }
            (401 | 403, None) if known => (
                self.draft.noted(&format!("Failed when this was written: {code}, the login was refused")),
                refused(code, &path),
            ),
            (401 | 403, None) => {
                let comment =
                    format!("{code} proves that it runs; user = \"…\" and password = \"env:…\" would look further");
                (self.draft.with("status", code).noted(&comment), format!("{code} at {path}, taken as a sign of life"))
            }
            (404, None) if path == "/" => {
                let comment = "404 proves that it runs; name its health page here if it has one";
                (self.draft.with("status", code).noted(comment), "404 at /, no health page found".to_owned())
            }
            (300..=399, None) => {
                let comment = format!("{code} sends you elsewhere; redirect = \"follow\" would go along");
                (self.draft.with("status", code).noted(&comment), format!("{code} at {path}"))
            }
            _ => (self.draft.clone().noted(&trouble(seen)), format!("{path}: {}", reason(seen))),
        }
    }

    fn told(&self, what: &str) -> String {
        let names: Vec<&str> = self.seen.entries.iter().map(|e| e.name.as_str()).collect();
        let parts = if names.is_empty() { String::new() } else { format!(" on {}", some_of(&names, 5)) };
        let now = match self.seen.outcome {
            Outcome::Pass => String::new(),
            _ => format!("; when this was written: {}", reason(&self.seen)),
        };
        format!("{}{parts}{now}", sentence(what))
    }

    fn text(&self) -> &str {
        self.seen.answer.as_ref().map_or("", Text::as_str)
    }

    fn is_html(&self) -> bool {
        self.text().trim_start().starts_with('<')
    }

    /// The style of its report as a deck names it, and in words; none when it is no report.
    fn style(&self) -> Option<(&'static str, &'static str)> {
        let text = self.text();
        let json: Option<Value> = serde_json::from_str(text).ok();
        let found = report::read(Style::Auto, text.as_bytes(), json.as_ref()).ok().flatten();
        // The answer is kept up to 4 KiB, the entries come from all of it.
        if found.is_none() && self.seen.entries.is_empty() {
            return None;
        }
        let word = found.map(|r| r.word.to_string()).unwrap_or_default();
        let is = |words: &[&str]| {
            let quoted = |w: &&str| word.is_empty() && text.contains(&format!("\"{w}\""));
            words.iter().any(|w| *w == word || quoted(w))
        };
        Some(if is(&["Healthy", "Degraded", "Unhealthy"]) {
            ("aspnet", "an ASP.NET health report")
        } else if is(&["UP", "DOWN", "OUT_OF_SERVICE"]) && text.starts_with('{') {
            ("spring", "a Spring health report")
        } else if text.starts_with('{') {
            ("json", "a JSON health report")
        } else {
            ("plain", "one word of health")
        })
    }
}

fn refused(code: u16, path: &str) -> String {
    format!("{code} at {path}: the login was refused")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str, code: u16, body: &str) -> Page {
        let mut seen = Observation::new(Outcome::Pass).fact("status", format!("{code} Words"));
        seen.answer = Some(Text::block(body, Observation::MOST_ANSWER));
        Page { draft: Draft::new("live", "http", "http://h/"), path: path.into(), seen }
    }

    #[test]
    fn a_page_with_a_report_is_better_than_a_front_page() {
        let report = page("/healthz", 200, "ok");
        let bad = page("/health", 503, r#"{"status":"Unhealthy"}"#);
        let front = page("/", 200, "<html>");
        let wild = page("/livez", 200, "<html>");
        assert!(report.rank(true) > bad.rank(true) && bad.rank(true) > front.rank(true));
        assert!(front.rank(true) > wild.rank(true) && front.rank(false) > wild.rank(false));
        assert!(page("/livez", 200, "alive and kicking").rank(false) > page("/", 404, "").rank(false));
    }

    #[test]
    fn the_style_of_a_report_is_told_by_its_word() {
        for (body, style) in [
            (r#"{"status":"Healthy"}"#, Some("aspnet")),
            ("Degraded", Some("aspnet")),
            (r#"{"status":"UP","components":{}}"#, Some("spring")),
            (r#"{"status":"ok"}"#, Some("json")),
            ("OK\n", Some("plain")),
            ("<html>", None),
            (r#"{"id":7}"#, None),
        ] {
            assert_eq!(page("/", 200, body).style().map(|s| s.0), style, "{body}");
        }
    }

    #[test]
    fn a_front_page_that_refuses_is_a_sign_of_life_unless_a_login_was_sent() {
        for code in [401, 403, 404] {
            let (draft, _) = page("/", code, "").settled(false);
            assert!(draft.table(None, "").contains(&format!("status = {code}")), "{code}");
        }
        assert!(!page("/", 401, "").settled(true).0.table(None, "").contains("status"));
        assert!(!page("/x", 404, "").settled(false).0.table(None, "").contains("status"));
        assert!(!page("/", 500, "").settled(false).0.table(None, "").contains("status"));
    }
}
