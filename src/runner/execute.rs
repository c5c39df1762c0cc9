//! Carries out what the machine wants, and tells it what came of it.
