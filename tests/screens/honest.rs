//! Whatever the state, a screen says so by word and by glyph, and nothing but a healthy service looks healthy.

use quarterdeck::model::Health;
use quarterdeck::theme::{GlyphSet, Glyphs};

use crate::look::{lines, roles, text};
use crate::world::{Script, World, deck};

const ONE: &str = "name = \"one\"\n[environments.qa]\ntier = \"staging\"\n\
                   services.sales = { probes.live = { tcp = \"127.0.0.1:1\", every = \"10s\", timeout = \"5s\" } }\n";

/// A world whose only service is in this state.
fn in_state(health: Health) -> World {
    let script: Script = match health {
        Health::Healthy => deck(ONE).pass("qa/sales/live", 3),
        Health::Paused => deck(ONE).ago(20).pass("qa/sales/live", 3).ago(5).paused("qa/sales", "maintenance"),
        Health::Degraded => deck(ONE).degraded("qa/sales/live", 900, "slow"),
        Health::Stale => deck(ONE).ago(60).pass("qa/sales/live", 3),
        Health::Unknown => deck(ONE).unknown("qa/sales/live", "no route to vps"),
        Health::Unhealthy => deck(ONE).fail("qa/sales/live", "connection refused on 127.0.0.1:1"),
    };
    script.play()
}

#[test]
fn every_state_is_told_by_its_word_and_its_glyph_and_by_no_other() {
    for set in [GlyphSet::Unicode, GlyphSet::Ascii] {
        let glyphs = Glyphs::of(set);
        for (health, size) in
            Health::ALL.into_iter().flat_map(|h| [(40, 10), (80, 24), (120, 40), (200, 60)].map(|s| (h, s)))
        {
            let mut world = in_state(health).sized(size.0, size.1);
            world.theme = roles().with_glyphs(set);
            let buffer = crate::look::draw(&world);
            // The row of the list, not the title of the detail beside it.
            let row = lines(&buffer).into_iter().find(|l| l.contains(" sales  ")).unwrap();
            let state = format!("{} sales", glyphs.health(health));
            assert!(row.contains(&state) && row.contains(health.word()), "{health:?} at {size:?}: {row}");
            let others = Health::ALL.into_iter().filter(|h| *h != health && !health.word().contains(h.word()));
            for other in others {
                let lie = format!("{} sales", glyphs.health(other));
                assert!(!row.contains(&lie) && !row.contains(other.word()), "{health:?} at {size:?}: {row}");
            }
        }
    }
}

#[test]
fn no_pane_calls_what_is_not_healthy_healthy() {
    for health in Health::ALL.into_iter().filter(|h| *h != Health::Healthy) {
        for keys in ["1", "2", "v", "1 z", "2 z", "v z"] {
            for (columns, rows) in [(40, 10), (80, 24), (120, 40), (200, 60)] {
                let world = in_state(health).sized(columns, rows).after(keys);
                let shown = text(&world);
                // A change from healthy to something else is history, told with an arrow.
                let lies = |l: &&str| l.replace("unhealthy", "").contains("healthy") && !l.contains('→');
                let lie = shown.lines().find(lies);
                assert!(lie.is_none(), "{health:?} at {columns}x{rows} after {keys}: {}\n{shown}", lie.unwrap());
                let header = shown.lines().next().unwrap();
                assert!(!header.contains('●'), "{health:?}: {header}");
            }
        }
    }
}

#[test]
fn a_paused_service_is_not_counted_as_healthy() {
    let world = deck(
        "name = \"two\"\n[environments.qa]\ntier = \"staging\"\n[environments.qa.services]\n\
                      a = { probes.live = { tcp = \"127.0.0.1:1\" } }\nb = { paused = true, probes.live = { tcp = \"127.0.0.1:2\" } }\n",
    );
    let shown = text(&world.pass("qa/a/live", 3).play());
    assert!(shown.lines().next().unwrap().contains("● 1 ‖ 1"), "{shown}");
}

#[test]
fn a_look_that_did_not_happen_leaves_a_hole_and_the_time_between_two_looks_none() {
    let row = |world: World| text(&world).lines().find(|l| l.contains("sales")).unwrap().to_owned();
    let steady = deck(ONE).steady("qa/sales/live", 30, 570, 0).play();
    let every = ONE.replace("10s", "30s");
    let held = deck(&every).steady("qa/sales/live", 30, 570, 0).play();
    let sparks = |row: &str| row.chars().filter(|c| ('▁'..='█').contains(c)).count();
    assert!(sparks(&row(held)) > sparks(&row(steady)));
}
