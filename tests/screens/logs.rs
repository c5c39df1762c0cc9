//! The logs pane: several logs in one order, what is wrong with them, filters, and a whole line.

use crate::logged::{logged, long, troubled};
use crate::look::{shot, shots};

#[test]
fn logs_of_a_service_stand_in_one_order() {
    shots("logs", logged().sized(80, 24).after("4"));
    shot("logs", &logged().sized(200, 60).after("2"));
}

#[test]
fn what_is_not_heard_is_told_and_gaps_are_marked() {
    shots("logs-troubled", troubled().sized(80, 24).after("4"));
}

#[test]
fn a_filter_works_while_it_is_typed_and_says_what_is_wrong() {
    shots("logs-filter", logged().sized(120, 40).after("4 z /").typed("level>=warn connect"));
    shots("logs-filter-wrong", logged().sized(120, 40).after("4 z /").typed("connect("));
}

#[test]
fn lines_around_what_passes_are_dim() {
    shots("logs-around", long(200).sized(120, 40).after("4 z /").typed("order 1[0-9]5 +2").after("enter"));
}

#[test]
fn who_reads_back_is_told_what_came_since() {
    let mut world = long(200).sized(120, 40).after("4 z pageup up up space i").typed("here").after("enter");
    world.lines("production/sales:app", "2026-11-20T06:02:12Z ERROR one more\n2026-11-20T06:02:13Z INFO and one");
    shots("logs-paused", world);
}

#[test]
fn a_line_opens_with_all_it_says() {
    shots("logs-line", logged().sized(120, 40).after("4 z E E enter"));
}

#[test]
fn all_logs_of_the_environment_tell_one_story_by_a_trace() {
    shots("logs-all", logged().sized(120, 40).after("4 z 0"));
    shots("logs-trace", logged().sized(120, 40).after("4 z 0 E E c"));
    shots("logs-sources", troubled().sized(120, 40).after("4 z 0 o down space"));
}

#[test]
fn long_lines_wrap_and_raw_ones_are_escaped() {
    shots("logs-wrap", logged().sized(120, 40).after("4 z b R"));
}

#[test]
fn an_empty_pane_says_why() {
    shots("logs-none", logged().sized(120, 40).after("2 end 4"));
    shots("logs-nothing-passes", logged().sized(120, 40).after("4 /").typed("nowhere").after("enter"));
}
