//! Failures and delays on demand, in an embedded service whose operations are `O` and whose effects on a call are `E`.

use std::num::NonZeroU32;

use serde::Deserialize;

/// What happens to the next calls of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedFault<O, E> {
    /// The operation; every one if absent.
    pub operation: Option<O>,
    /// For how many calls.
    pub times: NonZeroU32,
    /// What happens.
    pub effect: E,
}

/// Faults still to come, in order. The first one that fits a call happens to it.
#[derive(Debug)]
pub(crate) struct Script<O, E> {
    faults: Vec<ScriptedFault<O, E>>,
}

impl<O, E> Default for Script<O, E> {
    fn default() -> Self {
        Self { faults: Vec::new() }
    }
}

impl<O: PartialEq, E: Clone> Script<O, E> {
    /// Adds a fault behind those that are still to come.
    pub(crate) fn add(&mut self, fault: ScriptedFault<O, E>) {
        self.faults.push(fault);
    }

    /// Forgets every fault that is still to come.
    pub(crate) fn clear(&mut self) {
        self.faults.clear();
    }

    /// What happens to this call of `operation`, if anything.
    pub(crate) fn next(&mut self, operation: &O) -> Option<E> {
        let position =
            self.faults.iter().position(|fault| fault.operation.as_ref().is_none_or(|one| one == operation))?;
        let fault = self.faults.get_mut(position)?;
        let effect = fault.effect.clone();
        match NonZeroU32::new(fault.times.get() - 1) {
            Some(left) => fault.times = left,
            None => drop(self.faults.remove(position)),
        }
        Some(effect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_happens_to_so_many_calls_of_its_operation_or_of_any() {
        let fault = |operation, times, effect| {
            let times = NonZeroU32::new(times).unwrap();
            ScriptedFault { operation, times, effect }
        };
        let mut script = Script::default();
        script.add(fault(Some("read"), 2, "hang"));
        script.add(fault(None, 1, "close"));
        assert_eq!(script.next(&"read"), Some("hang"));
        assert_eq!(script.next(&"write"), Some("close"));
        assert_eq!(script.next(&"write"), None);
        assert_eq!(script.next(&"read"), Some("hang"));
        assert_eq!(script.next(&"read"), None);
        script.add(fault(None, 1, "hang"));
        script.clear();
        assert_eq!(script.next(&"read"), None);
    }
}
