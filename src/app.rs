//! The loop. It alone holds the store and what the operator chose; facts come in over bounded channels, effects go
//! out. One biased `select!`: signals, then keys, then facts, then the frame that is due. Nothing in it waits for
//! anything else.

pub mod acting;
pub mod clock;
mod effect;
mod frame;
mod host;
mod inbox;
mod logs;
pub mod look;
mod reload;
mod shell;
pub mod terminal;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::config::{Deck, Loaded};
use crate::demo::Switchboard;
use crate::keymap::Keymap;
use crate::source::{Supervisor, Surroundings};
use crate::store::{Changed, Event, Store};
use crate::theme::Theme;
use crate::transport::ssh::forwarding::Forwardings;
use crate::ui::pane::environments::plural;
use crate::ui::{self, Ui, View};

pub use clock::Now;
use frame::Pacer;
pub use look::Look;
use terminal::Screen;

/// Facts that may wait for the loop; sources wait when there are more.
const EVENTS: usize = 1024;
/// Facts taken in before the screen is looked at again.
const BATCH: usize = 256;

/// Wall clock and timers drift apart by less than this unless the machine slept (or the clock was set forward).
const NAP: Duration = Duration::from_secs(30);

/// What the console is started with.
pub struct Options {
    /// The deck as loaded.
    pub loaded: Loaded,
    /// Where it lies, to be watched; none when it lives in memory.
    pub path: Option<PathBuf>,
    /// What the operator chose before the start.
    pub ui: Ui,
    /// Themes and keymaps.
    pub look: Look,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// How many MiB of log lines are held.
    pub log_memory: usize,
    /// Brings faults about in the demo.
    pub demo: Option<Switchboard>,
    /// Who acts.
    pub actor: acting::Actor,
}

/// What is told after leaving.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Frames drawn.
    pub frames: u64,
    /// Facts taken in.
    pub events: u64,
}

/// The console while it runs.
struct App {
    store: Store,
    ui: Ui,
    theme: Theme,
    keymap: Keymap,
    look: Look,
    clock: Now,
    deck: Option<Arc<Deck>>,
    acts: acting::Acts,
    path: Option<PathBuf>,
    supervisor: Supervisor,
    screen: Screen,
    pacer: Pacer,
    reloads: mpsc::Sender<Loaded>,
    notes: mpsc::Sender<String>,
    demo: Option<Switchboard>,
    /// How the terminal is read.
    keys: inbox::Keys,
    /// The shell that has the terminal.
    shell: Option<shell::Shell>,
    shells: mpsc::Sender<shell::News>,
    /// The number of the last shell asked for, and the one that is awaited.
    shell_number: u64,
    opening: Option<u64>,
    forwardings: Forwardings,
    following: logs::Following,
    report: Report,
    /// When the last frame was drawn, by the wall clock and by the timers.
    drawn: Option<(Timestamp, Instant)>,
    leaving: bool,
}

/// What comes in over channels.
struct Inlets {
    events: mpsc::Receiver<Event>,
    reloaded: mpsc::Receiver<Loaded>,
    noted: mpsc::Receiver<String>,
    shells: mpsc::Receiver<shell::News>,
    acts: mpsc::Receiver<acting::News>,
    forwards: watch::Receiver<u64>,
    inputs: mpsc::Receiver<inbox::Input>,
    logs: mpsc::Receiver<logs::News>,
    signals: inbox::Signals,
}

/// Runs the console until the operator leaves or a signal ends it.
pub async fn run(options: Options) -> io::Result<Report> {
    let (mut app, mut inlets) = App::start(options)?;
    // Probes start after the first frame, so that nothing they do can delay it.
    app.follow_deck();
    while !app.leaving {
        app.turn(&mut inlets).await?;
    }
    app.leave_runs();
    app.supervisor.stop();
    app.screen.leave();
    Ok(app.report)
}

impl App {
    /// Takes the terminal and draws the first frame.
    fn start(options: Options) -> io::Result<(Self, Inlets)> {
        let clock = Now::default();
        let (outbox, events) = mpsc::channel(EVENTS);
        let (reloads, reloaded) = mpsc::channel(4);
        let (notes, noted) = mpsc::channel(16);
        let telling = clock.clone();
        let mut surroundings = Surroundings::new(Arc::new(move || telling.get()));
        surroundings.state.clone_from(&options.actor.state);
        // Before the first frame: an edit of what is on the screen is seen.
        if let Some(path) = options.path.clone() {
            reload::watch(path, reloads.clone(), &notes);
        }
        // Before the terminal is taken: from then on no signal may end the console without giving it back.
        let signals = inbox::signals()?;
        let screen = Screen::enter(options.mouse)?;
        let (inputs, keys) = inbox::inputs()?;
        let (shells, shell_news) = mpsc::channel(4);
        let forwardings = Forwardings::default();
        let (act_news, acts) = mpsc::channel(64);
        let acting = acting::Acts::new(options.actor, &surroundings, outbox.clone(), act_news);
        let (following, log_news) = logs::Following::new(&surroundings);
        let inlets = Inlets {
            events,
            reloaded,
            noted,
            shells: shell_news,
            acts,
            forwards: forwardings.changes(),
            inputs,
            logs: log_news,
            signals,
        };
        let mut app = App {
            store: Store::holding(options.log_memory << 20),
            theme: options.look.theme(&options.ui.theme),
            keymap: options.look.keymap(&options.ui.keymap),
            ui: options.ui,
            look: options.look,
            clock,
            deck: None,
            acts: acting,
            path: options.path,
            supervisor: Supervisor::new(surroundings, outbox),
            screen,
            pacer: Pacer::default(),
            reloads,
            notes,
            demo: options.demo,
            keys,
            shell: None,
            shells,
            shell_number: 0,
            opening: None,
            forwardings,
            following,
            report: Report::default(),
            drawn: None,
            leaving: false,
        };
        app.ui.size = app.screen.size()?;
        app.take_deck(options.loaded);
        app.draw()?;
        Ok((app, inlets))
    }

    /// Waits for the next thing and deals with it.
    async fn turn(&mut self, inlets: &mut Inlets) -> io::Result<()> {
        let due = self.pacer.due().unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
        tokio::select! {
            biased;
            signal = inlets.signals.recv() => self.signalled(signal),
            input = inlets.inputs.recv() => match input {
                Some(input) => {
                    self.input(input)?;
                    // What is queued behind it is taken in before drawing, so that a held key cannot outrun the screen.
                    for _ in 1..BATCH {
                        let Ok(more) = inlets.inputs.try_recv() else { break };
                        if self.leaving {
                            break;
                        }
                        self.input(more)?;
                    }
                }
                // The terminal is gone.
                None => self.leaving = true,
            },
            // A key is drawn before more facts are taken in.
            () = tokio::time::sleep_until(due), if self.shell.is_none() => self.draw()?,
            Some(news) = inlets.shells.recv() => self.shell_news(news)?,
            Some(news) = inlets.acts.recv() => self.acting_news(news),
            Ok(()) = inlets.forwards.changed() => self.list_forwards(),
            Some(event) = inlets.events.recv() => {
                self.event(event);
                for _ in 1..BATCH {
                    let Ok(more) = inlets.events.try_recv() else { break };
                    self.event(more);
                }
            }
            Some(loaded) = inlets.reloaded.recv() => {
                self.take_deck(loaded);
                self.follow_deck();
            }
            Some(note) = inlets.noted.recv() => {
                let now = self.clock.get();
                self.ui.warn(note, now);
                self.pacer.now();
            }
            Some(news) = inlets.logs.recv() => self.hear_logs(news, &mut inlets.logs),
            () = std::future::ready(()), if self.searches_logs() => self.search_logs(),
        }
        Ok(())
    }

    fn event(&mut self, event: Event) {
        self.report.events += 1;
        let now = self.clock.get();
        match self.store.apply(event, now) {
            Changed::Nothing => {}
            Changed::Numbers => self.pacer.calmly(),
            Changed::State => self.pacer.soon(),
        }
    }

    /// Takes a loaded deck in. What does not load leaves what was there before.
    fn take_deck(&mut self, loaded: Loaded) {
        let now = self.clock.get();
        let errors = loaded.faults.iter().filter(|f| f.severity == crate::model::Severity::Error).count();
        let newer = match (&self.deck, loaded.deck) {
            (Some(before), Some(newer)) => Some(before.succeeded_by(newer)),
            (before, newer) => newer.or_else(|| before.as_deref().cloned()),
        };
        if self.deck.is_some() {
            match errors {
                0 => self.ui.say("the deck was read again", now),
                _ => self.ui.warn(format!("the deck has {} now; what was good goes on", plural(errors, "error")), now),
            }
        }
        let fleet = newer.as_ref().map(Deck::fleet).unwrap_or_default();
        let runbooks = newer.as_ref().map(|deck| deck.runbooks.clone()).unwrap_or_default();
        self.deck = newer.map(Arc::new);
        self.event(Event::FleetLoaded { fleet, faults: loaded.faults });
        self.event(Event::RunbooksLoaded { runbooks });
        self.declare_logs();
    }

    fn follow_deck(&mut self) {
        if let Some(deck) = &self.deck {
            self.supervisor.follow(deck);
            self.rehost_logs();
        }
    }

    fn signalled(&mut self, signal: Option<&'static str>) {
        tracing::info!(signal, "leaving because of a signal");
        self.leaving = true;
    }

    /// While the machine slept its timers stood still: what is due for hours is looked at now.
    fn wake_up(&mut self, now: Timestamp) {
        let running = Instant::now();
        if let Some((wall, monotonic)) = self.drawn.replace((now, running)) {
            let slept = now.duration_since(wall).unsigned_abs().saturating_sub(running.duration_since(monotonic));
            if slept > NAP {
                tracing::info!(?slept, "the machine slept; every probe looks now");
                self.supervisor.probe_all();
            }
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let now = self.clock.get();
        self.ui.set_back = self.clock.set_back();
        self.wake_up(now);
        let dwelling = self.tend_logs(now);
        let view = View { store: &self.store, ui: &self.ui, theme: &self.theme, keymap: &self.keymap, now };
        self.screen.draw(|frame| ui::render(frame, &view))?;
        self.report.frames += 1;
        let next = frame::next_change(&view);
        self.pacer.drawn(dwelling.map_or(next, |left| next.min(left)));
        Ok(())
    }
}
