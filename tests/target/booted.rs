//! Hosts that boot.
