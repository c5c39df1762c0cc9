//! Records of releases as runs leave them.

