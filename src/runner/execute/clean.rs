//! Secrets out of what effects report to the machine: every word of it goes into the journal, onto the audit log, to the
//! mirror and to whoever looks.

use crate::model::Text;
use crate::runner::machine::{How, Input, TaskEnd};
use crate::runner::redact::Redactor;

/// The same, without secrets.
pub(super) fn clean(input: Input, redactor: &Redactor) -> Input {
    if redactor.is_empty() {
        return input;
    }
    let text = |words: Text| Text::from(redactor.text(words.as_str()));
    let all = |words: Vec<Text>| words.into_iter().map(text).collect();
    match input {
        Input::LockRefused(why) => Input::LockRefused(text(why)),
        Input::Required(failed) => Input::Required(all(failed)),
        Input::Found(versions) => Input::Found(all(versions)),
        Input::Marked(answer) => Input::Marked(answer.map_err(text)),
        Input::Ended(task, end) => {
            let (how, survivors) = (cleaned(end.how, redactor), all(end.survivors));
            Input::Ended(task, TaskEnd { how, survivors, ..end })
        }
        Input::Lost(task, why) => Input::Lost(task, text(why)),
        Input::FateHidden(task, why) => Input::FateHidden(task, text(why)),
        Input::Verified(key, answer) => Input::Verified(key, answer.map_err(text)),
        Input::LockLost(why) => Input::LockLost(text(why)),
        Input::Recorded(answer) => Input::Recorded(answer.map(text).map_err(text)),
        Input::Cleaned(answer) => Input::Cleaned(answer.map_err(text)),
        Input::Released(answer) => Input::Released(answer.map_err(text)),
        Input::Answer { asked, choice, reason, by } => Input::Answer { asked, choice, reason: reason.map(text), by },
        Input::JournalBroken(why) => Input::JournalBroken(text(why)),
        Input::Begin
        | Input::Locked(_)
        | Input::Started(..)
        | Input::FateKnown(..)
        | Input::Tick { .. }
        | Input::Drain(_)
        | Input::Interrupt { .. }
        | Input::Detach => input,
    }
}

fn cleaned(how: How, redactor: &Redactor) -> How {
    let text = |words: Text| Text::from(redactor.text(words.as_str()));
    match how {
        How::Failed(why) => How::Failed(text(why)),
        How::Refused(why) => How::Refused(text(why)),
        How::LockLost(why) => How::LockLost(text(why)),
        How::Unknown(why) => How::Unknown(text(why)),
        How::Ok | How::TimedOut | How::Cancelled => how,
    }
}
