//! Keys, mouse and paste go to `update`; the effects that come back are carried out here.

use std::io;

use crossterm::event::{Event as Input, KeyEventKind};

use super::{App, inbox, reload};
use crate::command::Command;
use crate::demo::FaultKind;
use crate::keymap::Key;
use crate::model::{ServiceId, Text};
use crate::store::Event;
use crate::update::{self, Effect};

impl App {
    /// Something was typed, clicked or pasted, or the window changed.
    pub(super) fn input(&mut self, input: inbox::Input) -> io::Result<()> {
        let now = self.clock.get();
        let input = match input {
            inbox::Input::Raw(bytes) => return self.typed(bytes),
            inbox::Input::Event(Input::Resize(columns, lines)) if self.shell.is_some() => {
                self.shell_resized((columns, lines));
                return Ok(());
            }
            // What was read before the shell opened was not meant for the screen behind it.
            inbox::Input::Event(_) if self.shell.is_some() => return Ok(()),
            inbox::Input::Event(input) => input,
        };
        let effects = match input {
            Input::Key(event) if event.kind != KeyEventKind::Release => {
                self.withdraw_shell();
                match Key::from_event(&event) {
                    Some(key) if event.kind == KeyEventKind::Repeat => {
                        update::repeated(&mut self.ui, &self.store, &self.keymap, key, now)
                    }
                    Some(key) => update::key(&mut self.ui, &self.store, &self.keymap, key, now),
                    None => Vec::new(),
                }
            }
            Input::Mouse(event) => {
                if !update::mouse(&mut self.ui, &self.store, event, now) {
                    return Ok(());
                }
                update::left(&self.ui, &self.store, now).into_iter().collect()
            }
            Input::Paste(text) => {
                update::paste(&mut self.ui, &self.store, &text, now);
                Vec::new()
            }
            Input::Resize(columns, lines) => {
                self.ui.size = (columns, lines);
                Vec::new()
            }
            _ => return Ok(()),
        };
        self.pacer.now();
        effects.into_iter().try_for_each(|effect| self.perform(effect))
    }

    fn perform(&mut self, effect: Effect) -> io::Result<()> {
        let now = self.clock.get();
        match effect {
            Effect::Quit => self.leaving = true,
            Effect::Suspend => {
                self.screen.suspend()?;
                // The window may be another one by now.
                self.ui.size = self.screen.size()?;
            }
            Effect::Redraw => self.screen.forget()?,
            Effect::Reload => self.reload(),
            Effect::OlderLogs(_) | Effect::SaveLogs { .. } => self.log_effect(effect),
            Effect::ProbeNow(services) => self.supervisor.probe_now(&services),
            Effect::Pause(services) => {
                self.supervisor.pause(&services, true);
                for service in services {
                    let reason = Text::from("paused in this console");
                    self.event(Event::ServicePaused { service, at: now, reason });
                }
            }
            Effect::Resume(services) => {
                self.supervisor.pause(&services, false);
                for service in services {
                    self.event(Event::ServiceResumed { service });
                }
            }
            Effect::Copy(text) => {
                if let Err(why) = self.screen.copy(&text) {
                    self.ui.warn(why, now);
                }
            }
            Effect::UseTheme(name) => {
                self.theme = self.look.theme(&name);
                self.ui.theme = name;
                self.look_changed();
            }
            Effect::UseKeymap(name) => {
                self.keymap = self.look.keymap(&name);
                self.ui.keymap = name;
                self.look_changed();
            }
            Effect::DemoFault(service, command) => self.demo_fault(service, command),
            Effect::Shell(host) => self.shell(&host),
            Effect::Reconnect(host) => self.reconnect(&host),
            Effect::Trust { host, fingerprint } => self.trust(&host, &fingerprint),
            Effect::Unlock { host, file, passphrase } => self.unlock(&host, &file, &passphrase),
            Effect::Forward { host, target } => self.forward(&host, &target),
            Effect::CloseForward(id) => self.close_forward(id),
            acting => self.act(acting),
        }
        Ok(())
    }

    fn look_changed(&mut self) {
        let now = self.clock.get();
        self.ui.look_faults = self.look.faults(&self.ui.theme, &self.ui.keymap);
        match self.ui.look_faults.len() {
            0 => self.ui.say(format!("theme {}, keymap {}", self.ui.theme, self.ui.keymap), now),
            faults => self.ui.warn(format!("{faults} faults in the theme or keymap; the faults list tells them"), now),
        }
    }

    fn reload(&mut self) {
        let now = self.clock.get();
        let Some(path) = self.path.clone() else {
            self.ui.say("this deck lives in memory; there is no file to read again", now);
            return;
        };
        let reloads = self.reloads.clone();
        tokio::spawn(async move { reload::send(path, &reloads).await });
    }

    fn demo_fault(&mut self, service: ServiceId, command: Command) {
        let kind = match command {
            Command::DemoCrash => FaultKind::Crash,
            Command::DemoSlow => FaultKind::Slow,
            Command::DemoHang => FaultKind::Hang,
            Command::DemoDegrade => FaultKind::Degrade,
            _ => FaultKind::Recover,
        };
        let Some(demo) = self.demo.clone() else { return };
        let notes = self.notes.clone();
        tokio::spawn(async move {
            if let Err(error) = demo.fault(&service, kind).await {
                notes.send(error.to_string()).await.ok();
            }
        });
    }
}
