//! `systemd`: the state of a unit, from one `systemctl show` through the transport, on this machine or any other.
//! Only looks; never starts or stops anything.

pub mod unit;

use std::time::Duration;

use futures::future::BoxFuture;

use super::api::Budget;
use super::command::last_line;
use super::{Check, Context, Kind, Placement};
use crate::model::Observation;
use crate::settings::Section;
use crate::transport::{Argv, Exit, Limits, Output, TransportError};
use unit::{Expected, Unit};

/// The kind's row.
pub static KIND: Kind = Kind {
    name: "systemd",
    doc: "The state of a systemd unit: active, failed, in a crash loop",
    example: r#"{ systemd = "nginx.service", expect = "active" }"#,
    every: Duration::from_secs(10),
    timeout: Duration::from_secs(5),
    latency: false,
    placement: Placement::OnHost,
    read,
};

/// What `systemctl show` prints for one unit is under 4 KiB.
const MOST_BYTES: usize = 64 * 1024;

#[derive(Debug)]
struct Systemd {
    unit: String,
    argv: Argv,
    expected: Expected,
}

/// The suffixes that make a name a full unit name. Source: systemd.unit(5).
const SUFFIXES: [&str; 11] =
    ["service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope"];

fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let unit = section.needed_text("systemd", "systemd = \"nginx.service\"");
    let choices = [("active", Expected::Active), ("inactive", Expected::Inactive)];
    let expected = section.has("expect").then(|| section.choice("expect", &choices));
    let user = section.truth("user").unwrap_or(false);
    let unit = unit?.trim().to_owned();
    if unit.is_empty() || unit.starts_with('-') || unit.contains(|c: char| c.is_whitespace() || c == '/' || c == '*') {
        let help = "write the name as `systemctl status` takes it: systemd = \"nginx.service\"";
        section.error("systemd", format!("\"{unit}\" is not the name of a unit"), help);
        return None;
    }
    let unit = full_name(unit);
    Some(Box::new(Systemd { argv: argv(&unit, user), unit, expected: expected.unwrap_or(Some(Expected::Active))? }))
}

/// The name with its suffix; without one it is a service.
pub(super) fn full_name(unit: String) -> String {
    let known = unit.rsplit_once('.').is_some_and(|(_, suffix)| SUFFIXES.contains(&suffix));
    if known { unit } else { format!("{unit}.service") }
}

/// The command. `TZ=UTC` lets every release print its times in UTC; `--timestamp=unix` came only with release 247.
fn argv(unit: &str, user: bool) -> Argv {
    let properties = format!("--property={}", unit::PROPERTIES.join(","));
    let scope = user.then_some("--user");
    let words = scope.into_iter().chain(["show", "--no-pager", &properties, "--", unit]);
    let mut argv = Argv::new("systemctl", words);
    argv.joins = true;
    argv.env = vec![("TZ".into(), "UTC".into()), ("LC_ALL".into(), "C".into())];
    argv
}

impl Check for Systemd {
    fn target(&self) -> String {
        self.unit.clone()
    }

    fn glances(&self) -> bool {
        true
    }

    fn check<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            let limits = Limits { timeout: Budget::of(context).left(), most_bytes: MOST_BYTES };
            let place = context.transport.place();
            match context.transport.glance(&self.argv, limits).await {
                Ok(output) => {
                    if let Some(reason) = refusal(&output, place) {
                        return Observation::unknown(reason);
                    }
                    let unit = Unit::parse(&String::from_utf8_lossy(&output.stdout));
                    unit.judge(&self.unit, place, self.expected, context.now).after(output.took)
                }
                Err(TransportError::NoProgram { .. }) => {
                    Observation::unknown(format!("{place} has no systemctl, so its units cannot be seen"))
                }
                Err(TransportError::TimedOut { .. }) => {
                    let limit = crate::transport::human(context.timeout);
                    Observation::unknown(format!("systemctl on {place} gave no answer within {limit}"))
                }
                Err(error) => Observation::unknown(error.to_string()),
            }
        })
    }
}

/// Why systemctl told nothing. Its messages are in systemd's sources, `bus-util.c` and `sd-bus`; not translated.
fn refusal(output: &Output, place: &str) -> Option<String> {
    if output.exit == Exit::Code(0) {
        return None;
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let reason = if stderr.contains("not been booted with systemd") {
        format!("{place} was not booted with systemd, so it has no units")
    } else if stderr.contains("Access denied") || stderr.contains("Permission denied") {
        format!("systemctl on {place}: access denied; the user may not ask systemd")
    } else if stderr.contains("Failed to connect to bus") {
        format!("systemctl on {place} cannot reach systemd: {}", last_line(&stderr).unwrap_or_default())
    } else {
        let how = match output.exit {
            Exit::Code(code) => format!("exited with {code}"),
            Exit::Signal(number) => format!("was ended by {}", super::command::signal::name(number)),
            Exit::Missing => "ended in an unknown way".to_owned(),
        };
        let why = last_line(&stderr).map(|l| format!(": {l}")).unwrap_or_default();
        format!("systemctl on {place} {how}{why}")
    };
    Some(reason)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{check, context, faults};
    use super::*;
    use crate::model::Outcome;

    fn ended(code: i32, stderr: &str) -> Output {
        Output {
            exit: Exit::Code(code),
            stdout: Vec::new(),
            stderr: stderr.into(),
            truncated: false,
            took: Duration::ZERO,
        }
    }

    #[test]
    fn a_name_without_a_suffix_is_a_service() {
        assert_eq!(check("systemd = \"nginx\"").target(), "nginx.service");
        assert_eq!(check("systemd = \"backup.timer\"").target(), "backup.timer");
        assert_eq!(check("systemd = \"shop-sales.v2\"").target(), "shop-sales.v2.service");
    }

    #[test]
    fn what_is_no_name_is_a_fault() {
        for bad in ["", "--all", "a b", "nginx*"] {
            assert!(faults(&format!("systemd = \"{bad}\""))[0].message.contains("not the name of a unit"));
        }
        assert!(faults("systemd = \"x\"\nexpect = \"activ\"")[0].help.as_deref().unwrap().contains("`active`"));
    }

    #[test]
    fn the_command_is_one_argument_vector_that_ends_in_the_unit() {
        let argv = argv("nginx.service", true).to_string();
        assert!(argv.starts_with("systemctl --user show --no-pager --property=Id,LoadState,"), "{argv}");
        assert!(argv.ends_with(" -- nginx.service"), "{argv}");
    }

    #[test]
    fn each_refusal_of_systemctl_is_told_in_words() {
        let booted = "System has not been booted with systemd as init system (PID 1). Can't operate.\n\
                      Failed to connect to bus: Host is down\n";
        assert_eq!(refusal(&ended(1, booted), "vps").unwrap(), "vps was not booted with systemd, so it has no units");
        let denied = "Failed to get properties: Access denied\n";
        assert!(refusal(&ended(4, denied), "vps").unwrap().contains("access denied"));
        let bus = "Failed to connect to bus: No such file or directory\n";
        assert!(refusal(&ended(1, bus), "vps").unwrap().contains("cannot reach systemd: Failed to connect"));
        assert_eq!(refusal(&ended(2, "odd"), "vps").unwrap(), "systemctl on vps exited with 2: odd");
    }

    #[tokio::test]
    async fn the_real_systemctl_of_a_machine_without_systemd_gives_unknown_with_a_reason() {
        if std::path::Path::new("/run/systemd/system").exists() {
            return;
        }
        let seen = check("systemd = \"nginx\"").check(&context(Duration::from_secs(5))).await;
        let reason = seen.reason.unwrap();
        assert_eq!(seen.outcome, Outcome::Unknown);
        let told = ["this machine was not booted with systemd", "this machine has no systemctl"];
        assert!(told.iter().any(|t| reason.as_str().starts_with(t)), "{reason}");
    }
}
