//! Files that a target keeps for runs: the mirror of a run's own, records of releases with copies of files. Whole or not
//! at all; flushed before it is said that they are there.

use std::collections::BTreeMap;
use std::time::Duration;

use super::call::{MOST, PATIENCE, Piece, encoded};
use super::script::is_task;
use super::{Record, Target, TargetError};
use crate::model::RunId;
use crate::runner::Permit;

/// The largest file that is fetched.
const MOST_FILE: usize = 16 << 20;
/// Old folders may be many and large.
const TIDY_TIME: Duration = Duration::from_mins(5);
/// Files that are kept may be large.
const KEEP_TIME: Duration = Duration::from_mins(10);

impl Target {
    /// Writes a file of the run's folder from this offset on, or all of it, flushed. What was there beyond is cut off.
    pub async fn mirror(
        &self,
        permit: &Permit,
        run: &RunId,
        file: &str,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), TargetError> {
        let path = self.of_run(run, file)?;
        let words = [path.as_str(), &offset.to_string(), &bytes.len().to_string()];
        let patience = PATIENCE + Duration::from_secs(bytes.len() as u64 >> 16);
        self.tell_for(patience, permit, Piece::Keep, "mirror", &words, bytes).await.map(drop)
    }

    /// A file of a run's folder, or of a task of it (`switch-1/log`); none when there is none. At most 16 MiB.
    pub async fn fetch(&self, run: &RunId, file: &str) -> Result<Option<Vec<u8>>, TargetError> {
        let path = format!("runs/{}", self.of_run(run, file)?);
        let most = (MOST_FILE + 1).to_string();
        let answer = self.ask(Piece::Keep, "get", &[&path, &most], MOST_FILE + 1).await?;
        if answer.stdout.len() > MOST_FILE {
            return Err(self.refuse(format!("{path} there is larger than 16 MiB, which no file of a run is")));
        }
        Ok(answer.says("there").then_some(answer.stdout))
    }

    fn of_run(&self, run: &RunId, file: &str) -> Result<String, TargetError> {
        if file.split('/').all(is_task) && file.split('/').count() <= 2 {
            return Ok(format!("{run}/{file}"));
        }
        Err(self.refuse(format!("`{file}` is no file of a run")))
    }

    /// The runs that have a folder there, the newest first.
    pub async fn runs(&self) -> Result<Vec<RunId>, TargetError> {
        let answer = self.ask(Piece::Keep, "runs", &[], 4 << 20).await?;
        let mut runs: Vec<RunId> = answer.text().lines().filter_map(RunId::parse).collect();
        runs.sort_unstable_by(|a, b| b.cmp(a));
        Ok(runs)
    }

    /// Removes folders of runs that ended more than this long ago; releases and their files stay.
    pub async fn tidy(&self, permit: &Permit, older: Duration) -> Result<(), TargetError> {
        let minutes = (older.as_secs() / 60).max(1).to_string();
        self.tell_for(TIDY_TIME, permit, Piece::Keep, "tidy", &[&minutes], b"").await.map(drop)
    }

    /// The records of a key, the newest first.
    pub async fn records(&self, key: &str) -> Result<Vec<Record>, TargetError> {
        let answer = self.ask(Piece::Keep, "records", &[&encoded(key)], MOST_FILE).await?;
        if answer.truncated {
            return Err(self.refuse(format!("the records of {key} are larger than 16 MiB; remove some there")));
        }
        let text = answer.text();
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let records = lines.map(|line| self.read(line, &format!("a record of {key}")));
        let mut records: Vec<Record> = records.collect::<Result<_, _>>()?;
        records.sort_by(|a, b| b.run.cmp(&a.run));
        Ok(records)
    }

    /// Keeps a record; at most `keep` stay, and never fewer than the one before.
    pub async fn record(&self, permit: &Permit, key: &str, record: &Record, keep: usize) -> Result<(), TargetError> {
        let written = self.written(record)?;
        let (length, keep) = (written.len().to_string(), keep.max(2).to_string());
        let words = [&encoded(key), record.run.as_str(), &length, &keep];
        self.tell(permit, Piece::Keep, "record", &words, &written).await.map(drop)
    }

    /// Copies files of the target beside a record of this run: path to SHA-256 and name of the copy.
    pub async fn keep_files(
        &self,
        permit: &Permit,
        key: &str,
        run: &RunId,
        files: &[String],
    ) -> Result<BTreeMap<String, (String, String)>, TargetError> {
        let key = encoded(key);
        let words: Vec<&str> =
            [key.as_str(), run.as_str()].into_iter().chain(files.iter().map(String::as_str)).collect();
        let answer = self.tell_for(KEEP_TIME, permit, Piece::Keep, "keep", &words, b"").await?;
        let text = answer.text();
        let kept = text.lines().filter_map(|line| line.split_once(' '));
        let kept: Vec<(String, String)> = kept.map(|(sum, name)| (sum.to_owned(), name.to_owned())).collect();
        if kept.len() != files.len() || text.len() > MOST {
            return Err(self.refuse("which files were kept cannot be read"));
        }
        Ok(files.iter().cloned().zip(kept).collect())
    }
}
