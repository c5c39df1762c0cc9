//! Secrets out of what steps print: by value, also when a value is split across reads.
