//! What can happen to a call on demand.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::operation::Operation;
use crate::script;

/// What happens to the next calls of an operation.
pub type ScriptedFault = script::ScriptedFault<Operation, Effect>;

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
