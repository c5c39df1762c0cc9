//! Several hosts: batches, a canary, what a runbook bears, and going on where it failed.

