//! The questions to a PostgreSQL server and its answers: names and values as text, so that a server that may not or
//! cannot answer one of them still answers the others. Never judges.
//!
//! Source: PostgreSQL manual 10 to 18, "The Cumulative Statistics System" and "System Administration Functions". A role
//! without `pg_monitor` sees rows of other sessions, but with empty columns; the questions count those too. An empty
//! lag means "caught up" only where the state beside it can be seen.

use std::collections::HashMap;
use std::time::Duration;

/// One statement: `name, value` rows.
pub const QUESTIONS: &str = "
select 'version', current_setting('server_version')
union all select 'standby', pg_is_in_recovery()::text
union all select 'up', floor(extract(epoch from now() - pg_postmaster_start_time()))::bigint::text
union all select 'limit', (current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true), '0')::int)::text
union all select 'used', count(*)::text from pg_stat_activity
    where coalesce(backend_type, 'client backend') = 'client backend' and datname is not null
union all select 'standbys', count(*)::text from pg_stat_replication r
    left join pg_replication_slots s on s.active_pid = r.pid
    where coalesce(r.state, 'streaming') in ('streaming', 'catchup') and coalesce(s.slot_type, 'physical') = 'physical'
union all select 'user', quote_ident(current_user)
union all select 'hidden', count(*)::text from pg_stat_replication where state is null
union all select 'replay-lag', extract(epoch from max(replay_lag))::text from pg_stat_replication
union all select 'behind', max(pg_wal_lsn_diff(sent_lsn, replay_lsn))::bigint::text from pg_stat_replication
union all select 'receiver', coalesce(status, 'streaming') from pg_stat_wal_receiver
union all select 'caught-up', (pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn())::text where pg_is_in_recovery()
union all select 'replayed', extract(epoch from now() - pg_last_xact_replay_timestamp())::text
    where pg_is_in_recovery()";

/// What a server said of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// `15.8 (Debian 15.8-0+deb12u1)`.
    pub version: Option<String>,
    /// Whether it follows another server.
    pub standby: bool,
    /// How long it has been up.
    pub up: Option<Duration>,
    /// Connections in use by clients.
    pub used: Option<i64>,
    /// Connections that ordinary clients may have in all.
    pub limit: Option<i64>,
    /// On a primary: how many standbys stream from it.
    pub standbys: i64,
    /// On a primary: how many of its senders do not show their state, and so not their lag, to this role.
    pub hidden: i64,
    /// The role that asks, quoted as SQL needs it.
    pub user: Option<String>,
    /// On a primary: the slowest standby's lag; none when all have caught up, there is none, or it is hidden.
    pub replay_lag: Option<Duration>,
    /// On a primary: most bytes sent to a standby and not replayed there.
    pub behind: Option<i64>,
    /// On a standby: the state of its receiver; none when there is no receiver.
    pub receiver: Option<String>,
    /// On a standby: whether all that was received is replayed. True as well when the primary is gone.
    pub caught_up: bool,
    /// On a standby: how long ago the last replayed transaction was committed. Grows on an idle primary.
    pub replayed: Option<Duration>,
}

impl Answer {
    /// From names and values; none when even the role is missing.
    pub fn read(cells: impl IntoIterator<Item = (String, String)>) -> Option<Self> {
        let cells: HashMap<String, String> = cells.into_iter().collect();
        let get = |name: &str| cells.get(name).map(String::as_str);
        let number = |name: &str| get(name)?.parse::<i64>().ok();
        let seconds = |name: &str| {
            let seconds = get(name)?.parse::<f64>().ok()?;
            // Clocks of two servers may differ a little: the future counts as now.
            Duration::try_from_secs_f64(seconds.max(0.0)).ok()
        };
        Some(Self {
            version: get("version").map(str::to_owned),
            standby: matches!(get("standby")?, "true" | "t"),
            up: seconds("up"),
            used: number("used"),
            limit: number("limit"),
            standbys: number("standbys").unwrap_or(0),
            hidden: number("hidden").unwrap_or(0),
            user: get("user").map(str::to_owned),
            replay_lag: seconds("replay-lag"),
            behind: number("behind"),
            receiver: get("receiver").map(str::to_owned),
            caught_up: matches!(get("caught-up"), Some("true" | "t")),
            replayed: seconds("replayed"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn missing_answers_leave_the_others_standing() {
        let cells = [("standby", "true"), ("replayed", "-0.2"), ("used", "many")];
        let answer = Answer::read(cells.map(|(n, v)| (n.to_owned(), v.to_owned()))).unwrap();
        assert!(answer.standby);
        assert_eq!((answer.replayed, answer.used), (Some(Duration::ZERO), None));
        assert_eq!(Answer::read([]), None);
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(name in "standby|up|used|replayed|replay-lag", value in any::<String>()) {
            Answer::read([("standby".to_owned(), "f".to_owned()), (name, value)]);
        }

        #[test]
        fn no_number_makes_it_panic(value in any::<f64>()) {
            Answer::read([("standby".to_owned(), "t".to_owned()), ("replayed".to_owned(), value.to_string())]);
        }
    }
}
