//! The one table of exit codes. Every subcommand ends with one of these, scripts and cron jobs rely on the numbers,
//! and the README and the man page are made from the table. Decides nothing about what was observed beyond
//! [`Ending::of`], and never ends the process: `main` does.

use std::process::ExitCode;

use crate::model::Health;

/// How `qd` ends. The number is its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Ending {
    /// All that was looked at is as it should be, or what was asked for was done.
    Good = 0,
    /// Something is unhealthy or degraded, or a run failed.
    Unhealthy = 1,
    /// The command line or the deck is wrong.
    Usage = 2,
    /// Nothing is worse than unknown: it could not be observed.
    Unknown = 3,
    /// The gate, a lock or a permission said no.
    Refused = 4,
    /// The operator stopped it.
    Cancelled = 5,
    /// Nobody knows how a run ended.
    Lost = 6,
}

impl Ending {
    /// Every ending, by its number.
    pub const ALL: [Ending; 7] = [
        Ending::Good,
        Ending::Unhealthy,
        Ending::Usage,
        Ending::Unknown,
        Ending::Refused,
        Ending::Cancelled,
        Ending::Lost,
    ];

    /// The exit code.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The word used in help and in tables.
    pub fn word(self) -> &'static str {
        match self {
            Ending::Good => "good",
            Ending::Unhealthy => "unhealthy",
            Ending::Usage => "usage",
            Ending::Unknown => "unknown",
            Ending::Refused => "refused",
            Ending::Cancelled => "cancelled",
            Ending::Lost => "lost",
        }
    }

    /// When it happens, in one line without a full stop.
    pub fn doc(self) -> &'static str {
        match self {
            Ending::Good => "All that was looked at is as it should be",
            Ending::Unhealthy => "Something is unhealthy or degraded, or a run failed",
            Ending::Usage => "The command line or the deck is wrong",
            Ending::Unknown => "Nothing is worse than unknown or stale: it could not be observed",
            Ending::Refused => "The gate, a lock or a permission said no",
            Ending::Cancelled => "You stopped it",
            Ending::Lost => "Nobody knows how a run ended",
        }
    }

    /// The ending for what was observed. Trouble that is certain wins over what could not be observed; a service that
    /// is paused on purpose is no trouble. Leave out what the deck calls optional.
    pub fn of(seen: impl IntoIterator<Item = Health>) -> Self {
        seen.into_iter().fold(Ending::Good, |ending, health| match (ending, health) {
            (_, Health::Unhealthy | Health::Degraded) | (Ending::Unhealthy, _) => Ending::Unhealthy,
            (_, Health::Unknown | Health::Stale) => Ending::Unknown,
            (_, Health::Healthy | Health::Paused) => ending,
        })
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        ExitCode::from(ending.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_its_numbers() {
        let codes: Vec<u8> = Ending::ALL.iter().map(|e| e.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn certain_trouble_wins_over_what_could_not_be_observed() {
        assert_eq!(Ending::of([Health::Unknown, Health::Degraded, Health::Stale]), Ending::Unhealthy);
        assert_eq!(Ending::of([Health::Healthy, Health::Unhealthy, Health::Healthy]), Ending::Unhealthy);
    }

    #[test]
    fn what_could_not_be_observed_is_never_good() {
        assert_eq!(Ending::of([Health::Healthy, Health::Stale]), Ending::Unknown);
        assert_eq!(Ending::of([Health::Unknown, Health::Paused]), Ending::Unknown);
    }

    #[test]
    fn healthy_and_paused_services_are_good() {
        assert_eq!(Ending::of([Health::Healthy, Health::Paused]), Ending::Good);
    }
}
