//! The journal of a run on this machine: `runs/ID/{plan.json,runbook.md,journal.jsonl}` in the state folder. Every entry is
//! flushed to the disk before what it announces.
