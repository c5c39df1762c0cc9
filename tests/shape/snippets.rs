//! Good and bad snippets for every rule: the rule, the path the snippet would have, its text, and the lines in which the
//! rule must find something (none for a good one). Holds text alone.

/// Rule, path, text, and the lines in which the rule finds something.
pub type Snippet = (&'static str, &'static str, &'static str, &'static [usize]);

/// Every snippet.
pub const ALL: &[Snippet] = &[
    ("walls", "src/model/id.rs", "use super::text::Text;\nuse crate::model::Health;\n// crate::store\n", &[]),
    ("walls", "src/model/id.rs", "use serde::Serialize;\nuse crate::store::Event;\n", &[2]),
    ("walls", "src/model/id.rs", "use super::super::store::Event;\n", &[1]),
    ("walls", "src/model/id.rs", "use super::super::strange::Event;\n", &[]),
    ("walls", "src/model.rs", "fn f(at: tokio::time::Instant) {}\nuse ::ratatui::style;\n", &[1, 2]),
    ("walls", "src/model.rs", "//! Nothing here knows tokio::time.\nlet text = \"crate::store::Event\";\n", &[]),
    ("walls", "src/models.rs", "use crate::store::Event;\n", &[]),
    ("walls", "src/store/event.rs", "use crate::{\n    model::{Fault, Fleet},\n    settings::Files,\n};\n", &[3]),
    ("walls", "src/store/event.rs", "use crate::model::{Fault, Fleet};\nuse crate::store::Changed;\n", &[]),
    ("walls", "src/settings/node.rs", "use crate::secret::SecretRef;\nuse crate::config::Deck;\n", &[2]),
    ("walls", "src/ui/pane.rs", "use crate::store::Store;\nuse crate::runner::Permit;\nuse crate::source;\n", &[2, 3]),
    ("walls", "src/ui/pane.rs", "use crate::{model::Text, transport::Argv};\nuse tokio::sync::mpsc;\n", &[1, 2]),
    ("walls", "src/cli/status.rs", "use color_eyre::Result;\n", &[]),
    ("walls", "src/config/deck.rs", "use color_eyre::Result;\n", &[1]),
    ("opening", "src/model.rs", "//! The vocabulary that every room speaks.\n", &[]),
    ("opening", "src/model.rs", "//! The vocabulary.\n", &[1]),
    ("opening", "src/model.rs", "// The vocabulary that every room speaks.\n", &[1]),
    ("type names", "src/x.rs", "struct Metadata;\nstruct Database;\nenum Information {}\n// struct Data\n", &[]),
    ("type names", "src/x.rs", "pub struct ProbeData {}\ntype Info = u8;\ntrait HTTPManager {}\n", &[1, 2, 3]),
    ("file names", "src/model/text.rs", "", &[]),
    ("file names", "src/model/mod.rs", "", &[1]),
    ("file names", "src/model/utils.rs", "", &[1]),
    ("clock", "src/source/http.rs", "use tokio::time::{Instant, sleep};\nlet at = Instant::now();\n", &[]),
    (
        "clock",
        "src/source/http.rs",
        "use tokio::time;\nlet a = time::Instant::now();\nlet b = tokio::time::Instant::now();\n",
        &[],
    ),
    ("clock", "src/source/http.rs", "use std::time::Instant;\nlet at = Instant::now();\n", &[2]),
    ("clock", "src/source/http.rs", "use tokio::time::Instant;\nlet at = std::time::Instant::now();\n", &[2]),
    (
        "clock",
        "src/ui/age.rs",
        "let a = jiff::Timestamp::now();\nlet b = SystemTime::now();\nlet c = Zoned::now;\n",
        &[1, 2, 3],
    ),
    ("clock", "src/ui/age.rs", "// Timestamp::now() is not for here\nlet now = context.now;\n", &[]),
    ("clock", "src/app/clock.rs", "pub fn now() -> Timestamp { Timestamp::now() }\n", &[]),
    ("ignored tests", "tests/real.rs", "#[test]\nfn servers_answer() {}\n// #[ignore]\n", &[]),
    (
        "ignored tests",
        "tests/real.rs",
        "#[test]\n#[ignore = \"slow\"]\nfn servers_answer() {}\n#[cfg_attr(unix, ignore)]\n",
        &[2, 4],
    ),
    ("leftovers", "src/x.rs", "let todo = \"TODO\";\n// Nothing is left to do.\n", &[]),
    ("leftovers", "src/x.rs", "fn f() { todo!() }\nfn g() { dbg!(1); }\n", &[1, 2]),
    ("leftovers", "src/x.rs", concat!("fn f() {} // TO", "DO: later\n/* FIX", "ME */\n"), &[1, 2]),
    ("lints switched off", "src/x.rs", "#[allow(dead_code, reason = \"read by the next part\")]\nfn f() {}\n", &[]),
    ("lints switched off", "src/x.rs", "#![allow(dead_code)]\n#[expect(unused)]\nfn f() {}\n", &[1, 2]),
    ("length", "src/x.rs", "//! Short.\n", &[]),
    ("length", "src/x.rs", LONG, &[401]),
];

/// 401 lines.
const LONG: &str = match std::str::from_utf8(&[b'\n'; 401]) {
    Ok(lines) => lines,
    Err(_) => "",
};
