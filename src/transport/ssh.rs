//! SSH: how a command reaches another machine. Host keys are judged and key files looked at here, in our own code;
//! nothing is decided by a library that does not know wildcards, authorities or revoked keys.

pub mod keyfile;
pub mod known;
pub mod wire;
