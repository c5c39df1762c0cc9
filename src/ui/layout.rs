//! Where everything stands: a pure function of the size and the focus, used for drawing and for the mouse.

use ratatui::layout::{Constraint, Layout, Rect};

use super::state::{Pane, Ui};

/// The areas of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The line at the top.
    pub header: Rect,
    /// All panes.
    pub body: Rect,
    /// The panes that are drawn.
    pub panes: Vec<(Pane, Rect)>,
    /// The line at the bottom.
    pub footer: Rect,
}

/// From here on panes tile; below there is one at a time, with the same keys.
pub const TILED: (u16, u16) = (120, 35);
/// From here on the detail stands beside the services instead of below.
const WIDE: u16 = 170;
/// Lines from which on logs have a place of their own on a wide screen.
const TALL: u16 = 48;
/// Wide enough for a host that is lost: since when, when it is tried again, and how many services are behind it.
const ENVIRONMENTS: u16 = 38;

/// Plans a frame.
pub fn plan(area: Rect, ui: &Ui) -> Plan {
    let [header, body, footer] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(1), Constraint::Length(1)]).areas(area);
    let mut panes = if is_tiled(area, ui) { tiles(body, ui) } else { vec![(ui.focus, body)] };
    if ui.focus == Pane::Runs {
        // Runs take the place of the detail while they are looked at.
        let place = if panes.iter().any(|(pane, _)| *pane == Pane::Detail) { Pane::Detail } else { Pane::Logs };
        panes.iter_mut().filter(|(pane, _)| *pane == place).for_each(|(pane, _)| *pane = Pane::Runs);
    }
    Plan { header, body, panes, footer }
}

/// The whole screen.
pub fn whole(ui: &Ui) -> Rect {
    Rect::new(0, 0, ui.size.0, ui.size.1)
}

/// Whether more than the focused pane is drawn.
pub fn is_tiled(area: Rect, ui: &Ui) -> bool {
    !ui.zoom && area.width >= TILED.0 && area.height >= TILED.1
}

fn tiles(body: Rect, ui: &Ui) -> Vec<(Pane, Rect)> {
    let asks = ui.lower == Pane::Logs || ui.focus == Pane::Logs;
    if body.width >= WIDE && (asks || (ui.has_logs && body.height >= TALL)) {
        let [upper, logs] = Layout::vertical([Constraint::Percentage(56), Constraint::Min(10)]).areas(body);
        return columns(upper).into_iter().chain([(Pane::Logs, logs)]).collect();
    }
    if body.width >= WIDE {
        return columns(body);
    }
    let [upper, lower] = Layout::vertical([Constraint::Percentage(52), Constraint::Min(10)]).areas(body);
    let [environments, services] =
        Layout::horizontal([Constraint::Length(ENVIRONMENTS), Constraint::Min(60)]).areas(upper);
    let below = if asks { Pane::Logs } else { Pane::Detail };
    vec![(Pane::Environments, environments), (Pane::Services, services), (below, lower)]
}

fn columns(body: Rect) -> Vec<(Pane, Rect)> {
    let services = (body.width - ENVIRONMENTS) * 11 / 20;
    let [environments, services, detail] =
        Layout::horizontal([Constraint::Length(ENVIRONMENTS), Constraint::Length(services), Constraint::Min(40)])
            .areas(body);
    vec![(Pane::Environments, environments), (Pane::Services, services), (Pane::Detail, detail)]
}

/// The pane at a point.
pub fn pane_at(plan: &Plan, column: u16, row: u16) -> Option<(Pane, Rect)> {
    plan.panes.iter().copied().find(|(_, area)| area.contains((column, row).into()))
}

/// The lines of content a pane has room for.
pub fn content_height(plan: &Plan, pane: Pane) -> usize {
    plan.panes.iter().find(|(p, _)| *p == pane).map_or(1, |(_, area)| usize::from(area.height.saturating_sub(2)).max(1))
}
