//! News of a run, on their way to whoever looks. A run never waits for its reader: entries are few and small and are all
//! kept for one who comes back, output that finds no room is left out by who printed it, and counted there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use crate::store::Event;

/// Tells news. Clones tell the same reader; the reader's end comes when the last is dropped.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    queue: mpsc::UnboundedSender<Event>,
    /// Batches of output in the queue.
    open: Arc<AtomicUsize>,
    room: usize,
}

impl Teller {
    /// With room for so many batches of output that were not taken yet.
    #[expect(
        clippy::disallowed_methods,
        reason = "entries are few, must not be lost and must not hold a run up; output, which is much, is bounded by `open`"
    )]
    pub(super) fn new(room: usize) -> (Self, mpsc::Receiver<Event>) {
        let (queue, mut queued) = mpsc::unbounded_channel();
        let (out, news) = mpsc::channel(room);
        let open = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&open);
        tokio::spawn(async move {
            while let Some(event) = queued.recv().await {
                let is_output = matches!(event, Event::RunPrinted { .. });
                if out.send(event).await.is_err() {
                    return;
                }
                if is_output {
                    counted.fetch_sub(1, Ordering::Relaxed);
                }
            }
        });
        (Self { queue, open, room }, news)
    }

    /// Tells what must not be lost.
    pub(super) fn tell(&self, event: Event) {
        if matches!(event, Event::RunPrinted { .. }) {
            self.open.fetch_add(1, Ordering::Relaxed);
        }
        // A reader that is gone for good needs nothing.
        self.queue.send(event).ok();
    }

    /// Whether there is room for output.
    pub(super) fn has_room(&self) -> bool {
        self.open.load(Ordering::Relaxed) < self.room
    }
}
