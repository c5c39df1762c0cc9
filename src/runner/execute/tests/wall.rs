//! A console that stops dead at a line of its journal: the line is written, and nothing that it announces is begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::rig::{LONG, Rig};
use crate::model::run::Entry;
use crate::model::{Plan, RunId, Text};
use crate::runner::execute::{RunEnd, RunHandle, Witness};
use crate::runner::journal::is_driven;
use crate::runner::machine::Task;

/// Where it stops, and the way to let go of what is stopped there.
#[derive(Clone)]
pub(super) struct Wall {
    line: u64,
    reached: Arc<watch::Sender<bool>>,
    /// 0 while it holds.
    open: Arc<AtomicU64>,
}

struct Stops(Arc<dyn Witness>, Wall);

impl Witness for Stops {
    fn intent(&self, at: jiff::Timestamp, run: &RunId, plan: &Plan, task: &Task, text: &str) -> Result<(), Text> {
        self.0.intent(at, run, plan, task, text)
    }

    #[expect(clippy::disallowed_methods, reason = "a witness blocks, off the loop")]
    fn told(&self, run: &RunId, plan: &Plan, entries: &[Entry]) -> Result<(), Text> {
        self.0.told(run, plan, entries)?;
        if entries.iter().any(|entry| entry.number == self.1.line) {
            self.1.reached.send_replace(true);
            while self.1.open.load(Ordering::SeqCst) == 0 {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        Ok(())
    }
}

impl Wall {
    /// Waits until it is reached; false when the run ended before.
    pub(super) async fn is_reached(&self, end: &JoinHandle<RunEnd>) -> bool {
        let mut reached = self.reached.subscribe();
        let waiting = async {
            while !*reached.borrow_and_update() && !end.is_finished() {
                tokio::time::timeout(Duration::from_millis(20), reached.changed()).await.ok();
            }
        };
        tokio::time::timeout(LONG, waiting).await.unwrap();
        *self.reached.borrow()
    }
}

impl Rig {
    /// Starts a run whose console stops at this line.
    pub(super) async fn start_to(&self, line: u64) -> (RunHandle, Wall) {
        let wall = Wall { line, reached: Arc::new(watch::channel(false).0), open: Arc::default() };
        let mut runner = self.runner(256);
        runner.witness = Arc::new(Stops(Arc::clone(&runner.witness), wall.clone()));
        (self.start(&runner).await, wall)
    }
}

/// The console dies: nothing is given back, nothing more is said.
pub(super) async fn die(rig: &Rig, handle: RunHandle, wall: Wall) {
    handle.end.abort();
    handle.end.await.ok();
    wall.open.store(1, Ordering::SeqCst);
    while is_driven(&rig.state(), &handle.id) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
