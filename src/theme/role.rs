//! The one table of roles: everything on the screen is drawn in one of them. Views ask for a role, never for a colour.

use std::fmt;

use crate::model::{Health, LinkState, Tier};

macro_rules! roles {
    ($($variant:ident $name:literal $fallback:ident $doc:literal;)*) => {
        /// What a piece of the screen means.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role {
            $(#[doc = $doc] $variant,)*
        }

        impl Role {
            /// Every role, in the order of the listing.
            pub const ALL: &'static [Role] = &[$(Role::$variant,)*];

            /// The name used in themes.
            pub fn name(self) -> &'static str {
                match self { $(Role::$variant => $name,)* }
            }

            /// What is drawn in it, in one line.
            pub fn doc(self) -> &'static str {
                match self { $(Role::$variant => $doc,)* }
            }

            /// The role that stands in when a theme does not give this one; none for `text`.
            pub fn fallback(self) -> Option<Role> {
                let other = match self { $(Role::$variant => Role::$fallback,)* };
                (other != self).then_some(other)
            }
        }
    };
}

roles! {
    Text "text" Text "Plain text; its background fills the screen";
    Dim "dim" Text "What matters less: units, ages, quiet words";
    Strong "strong" Text "What matters more: names, numbers to read";
    Title "title" Strong "Titles of panes and popups";
    Header "header" Text "The line at the top";
    Footer "footer" Dim "The line at the bottom";
    Key "key" Strong "Key caps in the footer and in help";
    Border "border" Dim "Frames of panes";
    BorderFocused "border-focused" Border "The frame of the pane that has the focus";
    Accent "accent" Strong "The cursor and what is chosen";
    Selected "selected" Accent "The row under the cursor, laid over the colours of the row";
    Marked "marked" Accent "Rows that are marked";
    Match "match" Accent "The part of a line that a filter found";
    Input "input" Text "Text being typed";
    Code "code" Text "Commands and raw answers, shown as they are";
    Healthy "healthy" Text "State: as it should be";
    Degraded "degraded" Strong "State: works, but not as it should";
    Unhealthy "unhealthy" Strong "State: does not work";
    Unknown "unknown" Text "State: cannot be observed, or not yet";
    Stale "stale" Dim "State: observed too long ago to trust";
    Paused "paused" Dim "State: deliberately not observed";
    Spark "spark" Dim "Sparklines";
    TierDevelopment "tier-development" Header "The hue of a development environment: its name, and the frame that has the focus";
    TierStaging "tier-staging" Header "The hue of a staging environment: its name, and the frame that has the focus";
    TierProduction "tier-production" Strong "The hue of a production environment: its name, and the frame that has the focus";
    Fault "fault" Unhealthy "Something wrong in the deck, the theme or the keymap";
    Danger "danger" Unhealthy "What cannot be taken back, or goes over what others do";
    Notice "notice" Accent "A message from the console";
    ReadOnly "read-only" Dim "The badge that says nothing can be changed";
    Armed "armed" Degraded "The badge that says things can be changed";
}

impl Role {
    /// The role of a name.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.iter().copied().find(|r| r.name() == name)
    }

    /// Whether telling it from plain text matters so much that it is reversed where its background is lost.
    pub fn stands_out(self) -> bool {
        matches!(self, Role::Accent | Role::Selected | Role::Match | Role::Unhealthy | Role::Danger | Role::Armed)
    }
}

impl From<Health> for Role {
    fn from(health: Health) -> Self {
        match health {
            Health::Healthy => Role::Healthy,
            Health::Degraded => Role::Degraded,
            Health::Unhealthy => Role::Unhealthy,
            Health::Unknown => Role::Unknown,
            Health::Stale => Role::Stale,
            Health::Paused => Role::Paused,
        }
    }
}

impl From<LinkState> for Role {
    fn from(state: LinkState) -> Self {
        match state {
            LinkState::Live => Role::Healthy,
            LinkState::Degraded => Role::Degraded,
            LinkState::Idle | LinkState::Connecting => Role::Dim,
            LinkState::Lost | LinkState::Refused => Role::Unhealthy,
        }
    }
}

impl From<Tier> for Role {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::Development => Role::TierDevelopment,
            Tier::Staging => Role::TierStaging,
            Tier::Production => Role::TierProduction,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_falls_back_to_text_in_a_few_steps_and_names_are_unique() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.name()), Some(*role));
            let chain: Vec<Role> = std::iter::successors(Some(*role), |r| r.fallback()).take(9).collect();
            assert_eq!(chain.last(), Some(&Role::Text), "{chain:?}");
        }
    }
}
