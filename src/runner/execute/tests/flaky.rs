//! A link to this machine that fails at the call that it is told: before the call has an effect, or after it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::runner::Permit;
use crate::transport::{Argv, Copied, CopyError, Follow, Limits, Local, Output, Transport, TransportError};

/// The link. Clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Flaky {
    calls: Arc<AtomicUsize>,
    /// The call that fails, from 1; 0 for none.
    fails_at: Arc<AtomicUsize>,
    /// Whether it fails after it had its effect.
    late: bool,
    /// What acts with these words is not heard of once, after it had its effect.
    deaf_to: &'static str,
    was_deaf: Arc<AtomicBool>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Before,
    After,
}

impl Flaky {
    pub(super) fn at(call: usize, late: bool) -> Self {
        Self { calls: Arc::default(), fails_at: Arc::new(AtomicUsize::new(call)), late, ..Self::default() }
    }

    pub(super) fn deaf_to(words: &'static str) -> Self {
        Self { deaf_to: words, ..Self::default() }
    }

    /// Whether this is what is not heard of.
    fn is_deaf(&self, argv: &Argv) -> bool {
        let is_meant = !self.deaf_to.is_empty() && argv.arguments.iter().any(|word| word.contains(self.deaf_to));
        is_meant && !self.was_deaf.swap(true, Ordering::SeqCst)
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn fault(&self) -> Fault {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        match call == self.fails_at.load(Ordering::SeqCst) {
            false => Fault::None,
            true if self.late => Fault::After,
            true => Fault::Before,
        }
    }

    fn lost() -> TransportError {
        TransportError::Unreachable { place: "h0".into(), why: "the link was cut".into() }
    }

    async fn through<T>(&self, call: impl Future<Output = Result<T, TransportError>>) -> Result<T, TransportError> {
        let fault = self.fault();
        if fault == Fault::Before {
            return Err(Self::lost());
        }
        let answer = call.await;
        if fault == Fault::After { Err(Self::lost()) } else { answer }
    }
}

impl Transport for Flaky {
    fn place(&self) -> &'static str {
        "h0"
    }

    fn read<'a>(&'a self, argv: &'a Argv, limits: Limits) -> BoxFuture<'a, Result<Output, TransportError>> {
        self.through(Local.read(argv, limits)).boxed()
    }

    fn follow<'a>(&'a self, argv: &'a Argv, limit: Duration) -> BoxFuture<'a, Result<Box<dyn Follow>, TransportError>> {
        self.through(Local.follow(argv, limit)).boxed()
    }

    fn launch<'a>(
        &'a self,
        permit: &'a Permit,
        argv: &'a Argv,
        input: &'a [u8],
        limit: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn Follow>, TransportError>> {
        self.through(Local.launch(permit, argv, input, limit)).boxed()
    }

    fn act<'a>(
        &'a self,
        permit: &'a Permit,
        argv: &'a Argv,
        input: &'a [u8],
        limits: Limits,
    ) -> BoxFuture<'a, Result<Output, TransportError>> {
        let is_deaf = self.is_deaf(argv);
        let call = self.through(Local.act(permit, argv, input, limits));
        async move {
            let answer = call.await;
            if is_deaf { Err(Self::lost()) } else { answer }
        }
        .boxed()
    }

    fn copy<'a>(&'a self, permit: &'a Permit, from: &'a Path, to: &'a str) -> BoxFuture<'a, Result<Copied, CopyError>> {
        Local.copy(permit, from, to)
    }
}
