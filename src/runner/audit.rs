//! The audit log: one JSON line a fact, each holding the hash of the one before. What cannot be written is not done.
