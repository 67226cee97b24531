//! Failures and delays on demand.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use super::operation::Operation;

/// What befalls the next calls of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptedFault {
    /// The operation.
    pub operation: Operation,
    /// For how many calls.
    pub times: NonZeroU32,
    /// What happens.
    pub effect: Effect,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is answered with this error code, and not carried out.
    Fail {
        /// For example `KMSThrottlingException`; the HTTP status follows from it.
        code: String,
    },
    /// Every nth entry of a `PutRecords` request fails with `InternalFailure`; the others are carried out.
    FailEntries {
        /// 1 for every one.
        nth: NonZeroUsize,
    },
    /// It is not carried out and never answered; the connection stays open.
    Hang,
    /// The connection is closed without an answer.
    CloseConnection {
        /// Whether the call is carried out before.
        carried_out: bool,
    },
    /// It is answered, late.
    Delay(Duration),
}

/// Faults still to come, in order. The first one that fits a call befalls it.
#[derive(Debug, Default)]
pub(super) struct Script {
    faults: Vec<ScriptedFault>,
}

impl Script {
    /// Adds a fault behind those that are still to come.
    pub(super) fn add(&mut self, fault: ScriptedFault) {
        self.faults.push(fault);
    }

    /// What befalls this call of `operation`, if anything.
    pub(super) fn next(&mut self, operation: Operation) -> Option<Effect> {
        let position = self.faults.iter().position(|fault| fault.operation == operation)?;
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
    fn a_fault_befalls_so_many_calls_of_its_operation() {
        let mut script = Script::default();
        let times = NonZeroU32::new(2).unwrap();
        script.add(ScriptedFault { operation: Operation::PutRecords, times, effect: Effect::Hang });
        assert_eq!(script.next(Operation::ListShards), None);
        assert_eq!(script.next(Operation::PutRecords), Some(Effect::Hang));
        assert_eq!(script.next(Operation::PutRecords), Some(Effect::Hang));
        assert_eq!(script.next(Operation::PutRecords), None);
    }
}
