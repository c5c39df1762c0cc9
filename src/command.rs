//! The one table of commands. The enum, the palette, the help screen, the check of keymaps and the README are made
//! from it. A command takes no argument: it acts on what is selected or marked, and the palette says on what.

use std::fmt;
use std::str::FromStr;

/// Where a command means something. Keys are looked up in the scope of the focused pane, then in `Global`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everywhere but while text is typed.
    Global,
    /// In every list and scrolled text.
    List,
    /// In the services pane and the detail of a service.
    Service,
    /// On a host: the chosen one in the environments pane, elsewhere the one that the service runs on.
    Host,
    /// In the logs pane.
    Logs,
    /// On a plan, and wherever something must be said yes or no to.
    Plan,
    /// In a run, in the list of runs and in the list of locks.
    Run,
    /// While text is typed (palette, filter, forms).
    Input,
    /// In `qd demo` alone.
    Demo,
}

impl Scope {
    /// Every scope, in the order of the help screen.
    pub const ALL: [Scope; 9] = [
        Scope::Global,
        Scope::List,
        Scope::Service,
        Scope::Host,
        Scope::Logs,
        Scope::Plan,
        Scope::Run,
        Scope::Input,
        Scope::Demo,
    ];

    /// The table name used in keymaps.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Global => "global",
            Scope::List => "list",
            Scope::Service => "service",
            Scope::Host => "host",
            Scope::Logs => "logs",
            Scope::Plan => "plan",
            Scope::Run => "run",
            Scope::Input => "input",
            Scope::Demo => "demo",
        }
    }
}

/// What a command can do to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Changes what this console shows.
    Looks,
    /// Changes what this console observes.
    Observes,
    /// Decides about what this console was let start: a run can be stopped even after its environment was disarmed. Taken
    /// away by `--read-only`.
    Decides,
    /// Changes something outside. Taken away by `--read-only`, and in protected environments until they are armed.
    Acts,
}

impl Risk {
    /// The word used in help.
    pub fn word(self) -> &'static str {
        match self {
            Risk::Looks => "looks",
            Risk::Observes => "observes",
            Risk::Decides => "decides",
            Risk::Acts => "acts",
        }
    }
}

macro_rules! commands {
    ($($variant:ident $name:literal $scope:ident $risk:ident $doc:literal;)*) => {
        /// A wish of the operator.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Command {
            $(#[doc = $doc] $variant,)*
        }

        impl Command {
            /// Every command, in the order of the help screen.
            pub const ALL: &'static [Command] = &[$(Command::$variant,)*];

            /// The name used in keymaps and in the palette.
            pub fn name(self) -> &'static str {
                match self { $(Command::$variant => $name,)* }
            }

            /// What it does, in one line.
            pub fn doc(self) -> &'static str {
                match self { $(Command::$variant => $doc,)* }
            }

            /// Where it means something.
            pub fn scope(self) -> Scope {
                match self { $(Command::$variant => Scope::$scope,)* }
            }

            /// What it can do to the world.
            pub fn risk(self) -> Risk {
                match self { $(Command::$variant => Risk::$risk,)* }
            }
        }
    };
}

commands! {
    Quit "quit" Global Looks "Leave the console";
    Suspend "suspend" Global Looks "Put the console in the background of the shell";
    Help "help" Global Looks "Show every key that works here";
    Palette "palette" Global Looks "Find and run a command by name";
    Faults "faults" Global Looks "Show what is wrong in the deck, the theme or the keymap";
    Reload "reload" Global Looks "Read the deck again now";
    Environments "environments" Global Looks "Go to the environments pane";
    Services "services" Global Looks "Go to the services pane";
    Detail "detail" Global Looks "Go to the detail of the selected service";
    Logs "logs" Global Looks "Go to the logs of the selected service";
    Runs "runs" Global Looks "Go to the runs: those that go on and those on record";
    Locks "locks" Global Looks "Show who holds what in this environment, and what was left unfinished";
    Audit "audit" Global Looks "Show the newest lines of the audit log";
    Arm "arm" Global Observes "Allow acting in a protected environment for a while, or end that";
    NextPane "next-pane" Global Looks "Go to the next pane";
    PreviousPane "previous-pane" Global Looks "Go to the previous pane";
    NextEnvironment "next-environment" Global Looks "Select the next environment";
    PreviousEnvironment "previous-environment" Global Looks "Select the previous environment";
    NextTrouble "next-trouble" Global Looks "Select the next service that is not healthy, in any environment";
    Zoom "zoom" Global Looks "Give the focused pane the whole screen, or take it back";
    Back "back" Global Looks "Close what is open, drop the marks or the filter, or go back a pane";
    Theme "theme" Global Looks "Choose a theme";
    Keymap "keymap" Global Looks "Choose a keymap";
    Times "times" Global Looks "Show times in the environment's zone, in UTC or in the local zone";
    Redraw "redraw" Global Looks "Draw the whole screen anew";
    Up "up" List Looks "One line up";
    Down "down" List Looks "One line down";
    PageUp "page-up" List Looks "One page up";
    PageDown "page-down" List Looks "One page down";
    First "first" List Looks "To the first line";
    Last "last" List Looks "To the last line";
    Open "open" List Looks "Open what is selected";
    Filter "filter" List Looks "Show only the lines that match: text, !not, ~fuzzy, health:unhealthy";
    Sort "sort" List Looks "Order by worst first, by name, by latency or as in the deck";
    Mark "mark" List Looks "Mark or unmark the line and go on to the next";
    MarkAll "mark-all" List Looks "Mark every line shown, or unmark all";
    Copy "copy" List Looks "Copy what is selected or marked to the clipboard of the terminal";
    ProbeNow "probe-now" Service Observes "Probe the selected or marked services now";
    Pause "pause" Service Observes "Pause the probes of the selected or marked services in this console, or go on";
    CopyAnswer "copy-answer" Service Looks "Copy the raw last answer of the selected probe";
    Runbooks "runbooks" Service Looks "Choose a runbook for the selected service and plan it";
    Shell "shell" Host Acts "Open a shell on the host";
    Reconnect "reconnect" Host Observes "Connect to the host again now";
    Answer "answer" Host Observes "Answer what a host asks: trust its key, or unlock the key file";
    Forward "forward" Host Observes "Forward a local port through the host: forward 15672 vps";
    Forwards "forwards" Host Looks "Show the forwarded ports";
    CloseForward "close-forward" Host Observes "Close the chosen forwarded port";
    FollowLogs "follow-logs" Logs Looks "Follow what is written from now on";
    AllLogs "all-logs" Logs Looks "Show all logs of the environment, or those of the service alone";
    ChooseLogs "choose-logs" Logs Looks "Show how each log stands, and leave some out";
    Search "search" Logs Looks "Look for a text and keep what is around it";
    NextMatch "next-match" Logs Looks "To the next line with what was searched for";
    PreviousMatch "previous-match" Logs Looks "To the line before with what was searched for";
    NextError "next-error" Logs Looks "To the next error";
    PreviousError "previous-error" Logs Looks "To the error before";
    NextWarning "next-warning" Logs Looks "To the next warning or error";
    PreviousWarning "previous-warning" Logs Looks "To the warning or error before";
    NextNew "next-new" Logs Looks "To the next warning or error of a kind that was not heard before";
    PreviousNew "previous-new" Logs Looks "To the one of a new kind before";
    GoToTime "go-to-time" Logs Looks "Go to a time: 14:30, 15m; nothing is when the service became as it is";
    Trace "trace" Logs Looks "Show what all logs say of the line's correlation id, or go back";
    NextMark "next-mark" Logs Looks "To the next marked line";
    PreviousMark "previous-mark" Logs Looks "To the marked line before";
    Note "note" Logs Looks "Write a note about the line";
    MoreContext "more-context" Logs Looks "Show a line more around those that pass the filter";
    LessContext "less-context" Logs Looks "Show a line less around those that pass the filter";
    RaiseLevel "raise-level" Logs Looks "Show only what is worse";
    LowerLevel "lower-level" Logs Looks "Show also what is less bad";
    Wrap "wrap" Logs Looks "Let long lines go on below, or scroll to the right";
    Raw "raw" Logs Looks "Show lines as they came, or taken apart";
    Bars "bars" Logs Looks "Show how many lines of which level there are over time, or not";
    ScrollLeft "scroll-left" Logs Looks "Scroll long lines back";
    ScrollRight "scroll-right" Logs Looks "Scroll to the rest of long lines";
    CopyVisible "copy-visible" Logs Looks "Copy the lines on the screen to the clipboard of the terminal";
    SaveLogs "save-logs" Logs Looks "Save what the servers have from one time to another in a file";
    Confirm "confirm" Plan Decides "Say yes";
    Decline "decline" Plan Looks "Say no and leave";
    NextField "next-field" Plan Looks "Go to the next field";
    PreviousField "previous-field" Plan Looks "Go to the previous field";
    ShowText "show-text" Plan Looks "Show the full text of the chosen step, and what the runbook says about it";
    Replan "replan" Plan Looks "Make the plan again from what is so now";
    Drain "drain" Run Decides "Begin nothing more; what runs may end";
    Interrupt "interrupt" Run Decides "End what runs, after asking";
    Detach "detach" Run Decides "Leave the run alone: what runs goes on, nothing more begins";
    StopRun "stop-run" Run Looks "Choose how to stop the run: drain, interrupt or detach";
    ShowOutput "show-output" Run Looks "Give the output the whole screen, or take it back";
    Follow "follow" Run Looks "Follow what runs and what it prints";
    FindNext "find-next" Run Looks "To the line before that holds what was searched for";
    GoOn "go-on" Run Decides "Answer a run: go on";
    Retry "retry" Run Decides "Answer a run: try the step again where it failed";
    Skip "skip" Run Decides "Answer a run: leave the step out, with a reason";
    MarkDone "mark-done" Run Decides "Answer a run: the step was done otherwise, with a reason";
    Undo "undo" Run Decides "Answer a run: take back what it changed";
    OnFailure "on-failure" Run Decides "Answer a run: give it up and start the runbook for failures";
    GiveUp "give-up" Run Decides "Answer a run: give it up";
    Continue "continue" Run Acts "Go on with the chosen run, which was interrupted";
    BreakLock "break-lock" Run Acts "Break the chosen lock, with a reason";
    Accept "accept" Input Looks "Take what is typed or chosen";
    Cancel "cancel" Input Looks "Leave without taking it";
    Complete "complete" Input Looks "Complete from the chosen line";
    InputUp "input-up" Input Looks "Choose the line above";
    InputDown "input-down" Input Looks "Choose the line below";
    CursorLeft "cursor-left" Input Looks "One character left";
    CursorRight "cursor-right" Input Looks "One character right";
    CursorStart "cursor-start" Input Looks "To the start of the text";
    CursorEnd "cursor-end" Input Looks "To the end of the text";
    DeleteBack "delete-back" Input Looks "Delete the character before the cursor";
    DeleteForward "delete-forward" Input Looks "Delete the character under the cursor";
    DeleteWord "delete-word" Input Looks "Delete the word before the cursor";
    DeleteAll "delete-all" Input Looks "Delete the whole text";
    DemoCrash "demo-crash" Demo Acts "Crash the selected demo service; it is started again after a while";
    DemoSlow "demo-slow" Demo Acts "Make the selected demo service slow";
    DemoHang "demo-hang" Demo Acts "Make the selected demo service accept and never answer";
    DemoDegrade "demo-degrade" Demo Acts "Make the selected demo service report itself degraded";
    DemoRecover "demo-recover" Demo Acts "End the fault of the selected demo service";
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// There is no command of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such command")]
pub struct UnknownCommand;

impl FromStr for Command {
    type Err = UnknownCommand;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Command::ALL.iter().copied().find(|c| c.name() == name).ok_or(UnknownCommand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_by_its_name_and_names_are_unique() {
        for command in Command::ALL {
            assert_eq!(command.name().parse(), Ok(*command));
        }
    }

    #[test]
    fn docs_are_one_line_that_starts_with_a_capital_and_has_no_full_stop() {
        for command in Command::ALL {
            let doc = command.doc();
            assert!(doc.starts_with(char::is_uppercase) && !doc.ends_with('.') && doc.len() < 90, "{doc}");
        }
    }
}
