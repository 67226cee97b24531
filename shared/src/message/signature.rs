//! Signatures of the signing suites.

/// A parsed public key of a signing suite. Cheap to clone.
#[derive(Clone, Debug)]
pub struct VerificationKey;
