//! The runner: the only room from which anything outside is changed. So far it holds the wall alone: a [`Permit`],
//! which every mutating call of a transport takes and which nobody can make yet.

/// Leave to change something. Made by the gate alone, so that a view or a source that tries to act does not compile.
///
/// ```compile_fail
/// let permit = quarterdeck::runner::Permit(());
/// ```
#[derive(Debug)]
pub struct Permit(());

#[cfg(any(test, feature = "trial"))]
impl Permit {
    /// For tests and benchmarks of transports. Not in a released binary.
    pub fn for_trial() -> Self {
        Self(())
    }
}
