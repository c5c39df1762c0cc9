//! Glances that come within a moment, made one script. Commands that differ only in their last word and may be asked for
//! several at once (units of `systemctl show`) become one command.

use std::sync::{PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::Remote;
use crate::transport::{Argv, Exit, Limits, Output, TransportError};

/// How long the first one waits for others. Probes of one host look in step, a few milliseconds apart.
const MOMENT: Duration = Duration::from_millis(25);
/// Commands in one script.
const MOST: usize = 200;

type Answer = Result<Output, TransportError>;

/// Glances that wait for their moment.
pub struct Batch {
    remote: Weak<Remote>,
    waiting: RwLock<Vec<Glance>>,
}

struct Glance {
    argv: Argv,
    limits: Limits,
    reply: oneshot::Sender<Answer>,
}

impl Batch {
    /// None waits yet.
    pub fn new(remote: Weak<Remote>) -> Self {
        Self { remote, waiting: RwLock::default() }
    }

    /// Waits for the moment and the answer.
    pub async fn join(&self, argv: Argv, limits: Limits) -> Answer {
        let (reply, answer) = oneshot::channel();
        let first = {
            let mut waiting = self.waiting.write().unwrap_or_else(PoisonError::into_inner);
            waiting.push(Glance { argv, limits, reply });
            waiting.len() == 1
        };
        if first && let Some(remote) = self.remote.upgrade() {
            // A task of its own: who came first may be gone before the moment is over.
            tokio::spawn(async move {
                sleep(MOMENT).await;
                let due = std::mem::take(&mut *remote.batch.waiting.write().unwrap_or_else(PoisonError::into_inner));
                let due: Vec<Glance> = due.into_iter().filter(|g| !g.reply.is_closed()).collect();
                let mut due = due.into_iter();
                loop {
                    let some: Vec<Glance> = due.by_ref().take(MOST).collect();
                    if some.is_empty() {
                        break;
                    }
                    answer_all(&remote, some).await;
                }
            });
        }
        answer.await.unwrap_or(Err(TransportError::TimedOut { after: limits.timeout }))
    }
}

/// A command and who waits for it, one or several.
struct Group {
    argv: Argv,
    limits: Limits,
    members: Vec<Glance>,
}

async fn answer_all(remote: &Remote, glances: Vec<Glance>) {
    let mut groups = grouped(glances);
    let mut apart = Vec::new();
    {
        let commands: Vec<(Argv, Limits)> = groups.iter().map(|g| (g.argv.clone(), g.limits)).collect();
        let commands: Vec<(&Argv, Limits)> = commands.iter().map(|(argv, limits)| (argv, *limits)).collect();
        let run = remote.run(&commands, |at, answer| {
            let Some(group) = groups.get_mut(at) else { return };
            let members = std::mem::take(&mut group.members);
            apart.extend(deal(members, answer));
        });
        run.await;
    }
    // What could not be told apart is asked for one by one.
    for glance in apart {
        let mut answer = None;
        remote.run(&[(&glance.argv, glance.limits)], |_, output| answer = Some(output)).await;
        if let Some(answer) = answer {
            glance.reply.send(answer).ok();
        }
    }
}

fn grouped(glances: Vec<Glance>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for glance in glances {
        let same = |group: &&mut Group| group.argv.joins && is_alike(&group.members, &glance.argv);
        match groups.iter_mut().find(same) {
            Some(group) => {
                group.argv.arguments.extend(glance.argv.arguments.last().cloned());
                group.limits.timeout = group.limits.timeout.max(glance.limits.timeout);
                group.limits.most_bytes = group.limits.most_bytes.saturating_add(glance.limits.most_bytes);
                group.members.push(glance);
            }
            None => groups.push(Group { argv: glance.argv.clone(), limits: glance.limits, members: vec![glance] }),
        }
    }
    groups
}

/// Whether a command differs from those of a group in its last word alone.
fn is_alike(members: &[Glance], argv: &Argv) -> bool {
    let Some(first) = members.first().map(|m| &m.argv) else { return false };
    let but_last = |a: &Argv| a.arguments.split_last().map(|(_, before)| before.to_vec());
    argv.joins
        && (&first.program, &first.env, &first.folder) == (&argv.program, &argv.env, &argv.folder)
        && but_last(first) == but_last(argv)
        && members.iter().all(|m| m.argv.arguments.last() != argv.arguments.last())
}

/// Gives each member its share; returns those whose share cannot be told.
fn deal(members: Vec<Glance>, answer: Answer) -> Vec<Glance> {
    let output = match answer {
        Ok(output) if members.len() > 1 => output,
        answer => {
            let mut left = members;
            let last = left.pop();
            for member in left {
                member.reply.send(copy(&answer)).ok();
            }
            if let Some(last) = last {
                // Nobody may be waiting any more.
                last.reply.send(answer).ok();
            }
            return Vec::new();
        }
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let shares: Vec<&str> = text.trim_end_matches('\n').split("\n\n").collect();
    if output.exit != Exit::Code(0) || shares.len() != members.len() || output.truncated {
        return members;
    }
    for (member, share) in members.into_iter().zip(shares) {
        let share = Output { stdout: format!("{share}\n").into_bytes(), ..output.clone() };
        member.reply.send(Ok(share)).ok();
    }
    Vec::new()
}

fn copy(answer: &Answer) -> Answer {
    match answer {
        Ok(output) => Ok(output.clone()),
        Err(error) => Err(error.again()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance(unit: &str) -> (Glance, oneshot::Receiver<Answer>) {
        let (reply, answer) = oneshot::channel();
        let mut argv = Argv::new("systemctl", ["show", "--", unit]);
        argv.joins = true;
        (Glance { argv, limits: Limits { timeout: Duration::from_secs(1), most_bytes: 100 }, reply }, answer)
    }

    fn said(text: &str, code: i32) -> Output {
        let exit = Exit::Code(code);
        Output { exit, stdout: text.into(), stderr: Vec::new(), truncated: false, took: Duration::ZERO }
    }

    #[test]
    fn units_asked_for_alike_become_one_command_and_each_gets_its_own_answer() {
        let ((one, mut first), (two, mut second)) = (glance("a.service"), glance("b.service"));
        let groups = grouped(vec![one, two]);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].argv.to_string(), "systemctl show -- a.service b.service");
        let members = groups.into_iter().next().unwrap().members;
        assert!(deal(members, Ok(said("Id=a.service\nX=1\n\nId=b.service\nX=2\n", 0))).is_empty());
        assert_eq!(first.try_recv().unwrap().unwrap().stdout, b"Id=a.service\nX=1\n");
        assert_eq!(second.try_recv().unwrap().unwrap().stdout, b"Id=b.service\nX=2\n");
    }

    #[test]
    fn an_answer_that_cannot_be_dealt_out_is_asked_for_again_one_by_one() {
        for odd in [said("Id=a.service\n", 0), said("Id=a\n\nId=b\n", 1)] {
            let ((one, _first), (two, _second)) = (glance("a.service"), glance("b.service"));
            let members = grouped(vec![one, two]).into_iter().next().unwrap().members;
            assert_eq!(deal(members, Ok(odd)).len(), 2);
        }
    }

    #[test]
    fn other_commands_and_the_same_unit_twice_stay_apart() {
        let ((one, _a), (two, _b), (mut three, _c)) = (glance("a.service"), glance("a.service"), glance("b.service"));
        three.argv.env = vec![("TZ".into(), "UTC".into())];
        assert_eq!(grouped(vec![one, two, three]).len(), 3);
    }
}
