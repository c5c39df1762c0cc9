//! the driver over this machine, and over links that fail
