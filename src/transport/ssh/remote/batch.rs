//! Glances that come within a moment, made one script. Commands that differ only in their last word and may be asked for
//! several at once (units of `systemctl show`) become one command.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::{Halt, Remote};
use crate::transport::{Argv, Exit, Limits, Output, TransportError};

/// How long the first one waits for others. Probes of one host look in step, a few milliseconds apart.
const MOMENT: Duration = Duration::from_millis(25);
/// Commands in one script.
const MOST: usize = 200;
/// A glance that takes longer holds the others up no more.
const STALL: Duration = Duration::from_millis(700);
/// How often a batch is split for that: a host on which everything is slow must not get a command for each.
const MOST_SPLITS: u32 = 3;
/// At the same time, when glances are asked for one by one.
const ONE_BY_ONE: usize = 4;

type Answer = Result<Output, TransportError>;

/// Glances that wait for their moment.
pub struct Batch {
    remote: Weak<Remote>,
    waiting: RwLock<Vec<Glance>>,
}

struct Glance {
    argv: Argv,
    limits: Limits,
    until: Instant,
    reply: oneshot::Sender<Answer>,
}

impl Batch {
    /// None waits yet.
    pub fn new(remote: Weak<Remote>) -> Self {
        Self { remote, waiting: RwLock::default() }
    }

    /// Waits for the moment and the answer, never longer than the limit: the others' limits are not its own.
    pub async fn join(&self, argv: Argv, limits: Limits) -> Answer {
        let Some(remote) = self.remote.upgrade() else {
            return Err(TransportError::TimedOut { after: limits.timeout });
        };
        let (reply, answer) = oneshot::channel();
        let until = Instant::now() + limits.timeout;
        let first = {
            let mut waiting = lock(&self.waiting);
            waiting.push(Glance { argv, limits, until, reply });
            waiting.len() == 1
        };
        if first {
            let remote = Arc::clone(&remote);
            // A task of its own: who came first may be gone before the moment is over.
            tokio::spawn(async move {
                sleep(MOMENT).await;
                let due = std::mem::take(&mut *lock(&remote.batch.waiting));
                let mut due = due.into_iter();
                loop {
                    let some: Vec<Glance> = due.by_ref().take(MOST).collect();
                    if some.is_empty() {
                        break;
                    }
                    tokio::spawn(answer_all(Arc::clone(&remote), some, 0));
                }
            });
        }
        // Those who answer know better words, so they come first.
        match timeout_at(until + MOMENT * 2, answer).await {
            Ok(Ok(Err(TransportError::TimedOut { .. })) | Err(_)) | Err(_) => {
                Err(remote.tell(Halt::Late, limits.timeout))
            }
            Ok(Ok(answer)) => answer,
        }
    }
}

/// A command and who waits for it, one or several.
struct Group {
    argv: Argv,
    limits: Limits,
    until: Instant,
    members: Vec<Glance>,
}

/// Runs glances as one script. When one of them takes its time, those after it are run apart, so that it holds up itself
/// alone; they only look, so it does no harm if the script has begun with them.
fn answer_all(remote: Arc<Remote>, mut glances: Vec<Glance>, splits: u32) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        glances.retain(|g| !g.reply.is_closed());
        let Some(until) = glances.iter().map(|g| g.until).max() else { return };
        // A host that is still being connected to is not slow at answering; why there is none, the run says.
        remote.keeper.line(until).await.ok();
        let groups = grouped(glances);
        let now = Instant::now();
        let left = |g: &Group| Limits { timeout: g.until.saturating_duration_since(now), ..g.limits };
        let commands: Vec<(Argv, Limits)> = groups.iter().map(|g| (g.argv.clone(), left(g))).collect();
        let commands: Vec<(&Argv, Limits)> = commands.iter().map(|(argv, limits)| (argv, *limits)).collect();
        let (groups, apart, given) = (RwLock::new(groups), RwLock::new(Vec::new()), watch::Sender::new(0));
        {
            let run = remote.run(&commands, |at, answer| {
                let members = lock(&groups).get_mut(at).map(|group| std::mem::take(&mut group.members));
                lock(&apart).extend(deal(members.unwrap_or_default(), answer));
                given.send_replace(at + 1);
            });
            tokio::pin!(run);
            let may_split = splits < MOST_SPLITS && commands.len() > 1;
            let stalled = tokio::select! {
                () = &mut run => None,
                at = stall(&given, commands.len()), if may_split => Some(at),
            };
            if let Some(at) = stalled {
                let rest: Vec<Group> = lock(&groups).drain(at + 1..).collect();
                let rest = rest.into_iter().flat_map(|g| g.members).collect();
                tokio::spawn(answer_all(Arc::clone(&remote), rest, splits + 1));
                let end = lock(&groups).get(at).map_or(until, |g| g.until);
                let mut seen = given.subscribe();
                tokio::select! {
                    () = &mut run => {}
                    _ = seen.wait_for(|given| *given > at) => {}
                    () = sleep_until(end) => {}
                }
            }
        }
        // What could not be told apart is asked for one by one.
        let apart = apart.into_inner().unwrap_or_else(PoisonError::into_inner);
        let remote = &remote;
        let asked = futures::stream::iter(apart).for_each_concurrent(ONE_BY_ONE, |glance| async move {
            let limits = Limits { timeout: glance.until.saturating_duration_since(Instant::now()), ..glance.limits };
            let mut answer = None;
            remote.run(&[(&glance.argv, limits)], |_, output| answer = Some(output)).await;
            if let Some(answer) = answer {
                glance.reply.send(answer).ok();
            }
        });
        asked.await;
    })
}

/// Which command takes its time while others wait for their turn.
async fn stall(given: &watch::Sender<usize>, count: usize) -> usize {
    let mut seen = given.subscribe();
    loop {
        let at = *seen.borrow_and_update();
        if at + 1 >= count {
            return std::future::pending().await;
        }
        if timeout(STALL, seen.changed()).await.is_err() {
            return at;
        }
    }
}

/// The locks here are held for an instant, and nothing under them can panic.
fn lock<T>(shared: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    shared.write().unwrap_or_else(PoisonError::into_inner)
}

fn grouped(glances: Vec<Glance>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for glance in glances {
        let same = |group: &&mut Group| group.argv.joins && is_alike(&group.members, &glance.argv);
        match groups.iter_mut().find(same) {
            Some(group) => {
                group.argv.arguments.extend(glance.argv.arguments.last().cloned());
                group.until = group.until.max(glance.until);
                group.limits.most_bytes = group.limits.most_bytes.saturating_add(glance.limits.most_bytes);
                group.members.push(glance);
            }
            None => groups.push(Group {
                argv: glance.argv.clone(),
                limits: glance.limits,
                until: glance.until,
                members: vec![glance],
            }),
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
        let until = Instant::now();
        (Glance { argv, limits: Limits { timeout: Duration::from_secs(1), most_bytes: 100 }, until, reply }, answer)
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
