//! Keys of the logs pane: following, reading back, filters, searches, errors, traces, marks, and what goes out.

use quarterdeck::model::{LogNews, LogState};
use quarterdeck::ui::Pane;
use quarterdeck::update::Effect;

use crate::logged::{logged, long};
use crate::look::text;
use crate::world::{World, keymap, now};

/// The orders that are on the screen, in their order.
fn orders(world: &World) -> Vec<u32> {
    let screen = text(world);
    let orders = screen.lines().filter_map(|line| line.split("order ").nth(1)?.split(' ').next()?.parse().ok());
    orders.collect()
}

/// More orders, one a second, as time goes on.
fn append(world: &mut World, from: i64, count: i64) {
    for n in from..from + count {
        world.wait(1);
        let at = now() + jiff::SignedDuration::from_secs(n - 199);
        world.lines("production/sales:app", &format!("{at} INFO order {n} was taken"));
    }
}

fn reading(keys: &str) -> World {
    long(200).sized(80, 24).after("4").after(keys)
}

/// The line under the cursor: it is the one that is copied.
fn under_cursor(world: &mut World) -> String {
    match world.press("y").pop() {
        Some(Effect::Copy(text)) => {
            let order = text.split(" order ").last().unwrap().split(' ').next().unwrap();
            format!("order {order}")
        }
        other => panic!("{other:?}"),
    }
}

/// The order under the cursor, whatever is marked.
fn under_cursor_alone(world: &World) -> u32 {
    let place = quarterdeck::ui::logs::window::cursor(&world.store, &world.ui);
    let line = world.store.logs().forward(place).next().unwrap().text().to_string();
    line.split(" order ").last().unwrap().split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn every_keymap_goes_to_the_logs_and_back() {
    for name in ["default", "vim", "emacs"] {
        let mut world = logged();
        world.keymap = keymap(name);
        world.press("l");
        assert_eq!(world.ui.focus, Pane::Logs, "{name}");
        world.press("esc");
        assert_eq!(world.ui.focus, Pane::Services, "{name}");
        world.press("4");
        assert_eq!(world.ui.focus, Pane::Logs, "{name}");
    }
}

#[test]
fn it_follows_until_somebody_reads_back_and_counts_what_is_new() {
    let mut world = reading("");
    assert_eq!(orders(&world).last(), Some(&199));
    append(&mut world, 200, 3);
    assert_eq!(orders(&world).last(), Some(&202));
    world.press("up");
    let seen = orders(&world);
    append(&mut world, 203, 40);
    assert_eq!(orders(&world), seen, "nothing moves under the eyes");
    assert!(text(&world).contains("40 new"), "{}", text(&world));
    world.press("F");
    assert_eq!(orders(&world).last(), Some(&242));
    assert!(text(&world).contains("following") && !text(&world).contains(" new "));
}

#[test]
fn lines_pages_and_ends_are_reached() {
    for (keys, at) in [
        ("up", "order 198"),
        ("up up", "order 197"),
        ("up up down", "order 198"),
        ("k k k down down down down", "order 199"),
        ("home", "order 0"),
        ("home down down", "order 2"),
        ("pageup", "order 182"),
        ("pageup pageup pagedown", "order 182"),
        ("pageup G", "order 199"),
    ] {
        assert_eq!(under_cursor(&mut reading(keys)), at, "{keys}");
    }
    let mut world = reading("home");
    assert_eq!(orders(&world).first(), Some(&0));
    world.press("esc");
    assert_eq!(orders(&world).last(), Some(&199), "back follows again");
}

#[test]
fn older_lines_are_asked_for_at_the_top_alone() {
    let mut world = long(1000).sized(80, 24).after("4");
    assert!(world.press("home").is_empty());
    let Some(Effect::OlderLogs(asked)) = world.press("up").pop() else { panic!("nothing is asked for") };
    assert_eq!(
        asked.iter().map(|(id, lines)| (id.to_string(), *lines)).collect::<Vec<_>>(),
        [("production/sales:app".to_owned(), 10_000)]
    );
    let mut world = reading("home");
    assert!(world.press("up").is_empty(), "two hundred lines were fewer than a thousand");
    assert!(text(&world).contains("the files begin here"));
}

#[test]
fn errors_and_warnings_are_gone_to() {
    let mut world = reading("");
    for at in ["order 195", "order 185"] {
        world.press("W");
        assert_eq!(under_cursor(&mut world), at);
    }
    world.press("w");
    assert_eq!(under_cursor(&mut world), "order 195");
    world.press("w");
    assert!(text(&world).contains("no warning behind"));
    world.press("E");
    assert!(text(&world).contains("no error before"));
}

#[test]
fn a_filter_narrows_while_it_is_typed_and_goes_with_escape() {
    let mut world = reading("/").typed("order 1[0-9]3");
    let narrowed: Vec<u32> = (0..10).map(|n| 103 + n * 10).collect();
    assert_eq!(orders(&world), narrowed);
    world.press("esc");
    assert_eq!(orders(&world).last(), Some(&199), "it was not taken");
    let mut world = reading("/").typed("!order 1").after("enter");
    assert_eq!(orders(&world).last(), Some(&99));
    world.press("esc");
    assert_eq!(orders(&world).last(), Some(&199));
    let world = reading("/").typed("level>=warn").after("enter");
    assert_eq!(orders(&world).last(), Some(&195));
    let world = reading("/").typed("since:14:02:00").after("enter");
    assert_eq!(orders(&world).first(), Some(&188), "the time is of the zone on the screen");
}

#[test]
fn lines_around_are_shown_and_the_cursor_jumps_over_them() {
    let mut world = reading("/").typed("order 150|order 170").after("enter plus plus");
    assert_eq!(orders(&world), [148, 149, 150, 151, 152, 168, 169, 170, 171, 172]);
    world.press("minus");
    assert_eq!(orders(&world), [149, 150, 151, 169, 170, 171]);
    assert_eq!(under_cursor(&mut world), "order 170");
    world.press("up");
    assert_eq!(under_cursor(&mut world), "order 150");
    world.press("up");
    assert_eq!(under_cursor(&mut world), "order 150");
}

#[test]
fn a_search_keeps_what_is_around_and_goes_on() {
    let mut world = reading("s").typed("order 1?[78]7").after("enter");
    assert_eq!(under_cursor(&mut world), "order 187");
    assert!(orders(&world).contains(&186), "what is around stays");
    world.press("N");
    assert_eq!(under_cursor(&mut world), "order 177");
    world.press("N n n");
    assert_eq!(under_cursor(&mut world), "order 187");
    world.press("n");
    assert!(text(&world).contains("no match behind"));
}

#[test]
fn levels_are_raised_and_lowered_by_a_key() {
    let mut world = reading(">");
    assert_eq!(orders(&world).last(), Some(&195));
    assert!(text(&world).contains("level ≥ warn"), "{}", text(&world));
    world.press(">");
    assert!(text(&world).contains("none of 200 lines passes the filter"), "{}", text(&world));
    world.press("< < <  <");
    assert_eq!(orders(&world).last(), Some(&199));
}

#[test]
fn a_time_is_gone_to_as_it_is_typed_or_where_the_trouble_began() {
    let mut world = reading("T").typed("14:01:00").after("enter");
    assert_eq!(under_cursor(&mut world), "order 128");
    let mut world = reading("T").typed("1m").after("enter");
    assert_eq!(under_cursor(&mut world), "order 139");
    let mut world = long(400).sized(80, 24).after("4 T enter");
    assert_eq!(under_cursor(&mut world), "order 159", "the service failed four minutes ago");
    let world = reading("T").typed("noon").after("enter");
    assert!(text(&world).contains("\"noon\" is no time"), "{}", text(&world));
}

#[test]
fn a_trace_is_followed_through_all_logs_and_left_again() {
    let mut world = logged().sized(120, 40).after("4 z E E");
    let before = text(&world);
    world.press("c");
    let told = text(&world);
    assert!(told.contains("trace 12ee45dd90ac31b7") && told.contains("nginx") && told.contains("504"), "{told}");
    assert!(!told.contains("sales.service"));
    world.press("c");
    assert_eq!(text(&world), before);
    let world = logged().after("4 up c");
    assert!(text(&world).contains("names no correlation id"));
}

#[test]
fn marks_notes_and_ranges_are_copied() {
    let mut world = reading("up up up space");
    world.press("k k k k k k space");
    let Some(Effect::Copy(copied)) = world.press("y").pop() else { panic!("nothing was copied") };
    assert_eq!(copied.lines().count(), 2);
    world.press("M m");
    let mut world = reading("up up up space j j j a");
    let Some(Effect::Copy(copied)) = world.press("y").pop() else { panic!("nothing was copied") };
    assert_eq!(copied.lines().count(), 4, "{copied}");
    let mut world = reading("up i").typed("this one").after("enter");
    assert!(text(&world).contains("this one"));
    let Some(Effect::Copy(copied)) = world.press("Y").pop() else { panic!("nothing was copied") };
    assert!(copied.lines().count() > 15, "{copied}");
}

#[test]
fn a_range_is_saved_from_what_the_servers_have() {
    let mut world = reading("S");
    world.press("ctrl-u");
    let mut world = world.typed("14:00 to 14:01:30");
    let Some(Effect::SaveLogs { logs, since, until }) = world.press("enter").pop() else { panic!("nothing is saved") };
    assert_eq!(logs.len(), 2);
    assert_eq!(since.to_string(), "2026-11-20T06:00:00Z");
    assert_eq!(until.to_string(), "2026-11-20T06:01:30Z");
    let mut world = reading("S ctrl-u").typed("14:01 to 14:00");
    assert!(world.press("enter").is_empty());
    assert!(text(&world).contains("ends before it begins"));
}

#[test]
fn the_selected_service_drives_the_pane_and_the_time_stays() {
    let mut world = logged().sized(120, 40).after("4 2");
    assert!(text(&world).contains("logs · sales"), "{}", text(&world));
    world.press("j");
    assert!(text(&world).contains("paid 12 people"), "{}", text(&world));
    world.press("j");
    assert!(text(&world).contains("quiet has no logs in the deck; 0 shows"), "{}", text(&world));
    let mut world = logged().sized(120, 40).after("4 T").typed("13:58:20").after("enter 0");
    assert!(world.ui.logs.at.is_some());
    world.press("0");
    assert!(text(&world).contains("13:58:31"));
}

#[test]
fn logs_are_left_out_and_brought_back() {
    let mut world = logged().sized(120, 40).after("4 z o down space esc");
    let told = text(&world);
    assert!(told.contains("1 of 2 logs") && !told.contains("sales.service"), "{told}");
    world.press("o a esc");
    assert!(text(&world).contains("sales.service"));
}

#[test]
fn a_whole_line_is_read_and_closed() {
    let mut world = logged().sized(120, 40).after("4 E E enter");
    let told = text(&world);
    assert!(told.contains("/var/log/shop/sales.log on vps") && told.contains("2026-11-20 14:02:01.007"), "{told}");
    assert!(told.contains("12ee45dd90ac31b7") && told.contains("as it came"), "{told}");
    world.press("esc");
    assert!(!text(&world).contains("as it came"));
}

#[test]
fn hostile_lines_do_nothing_to_the_screen() {
    let mut world = logged().sized(80, 24).after("4");
    let bytes = b"2026-11-20T06:02:10Z ERROR \x1b[2J\x1b]0;owned\x07\x1b]52;c;AAAA\x07 \xff\xfe nul\0 \xe2\x80\xaetxet"
        .to_vec();
    let line = quarterdeck::model::LogLine { bytes, received: world.now, time: None, priority: None };
    world.log("production/sales:app", LogNews::Lines(vec![line]));
    let told = text(&world);
    assert!(!told.contains('\u{1b}') && !told.contains('\u{202e}') && !told.contains("owned"), "{told}");
    world.press("R");
    assert!(text(&world).contains("\\u{1b}[2J") || text(&world).contains("\\x1b[2J"), "{}", text(&world));
}

#[test]
fn what_was_never_said_before_is_marked_and_gone_to() {
    let mut world = reading("");
    world.lines(
        "production/sales:app",
        "2026-11-20T06:02:12Z WARN order 7 was taken in by the shop and goes to the kitchen",
    );
    assert!(!text(&world).contains("│*"), "that kind was heard before: {}", text(&world));
    world.lines("production/sales:app", "2026-11-20T06:02:13Z WARN disk /dev/vda is 91 % full");
    assert!(text(&world).contains("│*14:02:13 WRN"), "{}", text(&world));
    append(&mut world, 204, 60);
    world.press("#");
    assert!(text(&world).contains("│*14:02:13 WRN"), "{}", text(&world));
    world.press("#");
    assert!(text(&world).contains("nothing of a new kind before"));
}

#[test]
fn times_of_a_wrong_clock_or_zone_are_told() {
    let mut world = reading("");
    let ahead: Vec<String> = (0..6).map(|n| format!("2026-11-20T14:02:2{n}Z INFO late {n}")).collect();
    world.lines("production/sales:app", &ahead.join("\n"));
    assert!(text(&world).contains("its times lie 8h ahead"), "{}", text(&world));
}

#[test]
fn a_reload_of_the_deck_keeps_what_is_heard_of_logs_that_stay() {
    let mut world = logged().sized(120, 40).after("4");
    let mut logs = world.store.logs().declared().to_vec();
    logs.retain(|spec| &*spec.id.name != "unit");
    world.hears(quarterdeck::store::Event::LogsLoaded { logs });
    world.look();
    let told = text(&world);
    assert!(told.contains("outbox holds 1840") && !told.contains("sales.service"), "{told}");
}

#[test]
fn what_is_read_again_takes_the_place_of_what_was_known_when_it_is_there() {
    let mut world = long(1000).sized(80, 24).after("4 home down down space home");
    let Some(Effect::OlderLogs(asked)) = world.press("up").pop() else { panic!("nothing is asked for") };
    world.store.logs_mut().begin(&asked[0].0, Some(asked[0].1), jiff::tz::TimeZone::UTC, world.now);
    world.look();
    assert_eq!(orders(&world).first(), Some(&0), "what was known stays until more is there");
    world.log("production/sales:app", LogNews::State(LogState::Lost("no route".into()), world.now));
    assert!(text(&world).contains("app lost") && orders(&world).first() == Some(&0), "{}", text(&world));
    let all: Vec<String> = (-500..1000)
        .map(|n| {
            format!(
                "{} INFO order {n} was taken in by the shop and goes to the kitchen",
                now() - jiff::SignedDuration::from_secs(999 - n)
            )
        })
        .map(|line| if line.contains("5 was") { line.replace("INFO", "WARN") } else { line })
        .collect();
    world.lines("production/sales:app", &all.join("\n"));
    assert!(text(&world).contains("order -1 was") || orders(&world).first() == Some(&0), "{}", text(&world));
    let Some(Effect::Copy(marked)) = world.press("y").pop() else { panic!("the mark is gone") };
    assert!(marked.contains("order 2 was"), "{marked}");
    world.press("up");
    assert!(text(&world).contains("order -1 was"), "{}", text(&world));
}

#[test]
fn no_filter_hides_that_lines_may_be_missing() {
    let mut world = reading("");
    world.log("production/sales:app", LogNews::Gap("the link was lost for 3 s".into()));
    world.press(">");
    assert!(text(&world).contains("the link was lost for 3 s"), "{}", text(&world));
}

#[test]
fn where_a_log_begins_that_has_older_lines_is_told() {
    assert!(text(&long(1000).sized(80, 24).after("4 home")).contains("app: older lines are not read"));
    assert!(!text(&reading("home")).contains("older lines are not read"));
}

#[test]
fn a_search_is_repeated_by_enter_and_one_of_fields_alone_is_none() {
    let mut world = reading("s").typed("order 187").after("enter G s enter");
    assert_eq!(under_cursor(&mut world), "order 187");
    let world = reading("s").typed("status>=500").after("enter");
    assert!(text(&world).contains("a search needs a text"), "{}", text(&world));
}

#[test]
fn marks_that_the_filter_hides_are_passed_over() {
    let mut world = reading("up up space k k k space G /").typed("order 19[0-6]").after("enter M");
    assert_eq!(under_cursor_alone(&world), 195);
    world.press("M");
    assert!(text(&world).contains("no mark before"), "{}", text(&world));
}

#[test]
fn keys_on_an_open_line_are_about_that_line() {
    let mut world = reading("").after("enter");
    append(&mut world, 200, 30);
    let Some(Effect::Copy(copied)) = world.press("y").pop() else { panic!("nothing was copied") };
    assert!(copied.contains("order 199 was"), "{copied}");
}
