//! The child's side: one process that plays one service of the shop until the console is gone. It has one thread, its
//! timers are only those that the programme and its log need, and it writes its process id and its log.

mod answer;
mod console;
mod diary;
mod report;
mod state;
mod trace;
mod work;

use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinSet, LocalSet};

use self::console::Console;
use self::state::State;
use super::DemoError;
use super::call::loopback;
use super::shop::Role;
use super::wire::{Announcement, ServiceOptions};

/// More connections than this wait in the kernel's queue: a hung service must not grow without end.
const MOST_CONNECTIONS: usize = 64;

/// How a service's life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// The console is gone or told it to end.
    Told,
    /// By a crash fault.
    Crashed,
}

/// Plays a service until the console closes standard input or sends SIGTERM (exit code 0), or a crash fault hits
/// (exit code 1). Blocks; makes a runtime of its own, so it must not be called from within one.
pub fn serve(options: &ServiceOptions) -> Result<ExitCode, DemoError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(DemoError::System)?;
    let ending = LocalSet::new().block_on(&runtime, live(options));
    if let Err(fault) = &ending {
        console::announce(&Announcement::Fault(fault.to_string()))?;
    }
    Ok(match ending? {
        Ending::Told => ExitCode::SUCCESS,
        Ending::Crashed => ExitCode::FAILURE,
    })
}

async fn live(options: &ServiceOptions) -> Result<Ending, DemoError> {
    let role = Role::of(&options.environment, &options.service)
        .ok_or_else(|| DemoError::NoSuchService(format!("{}/{}", options.environment, options.service)))?;
    let mut console = Console::open()?;
    let mut terminate = signal(SignalKind::terminate()).map_err(DemoError::System)?;
    let bind = |source| DemoError::Bind { address: loopback(options.port), source };
    let listener = TcpListener::bind(loopback(options.port)).await.map_err(bind)?;
    let port = listener.local_addr().map_err(bind)?.port();
    console::announce(&Announcement::Port(port))?;
    let briefing = tokio::select! {
        briefing = console.briefing() => briefing?,
        _ = terminate.recv() => None,
    };
    let Some(briefing) = briefing else { return Ok(Ending::Told) };
    let state = Rc::new(State::new(&options.environment, role, &options.place, briefing));
    // Steps of runbooks end the process by it, as they would by the unit's name.
    std::fs::write(options.place.join("pid"), std::process::id().to_string()).map_err(DemoError::System)?;
    work::started(&state, port);
    let ending = tokio::select! {
        biased;
        () = console.gone() => Ending::Told,
        _ = terminate.recv() => Ending::Told,
        () = state.crashed() => Ending::Crashed,
        never = accept(&listener, &state) => match never {},
        never = work::watch(&state) => match never {},
        never = work::rounds(&state) => match never {},
    };
    work::ended(&state, ending == Ending::Crashed);
    Ok(ending)
}

async fn accept(listener: &TcpListener, state: &Rc<State>) -> std::convert::Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn_local(converse(stream, Rc::clone(state)));
                }
                // Out of file descriptors, or the caller left early: the next one may fare better.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

async fn converse(stream: TcpStream, state: Rc<State>) {
    let answer = service_fn(move |request| {
        let state = Rc::clone(&state);
        async move { Ok::<_, std::convert::Infallible>(answer::to(&state, &request).await) }
    });
    let mut server = http1::Builder::new();
    // A caller that leaves ends its conversation with an error, which concerns nobody.
    server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), answer).await.ok();
}
