//! What holds for every shipped theme, as tests: sound, complete, readable, and telling states apart at every depth.

use ratatui::style::{Color, Modifier, Style};

use super::book::{SHIPPED, shipped};
use super::colour::{contrast, luminance, rgb};
use super::{Depth, Role, Theme, ThemeBook};
use crate::model::Health;

const DEPTHS: [Depth; 4] = [Depth::None, Depth::Ansi16, Depth::Ansi256, Depth::True];

fn all() -> impl Iterator<Item = Theme> {
    SHIPPED.iter().map(|(name, _)| shipped(name).unwrap())
}

fn effective(theme: &Theme, role: Role) -> Style {
    theme.style(Role::Text).patch(theme.style(role))
}

#[test]
fn every_shipped_theme_loads_without_a_fault_and_fills_every_role() {
    for (name, _) in SHIPPED {
        let (theme, faults) = ThemeBook::new(&[]).load(name);
        assert!(faults.is_empty(), "{}", faults.iter().map(ToString::to_string).collect::<String>());
        let theme = theme.unwrap();
        assert!(!theme.about().is_empty());
        for role in Role::ALL {
            assert!(theme.given(*role).is_some(), "{name} leaves {role} out");
        }
    }
}

#[test]
fn text_and_states_are_read_easily_also_on_the_selected_row() {
    for theme in all().filter(|t| rgb(t.background()).is_some()) {
        let least = if theme.name() == "high-contrast" { 7.0 } else { 4.5 };
        let row = theme.style(Role::Selected).bg.unwrap_or(theme.background());
        for role in Role::ALL.iter().filter(|r| !matches!(r, Role::Border | Role::Spark | Role::Selected)) {
            let style = effective(&theme, *role);
            let (fg, bg) = (style.fg.unwrap(), style.bg.unwrap());
            let ratio = contrast(fg, bg).unwrap();
            assert!(ratio >= least, "{}: {role} has contrast {ratio:.2}", theme.name());
            if theme.style(*role).bg.is_none() {
                let ratio = contrast(fg, row).unwrap();
                assert!(ratio >= least - 0.5, "{}: {role} on the selected row has contrast {ratio:.2}", theme.name());
            }
        }
        let spark = contrast(theme.style(Role::Spark).fg.unwrap(), theme.background()).unwrap();
        assert!(spark >= 3.0, "{}: spark {spark:.2}", theme.name());
    }
}

#[test]
fn states_and_the_selected_row_look_different_at_every_depth() {
    for theme in all() {
        for depth in DEPTHS {
            let theme = theme.adapted(depth);
            let at = format!("{} at {depth:?}", theme.name());
            let seen = |role: Role| effective(&theme, role);
            let states = [Role::Healthy, Role::Degraded, Role::Unhealthy, Role::Unknown, Role::Stale];
            for (i, one) in states.iter().enumerate() {
                for other in &states[i + 1..] {
                    assert_ne!(seen(*one), seen(*other), "{at}: {one} and {other}");
                }
            }
            for role in [Role::Selected, Role::TierProduction, Role::Match, Role::Armed, Role::Unhealthy, Role::Dim] {
                assert_ne!(seen(role), seen(Role::Text), "{at}: {role}");
            }
            for role in Role::ALL {
                let style = seen(*role);
                assert!(
                    style.fg != style.bg || style.fg.is_none_or(|c| c == Color::Reset),
                    "{at}: {role} cannot be seen"
                );
            }
        }
    }
}

#[test]
fn a_terminal_without_colours_gets_none_and_still_sees_the_cursor() {
    for theme in all() {
        let theme = theme.adapted(Depth::None);
        for role in Role::ALL {
            let style = theme.style(*role);
            assert_eq!((style.fg, style.bg), (None, None), "{}: {role}", theme.name());
        }
        assert!(theme.style(Role::Selected).add_modifier.contains(Modifier::REVERSED));
    }
}

#[test]
fn a_terminal_with_few_colours_gets_only_those() {
    for theme in all() {
        for (depth, allowed) in [
            (Depth::Ansi16, (|c: Color| !matches!(c, Color::Rgb(..) | Color::Indexed(_))) as fn(Color) -> bool),
            (Depth::Ansi256, |c: Color| !matches!(c, Color::Rgb(..))),
        ] {
            let theme = theme.adapted(depth);
            for role in Role::ALL {
                let style = theme.style(*role);
                assert!(style.fg.is_none_or(allowed) && style.bg.is_none_or(allowed), "{}: {role}", theme.name());
            }
        }
    }
}

#[test]
fn the_red_green_safe_theme_tells_states_apart_by_lightness_too() {
    let theme = shipped("red-green-safe").unwrap();
    let light = |health: Health| luminance(rgb(theme.style(health.into()).fg.unwrap()).unwrap()) + 0.05;
    let mut all = [light(Health::Healthy), light(Health::Degraded), light(Health::Unhealthy)];
    all.sort_by(f64::total_cmp);
    assert!(all[1] / all[0] > 1.35 && all[2] / all[1] > 1.35, "{all:?}");
}

#[test]
fn tiers_are_a_hue_that_frames_can_be_drawn_in() {
    for theme in all() {
        for role in [Role::TierDevelopment, Role::TierStaging, Role::TierProduction] {
            let style = theme.style(role);
            let plain = style.bg.is_none() && !style.add_modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED);
            assert!(plain, "{}: {role}", theme.name());
        }
    }
}

#[test]
fn the_default_theme_leaves_both_grounds_to_the_terminal() {
    let theme = shipped(super::DEFAULT).unwrap();
    assert_eq!(theme.background(), Color::Reset);
    for role in Role::ALL {
        assert!(theme.style(*role).bg.is_none_or(|bg| bg == Color::Reset), "{role}");
    }
}

#[test]
fn no_text_makes_the_reader_panic() {
    use proptest::prelude::*;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wild.toml");
    let line = prop_oneof![
        Just("[roles]".to_owned()),
        Just("[palette]".to_owned()),
        "(healthy|text|glyphs|inherits|background|é) = (\"[#a-f0-9é]{0,8}\"|[0-9-]{1,5}|\\{ fg = \"red\" \\}|\\[\\])",
        ".{0,30}",
    ];
    proptest!(ProptestConfig::with_cases(200), |(lines in prop::collection::vec(line, 0..6))| {
        std::fs::write(&path, lines.join("\n")).unwrap();
        for fault in super::book::check(&path) {
            prop_assert!(!fault.to_string().is_empty());
        }
    });
}
