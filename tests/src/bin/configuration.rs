//! Writes CONFIGURATION.md from what the functions read: `cargo configuration`. The prose around the tables stays.

use std::fs;
use std::io;

use local_stack::configuration::{DOCUMENTATION, documentation, root};

fn main() -> io::Result<()> {
    let path = root().join(DOCUMENTATION);
    fs::write(&path, documentation(&fs::read_to_string(&path)?)?)
}
