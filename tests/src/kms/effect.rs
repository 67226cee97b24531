//! What can happen to a call on demand.

use std::time::Duration;

use serde::Deserialize;

use super::operation::Operation;
use crate::script;

/// What happens to the next calls of an operation.
pub type ScriptedFault = script::ScriptedFault<Operation, Effect>;

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

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn fault(operation: Option<Operation>, times: u32, effect: Effect) -> ScriptedFault {
        ScriptedFault { operation, times: NonZeroU32::new(times).unwrap(), effect }
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
