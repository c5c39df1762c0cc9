//! SSH: how the console reaches hosts. What a user's own `ssh` would do for a host is read by [`config`]; nothing here
//! asks a target for more than sshd and a shell.

pub mod config;
