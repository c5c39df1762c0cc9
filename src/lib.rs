//! Quarterdeck: an interactive console for on-call engineers.
//!
//! This page is the map of the house. Facts come in as past-tense events, wishes go out as imperative effects:
//!
//! ```text
//! sources --Event--> store --&--> ui::render --> screen          facts
//! keys --keymap--> Command --update--> Effect --app--> outside   wishes
//! ```
//!
//! | room | what is done there |
//! | --- | --- |
//! | [`model`] | the vocabulary: plain data without tokio, ratatui or a clock |
//! | [`settings`] | reading what people write in TOML: places, faults, nearest words |
//! | [`config`] | decks: found, read, checked; the user's own settings |
//! | [`secret`] | secrets by reference, and their redaction |
//! | [`transport`] | how a command reaches the place where it runs |
//! | [`source`] | what watches the outside; [`source::health`] has one file a kind of probe |
//! | [`log`] | the log engine: lines, their time and level, a bounded store, merge and search; pure |
//! | [`runbook`] | Markdown that runs: read, checked, the stock runbooks |
//! | [`runner`] | plan, gate, run, journal, audit: the only room from which something outside is changed |
//! | [`store`] | the only holder of observed facts: a fold over events |
//! | [`command`] | the one table of commands |
//! | [`keymap`] | keys to commands, from TOML |
//! | [`theme`] | roles to styles, from TOML |
//! | [`ui`] | the screen: a pure function of store, choices, theme and time |
//! | [`update`] | commands to changed choices and effects |
//! | [`app`] | the loop, the terminal, the clock |
//! | [`cli`] | one file a subcommand |
//! | [`demo`] | the fleet of `qd demo` |
//! | [`exit`] | the table of exit codes |

pub mod app;
pub mod cli;
pub mod command;
pub mod config;
pub mod demo;
pub mod exit;
pub mod keymap;
pub mod log;
pub mod model;
pub mod runbook;
pub mod runner;
pub mod secret;
pub mod settings;
pub mod source;
pub mod store;
pub mod theme;
pub mod transport;
pub mod ui;
pub mod update;
