//! Pictures of what rarely happens: nothing at all, far too much, text that does not behave, a clock that went back.

use quarterdeck::ui::SMALLEST;

use crate::decks::shop;
use crate::look::{shot, shots, text};
use crate::world::deck;

#[test]
fn an_empty_deck_says_how_to_start() {
    shots("empty-deck", deck("name = \"empty\"\n").play());
    shots("empty-deck-environments", deck("name = \"empty\"\n").play().after("1"));
    shots("empty-deck-detail", deck("name = \"empty\"\n").play().after("v"));
    shots("empty-environment", deck("[environments.qa]\ntier = \"staging\"\n").play());
}

/// Reasons as the outside sends them.
fn hostile() -> crate::world::World {
    let text = "name = \"a deck with a rather long name of its own\"\n\
                [environments.production-asia-southeast-with-a-long-name]\ntier = \"production\"\n\
                [environments.production-asia-southeast-with-a-long-name.services]\n\
                a-service-with-a-name-that-is-longer-than-any-column-could-hold = { probes.live = { tcp = \"127.0.0.1:1\" } }\n\
                wide = { doc = \"日本語の説明\", probes.live = { tcp = \"127.0.0.1:2\" } }\n\
                emoji = { probes.live = { tcp = \"127.0.0.1:3\" } }\n\
                escapes = { probes.live = { tcp = \"127.0.0.1:4\" } }\n\
                long = { probes.live = { tcp = \"127.0.0.1:5\" } }\n";
    let in_it = |name: &str| format!("production-asia-southeast-with-a-long-name/{name}/live");
    let long = "the answer was cut off after ".repeat(20);
    deck(text)
        .pass(&in_it("a-service-with-a-name-that-is-longer-than-any-column-could-hold"), 12_345)
        .fail(&in_it("wide"), "日本語の理由はとても長いので、どこかで切らなければならない。日本語の理由はとても長いので、どこかで切らなければならない。")
        .fail(&in_it("emoji"), "👩‍👩‍👧‍👦 family 🇩🇪 flag e\u{301} accent 👍🏽 thumb")
        .fail(&in_it("escapes"), "\x1b[31mred\x1b[0m \x1b]0;title\x07 bell\u{7} and \u{202e}reversed")
        .fail(&in_it("long"), &long)
        .play()
}

#[test]
fn text_that_does_not_behave_stays_in_its_place() {
    shots("hostile", hostile());
    shots("hostile-environments", hostile().after("1 z"));
    shots("hostile-detail", hostile().after("v z"));
    shot("hostile", &hostile().sized(SMALLEST.0, SMALLEST.1));
}

#[test]
fn the_smallest_screen_works_and_a_smaller_one_says_so() {
    let (columns, lines) = SMALLEST;
    shot("smallest", &shop().play().sized(columns, lines));
    shot("smallest-environments", &shop().play().sized(columns, lines).after("1"));
    shot("smallest-detail", &shop().play().sized(columns, lines).after("v"));
    shot("smallest-palette", &shop().play().sized(columns, lines).after(":"));
    shot("smallest-help", &shop().play().sized(columns, lines).after("?"));
    shot("too-small", &shop().play().sized(columns - 1, lines - 1));
    for (columns, lines) in [(1, 1), (2, 30), (30, 2), (0, 0)] {
        assert!(!text(&shop().play().sized(columns, lines)).contains("healthy"));
    }
}

#[test]
fn a_clock_that_went_back_shows_no_nonsense() {
    let mut world = shop().play();
    world.wait(-600);
    shots("clock-back", world.after("v z"));
}
