//! Pictures of the panes: what is wrong first, calm where all is well.

use quarterdeck::config::user::Times;
use quarterdeck::theme::GlyphSet;

use crate::decks::{SHOP, many, shop, unreachable};
use crate::look::{self, shot, shots};
use crate::world::deck;

#[test]
fn services_of_every_state() {
    let world = shop().play();
    shots("services", world);
    shot("services", &shop().play().sized(200, 60));
}

#[test]
fn environments_tell_what_is_wrong_in_them() {
    shots("environments", shop().play().after("1"));
    shot("environments", &shop().play().sized(200, 60).after("1 z"));
}

#[test]
fn a_quiet_environment_is_calm() {
    shots("calm", shop().play().after("]"));
}

#[test]
fn nothing_seen_yet_is_unknown() {
    shots("first-frame", deck(SHOP).play());
}

#[test]
fn a_host_that_cannot_be_reached_is_one_cause() {
    shots("unreachable", unreachable().play());
    shots("unreachable-environments", unreachable().play().after("1 z"));
}

#[test]
fn a_service_that_suffers_from_another_says_so() {
    let text = "name = \"chain\"\n[environments.qa]\ntier = \"staging\"\n[environments.qa.services]\n\
                shop = { depends = [\"orders\"], probes.ready = { http = \"http://127.0.0.1:1/\" } }\n\
                orders = { depends = [\"ledger\"], probes.ready = { http = \"http://127.0.0.1:2/\" } }\n\
                ledger = { probes.listen = { tcp = \"127.0.0.1:3\" } }\n";
    let world = deck(text)
        .ago(90)
        .fail("qa/ledger/listen", "connection refused on 127.0.0.1:3")
        .ago(80)
        .fail("qa/orders/ready", "answered 500")
        .ago(70)
        .degraded("qa/shop/ready", 1204, "took 1 204 ms, more than 800 ms")
        .ago(2)
        .fail("qa/ledger/listen", "connection refused on 127.0.0.1:3")
        .fail("qa/orders/ready", "answered 500")
        .degraded("qa/shop/ready", 1204, "took 1 204 ms, more than 800 ms");
    shots("dependency", world.play());
}

#[test]
fn the_detail_tells_everything_about_one_service() {
    shots("detail", shop().play().after("v"));
    shots("detail-zoomed", shop().play().after("v z"));
}

#[test]
fn the_detail_can_be_scrolled_to_its_end() {
    shots("detail-end", shop().play().after("v z G"));
}

#[test]
fn a_service_in_doubt_is_healthy_and_says_what_speaks_against_it() {
    shots("doubt", shop().play().after("/").typed("community").after("enter v"));
}

#[test]
fn a_thousand_services_scroll() {
    let world = many(1000).play();
    shots("thousand", world.after("o pagedown pagedown pagedown pagedown pagedown j j"));
}

#[test]
fn marks_are_seen_and_counted() {
    shots("marks", shop().play().after("space j space"));
}

#[test]
fn without_colours_and_without_shapes_every_state_is_told() {
    let mut world = shop().play().sized(120, 40);
    world.theme = look::roles().with_glyphs(GlyphSet::Ascii);
    shots("ascii", world);
    let mut mono = shop().play().sized(120, 40);
    mono.theme = look::shipped("mono");
    // Its roles have no colours, so the grid tells none; the words do.
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("mono-120x40", look::text(&mono));
    });
}

#[test]
fn times_are_told_in_the_zone_asked_for() {
    for (name, times) in [("environment", Times::Environment), ("utc", Times::Utc), ("local", Times::Local)] {
        let mut world = shop().play().sized(120, 40).after("v z");
        world.ui.times = times;
        world.ui.local = jiff::tz::TimeZone::get("America/New_York").unwrap();
        shot(&format!("times-{name}"), &world);
    }
}
