//! `sql`: one statement on a PostgreSQL server, from this machine or from a host's point of view. The session only reads
//! unless the step says that it writes; inputs are parameters, never text. A step that is ended asks the server to cancel.

mod cell;
mod parameters;

use std::time::Duration;

use regex::Regex;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, SimpleQueryMessage};

use super::http::way;
use super::{Setting, StepEnd};
use crate::model::Text;
use crate::model::runbook::{Action, SqlCall};
use crate::secret::SecretRef;
use crate::source::health::postgres::session::{Address, Session, Wish};
use cell::{Cell, Words};
use parameters::Statement;

/// Rows that are printed.
const MOST_ROWS: usize = 100;
/// What was cancelled answers within this long.
const CANCELLED: Duration = Duration::from_secs(10);

/// Runs the statement.
pub async fn run(setting: &Setting<'_>) -> StepEnd {
    let Action::Sql(call) = &setting.step.action else {
        return StepEnd::Failed("it is no sql step".into());
    };
    let ready = tokio::select! {
        biased;
        () = setting.stop.cancelled() => return StepEnd::Cancelled,
        ready = ready(call, setting) => ready,
    };
    match ready {
        Ok(ready) => ready.run(call, setting).await,
        Err(why) => StepEnd::Failed(why),
    }
}

/// What is needed before anything is sent.
struct Ready {
    statement: Statement,
    expect: Option<Regex>,
    address: Address,
    wish: Wish,
}

async fn ready(call: &SqlCall, setting: &Setting<'_>) -> Result<Ready, Text> {
    let statement = Statement::read(&call.statement, setting.values)?;
    let expect = call.expect.as_deref().map(Regex::new).transpose();
    let expect = expect.map_err(|e| Text::from(format!("`expect` is no regular expression: {e}")))?;
    let address = Address::read(&call.url).map_err(|why| Text::from(format!("the address cannot be used: {why}")))?;
    let password = match &call.password {
        None => None,
        Some(reference) => {
            let reference = SecretRef::parse(reference).map_err(|e| Text::from(e.to_string()))?;
            let found = setting.surroundings.vault.reveal(&reference).await;
            Some(found.map_err(|e| Text::from(e.to_string()))?)
        }
    };
    let through = way(setting.host, setting)?;
    let wish = Wish { password, through, limit: setting.step.timeout, writes: call.writes };
    Ok(Ready { statement, expect, address, wish })
}

/// Columns and rows, as far as they are kept.
#[derive(Default)]
struct Answer {
    rows: Vec<Vec<Option<String>>>,
    count: u64,
}

impl Ready {
    async fn run(self, call: &SqlCall, setting: &Setting<'_>) -> StepEnd {
        let connected = tokio::select! {
            biased;
            () = setting.stop.cancelled() => return StepEnd::Cancelled,
            connected = self.address.connect(&self.wish) => connected,
        };
        let (session, drive) = match connected {
            Ok(connected) => connected,
            Err(trouble) => return StepEnd::Failed(trouble.reason.into()),
        };
        let driver = tokio::spawn(drive);
        let token = session.client.cancel_token();
        let asked = self.ask(&session);
        tokio::pin!(asked);
        let answered = tokio::select! {
            biased;
            answered = &mut asked => answered,
            () = setting.stop.cancelled() => {
                if let Err(why) = session.cancel(token).await {
                    (setting.say)(&format!("the server cannot be asked to cancel: {why}"));
                }
                match tokio::time::timeout(CANCELLED, &mut asked).await {
                    Ok(answered) => answered,
                    Err(_) if call.writes => {
                        driver.abort();
                        return StepEnd::Unknown("the server did not say whether it cancelled the statement".into());
                    }
                    Err(_) => {
                        driver.abort();
                        return StepEnd::Cancelled;
                    }
                }
            }
        };
        let end = match answered {
            Ok(answer) => self.judge(&answer, setting),
            Err(error) => judge_error(&error, &session, call, setting),
        };
        driver.abort();
        end
    }

    /// Without parameters as it stands, so that it may be several statements; with them as one that is prepared.
    async fn ask(&self, session: &Session) -> Result<Answer, Error> {
        let mut answer = Answer::default();
        if self.statement.values.is_empty() {
            for message in session.client.simple_query(&self.statement.text).await? {
                match message {
                    SimpleQueryMessage::Row(row) if answer.rows.len() < MOST_ROWS => {
                        answer.rows.push((0..row.len()).map(|at| row.get(at).map(ToOwned::to_owned)).collect());
                    }
                    SimpleQueryMessage::CommandComplete(count) => answer.count += count,
                    _ => {}
                }
            }
            return Ok(answer);
        }
        let values: Vec<Words> = self.statement.values.iter().map(|v| Words(v.clone())).collect();
        let parameters: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            values.iter().map(|v| v as &(dyn tokio_postgres::types::ToSql + Sync)).collect();
        let prepared = session.client.prepare(&self.statement.text).await?;
        if prepared.columns().is_empty() {
            answer.count = session.client.execute(&prepared, &parameters).await?;
            return Ok(answer);
        }
        for row in session.client.query(&prepared, &parameters).await? {
            answer.count += 1;
            if answer.rows.len() < MOST_ROWS {
                let cells = (0..row.len()).map(|at| row.try_get::<_, Option<Cell>>(at).map(|c| c.map(|c| c.0)));
                answer.rows.push(cells.collect::<Result<_, _>>()?);
            }
        }
        Ok(answer)
    }

    fn judge(&self, answer: &Answer, setting: &Setting<'_>) -> StepEnd {
        for row in &answer.rows {
            let cells: Vec<&str> = row.iter().map(|cell| cell.as_deref().unwrap_or("∅")).collect();
            (setting.say)(&cells.join("\t"));
        }
        (setting.say)(&format!("{} {}", answer.count, if answer.count == 1 { "row" } else { "rows" }));
        let Some(expect) = &self.expect else { return StepEnd::Ok { exit: None } };
        let first = answer.rows.first().and_then(|row| row.first());
        match first {
            None => StepEnd::Failed(format!("it gave no row; its first column should match {expect}").into()),
            Some(None) => StepEnd::Failed(format!("its first column is null; it should match {expect}").into()),
            Some(Some(cell)) if expect.is_match(cell) => StepEnd::Ok { exit: None },
            Some(Some(cell)) => {
                let cell = Text::line_at_most(cell, 100);
                StepEnd::Failed(format!("its first column is `{cell}`; it should match {expect}").into())
            }
        }
    }
}

fn judge_error(error: &Error, session: &Session, call: &SqlCall, setting: &Setting<'_>) -> StepEnd {
    let words = session.words(error);
    if error.code() == Some(&SqlState::QUERY_CANCELED) && setting.stop.is_cancelled() {
        return StepEnd::Cancelled;
    }
    // The server said so itself: the statement, or the last one, was rolled back.
    if error.as_db_error().is_some() || !call.writes {
        return StepEnd::Failed(words.into());
    }
    StepEnd::Unknown(format!("whether the statement was carried out is not known: {words}").into())
}
