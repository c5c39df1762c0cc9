//! Pictures of what lies over the panes, and of the line at the bottom.

use crate::decks::{SHOP, shop};
use crate::look::shots;
use crate::world::deck;

/// A deck in which one environment does not load.
const BROKEN: &str = "name = \"broken\"\n[environments.production]\ntier = \"production\"\n\
                      services.sales = { probes.live = { htpp = \"http://127.0.0.1:1/\" } }\n\
                      [environments.qa]\ntier = \"staging\"\n\
                      services.sales = { probes.live = { tcp = \"127.0.0.1:1\" } }\n";

#[test]
fn help_lists_the_keys() {
    shots("help", shop().play().after("?"));
    shots("help-scrolled", shop().play().after("? G"));
}

#[test]
fn the_palette_says_what_each_line_will_do() {
    shots("palette", shop().play().after(":"));
    shots("palette-typed", shop().play().after(":").typed("sales"));
    shots("palette-nothing", shop().play().after(":").typed("qqqq"));
}

#[test]
fn faults_are_told_with_their_place() {
    shots("faults", deck(BROKEN).play().after("!"));
    shots("faults-none", deck(SHOP).play().after("!"));
}

#[test]
fn an_environment_with_faults_stays_on_the_screen() {
    shots("broken-environment", deck(BROKEN).pass("qa/sales/live", 1).play());
    shots("broken-environments", deck(BROKEN).pass("qa/sales/live", 1).play().after("1"));
}

#[test]
fn keys_that_may_follow_are_shown_after_a_hesitation() {
    let mut world = shop().play().after("t");
    world.wait(1);
    shots("which", world);
}

#[test]
fn a_filter_narrows_while_it_is_typed() {
    shots("filter-empty", shop().play().after("/"));
    shots("filter-typed", shop().play().after("/").typed("health:un refused"));
    shots("filter-taken", shop().play().after("/").typed("refused").after("enter"));
    shots("filter-nothing", shop().play().after("/").typed("zebra").after("enter"));
}

#[test]
fn a_message_takes_the_bottom_line() {
    shots("notice", shop().play().after("p"));
    let mut refused = shop().play();
    refused.ui.read_only = true;
    refused.ui.demo = true;
    shots("notice-refused", refused.after("x c"));
}
