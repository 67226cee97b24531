//! Why a message was refused.

/// Why a message was refused. Texts name the field and the bound, never content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The bytes end within `field`.
    #[error("the message ends within its {field}")]
    Truncated {
        /// The field, in the format specification's words.
        field: &'static str,
    },
}
