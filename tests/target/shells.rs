//! Odd shells of hosts.
