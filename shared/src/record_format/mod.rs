//! Reads a payload as what it is: a message, a bare KMS ciphertext.
