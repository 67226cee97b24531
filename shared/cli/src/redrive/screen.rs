//! What is told while a redrive works: results on standard output, everything else on standard error.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

/// A line of the result.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// How it goes.
pub(crate) fn progress(text: &str) {
    eprintln!("{text}");
}

/// Something that people have to know.
pub(crate) fn warn(text: &str) {
    eprintln!("warning: {text}");
}

/// Why it ends.
pub(crate) fn error(text: &str) {
    eprintln!("error: {text}");
}
