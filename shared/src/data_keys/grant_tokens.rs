//! Grants that KMS may not know of everywhere yet.

use std::fmt;

/// Grant tokens to present with every request: at most 10, each of 1 to 8,192 bytes.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#grant_token>
#[derive(Clone, Default, PartialEq, Eq)]
pub struct GrantTokens(Vec<String>);

impl GrantTokens {
    /// The most grant tokens that KMS accepts in a request.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#KMS-Decrypt-request-GrantTokens>
    pub const MAX_TOKENS: usize = 10;

    /// The longest grant token that KMS accepts.
    pub const MAX_TOKEN_BYTES: usize = 8_192;

    /// These tokens.
    ///
    /// # Errors
    /// [`GrantTokensError`] if there are too many, or one is empty or too long.
    pub fn new(tokens: Vec<String>) -> Result<Self, GrantTokensError> {
        let fits = |token: &String| (1..=Self::MAX_TOKEN_BYTES).contains(&token.len());
        if tokens.len() <= Self::MAX_TOKENS && tokens.iter().all(fits) {
            Ok(Self(tokens))
        } else {
            Err(GrantTokensError)
        }
    }

    /// The tokens, in the order given.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Debug for GrantTokens {
    /// Without the tokens, which grant something.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrantTokens({})", self.0.len())
    }
}

/// There are too many grant tokens, or one is empty or too long. The tokens are not repeated in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {} grant tokens of 1 to {} bytes are allowed", GrantTokens::MAX_TOKENS, GrantTokens::MAX_TOKEN_BYTES)]
pub struct GrantTokensError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eleven_grant_tokens_or_an_empty_or_too_long_one_are_refused() {
        assert!(GrantTokens::new(vec!["t".into(); 10]).is_ok());
        assert_eq!(GrantTokens::new(vec!["t".into(); 11]), Err(GrantTokensError));
        assert_eq!(GrantTokens::new(vec![String::new()]), Err(GrantTokensError));
        assert!(GrantTokens::new(vec!["t".repeat(8_192)]).is_ok());
        assert_eq!(GrantTokens::new(vec!["t".repeat(8_193)]), Err(GrantTokensError));
    }

    #[test]
    fn debug_shows_no_grant_token() {
        let tokens = GrantTokens::new(vec!["secret".into()]).unwrap();
        assert_eq!(format!("{tokens:?}"), "GrantTokens(1)");
    }
}
