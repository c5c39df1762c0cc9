//! The trace that an order leaves in the logs of all services that have to do with it, in the form of W3C Trace Context.

use std::fmt;

use super::super::shop::scatter;

/// A place in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    id: u128,
    span: u64,
}

impl Trace {
    /// A new one from a number that no other has.
    pub fn new(seed: u64) -> Self {
        let (high, low) = (scatter(seed), scatter(seed ^ u64::MAX));
        Self { id: u128::from(high) << 64 | u128::from(low), span: scatter(high) }
    }

    /// Of the header of a request.
    pub fn of(header: &str) -> Option<Self> {
        let mut parts = header.split('-').skip(1);
        let id = u128::from_str_radix(parts.next()?, 16).ok()?;
        let span = u64::from_str_radix(parts.next()?, 16).ok()?;
        (id != 0).then_some(Self { id, span })
    }

    /// The place in it of the `nth` that is asked.
    pub fn next(self, nth: usize) -> Self {
        Self { span: scatter(self.span.wrapping_add(nth as u64)), ..self }
    }

    /// The trace itself.
    pub fn id(&self) -> String {
        format!("{:032x}", self.id)
    }

    /// The place in it.
    pub fn span(&self) -> String {
        format!("{:016x}", self.span)
    }
}

impl fmt::Display for Trace {
    /// As the header has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", self.id, self.span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_goes_through_a_header_and_keeps_its_id() {
        let trace = Trace::new(7);
        assert_eq!(Trace::of(&trace.to_string()), Some(trace));
        assert_eq!(trace.next(0).id(), trace.id());
        assert_ne!(trace.next(0).span(), trace.next(1).span());
        assert_eq!(Trace::of("00-00000000000000000000000000000000-b7ad6b7169203331-01"), None);
        assert_eq!(Trace::of("gibberish"), None);
    }
}
