//! The machine of a run: pure. Inputs in, entries for the journal and effects out; no clock, no I/O.
