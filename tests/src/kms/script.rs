//! Failures and delays on demand.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use super::operation::Operation;

/// What befalls the next calls of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedFault {
    /// The operation; every one if absent.
    pub operation: Option<Operation>,
    /// For how many calls.
    pub times: NonZeroU32,
    /// What happens.
    pub effect: Effect,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// It is answered with this error code.
    Fail {
        /// For example `KMSInternalException`; the HTTP status follows from it.
        code: String,
    },
    /// It is never answered; the connection stays open.
    Hang,
    /// The connection is closed without an answer.
    CloseConnection,
    /// It is answered, late.
    Delay {
        /// By so much.
        milliseconds: u64,
    },
}

impl Effect {
    /// The delay, if that is the effect.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        match self {
            Self::Delay { milliseconds } => Some(Duration::from_millis(*milliseconds)),
            _ => None,
        }
    }
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

    /// Forgets every fault that is still to come.
    pub(super) fn clear(&mut self) {
        self.faults.clear();
    }

    /// What befalls this call of `operation`, if anything.
    pub(super) fn next(&mut self, operation: Operation) -> Option<Effect> {
        let position = self.faults.iter().position(|fault| fault.operation.is_none_or(|one| one == operation))?;
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

    fn fault(operation: Option<Operation>, times: u32, effect: Effect) -> ScriptedFault {
        ScriptedFault { operation, times: NonZeroU32::new(times).unwrap(), effect }
    }

    #[test]
    fn a_fault_befalls_so_many_calls_of_its_operation() {
        let mut script = Script::default();
        script.add(fault(Some(Operation::Decrypt), 2, Effect::Hang));
        script.add(fault(None, 1, Effect::CloseConnection));
        assert_eq!(script.next(Operation::Decrypt), Some(Effect::Hang));
        assert_eq!(script.next(Operation::Encrypt), Some(Effect::CloseConnection));
        assert_eq!(script.next(Operation::Encrypt), None);
        assert_eq!(script.next(Operation::Decrypt), Some(Effect::Hang));
        assert_eq!(script.next(Operation::Decrypt), None);
    }

    #[test]
    fn a_fault_is_written_in_json() {
        let read = |text| serde_json::from_str::<ScriptedFault>(text).unwrap();
        let fail = Effect::Fail { code: "KMSInternalException".to_owned() };
        assert_eq!(
            read(r#"{"operation": "Decrypt", "times": 3, "effect": {"fail": {"code": "KMSInternalException"}}}"#),
            fault(Some(Operation::Decrypt), 3, fail)
        );
        assert_eq!(read(r#"{"times": 1, "effect": "hang"}"#), fault(None, 1, Effect::Hang));
        let delay = read(r#"{"times": 1, "effect": {"delay": {"milliseconds": 250}}}"#);
        assert_eq!(delay.effect.delay(), Some(Duration::from_millis(250)));
    }
}
