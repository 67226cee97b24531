//! The programs that are started by hand: what they say to `--help` and to a wrong command line, and how they end.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use super::http::post;

/// The programs, each with a wrong argument and what has to be said about it.
const PROGRAMS: [(&str, &str, &[&str], &str); 8] = [
    ("chaos", env!("CARGO_BIN_EXE_chaos"), &["--seeds", "0"], "a whole number from 1 on is expected"),
    (
        "configuration",
        env!("CARGO_BIN_EXE_configuration"),
        &["CONFIGURATION.md"],
        "unexpected argument 'CONFIGURATION.md'",
    ),
    ("demo", env!("CARGO_BIN_EXE_demo"), &["--records", "many"], "a whole number from 1 on is expected"),
    ("local", env!("CARGO_BIN_EXE_local"), &["--timeout-seconds", "0"], "whole seconds from 1 to 900 are expected"),
    (
        "embedded-kms",
        env!("CARGO_BIN_EXE_embedded-kms"),
        &["--listen", "0.0.0.0:80"],
        "a loopback address with a port is expected",
    ),
    (
        "embedded-kinesis",
        env!("CARGO_BIN_EXE_embedded-kinesis"),
        &["--latency-milliseconds", "1s"],
        "a whole number of milliseconds is expected",
    ),
    (
        "throttling-proxy",
        env!("CARGO_BIN_EXE_throttling-proxy"),
        &["--upstream", "localhost"],
        "a host with a port is expected",
    ),
    ("footprint", env!("CARGO_BIN_EXE_footprint"), &["--binary"], "a value is required for '--binary <PATH>'"),
];

/// Programs that tests and other programs start.
const STARTED_BY_PROGRAMS: [&str; 3] = ["call-per-record", "interoperate", "scripted-function"];

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn every_program_that_is_started_by_hand_is_checked_here() {
    let package = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(package.join("src/bin")).unwrap().map(|entry| entry.unwrap().path());
    let mut there: Vec<_> = entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let mut checked: Vec<_> = PROGRAMS.iter().map(|program| program.0).chain(STARTED_BY_PROGRAMS).collect();
    there.sort();
    checked.sort_unstable();
    assert_eq!(there, checked);
}

#[test]
fn help_tells_purpose_and_options_and_is_a_success() {
    for (name, program, arguments, _) in PROGRAMS {
        for help in ["--help", "-h"] {
            let output = run(program, &[help]);
            assert_eq!(output.status.code(), Some(0), "{name}");
            assert!(output.stderr.is_empty(), "{name}");
            let said = text(&output.stdout);
            assert!(said.contains("Usage:") && said.contains(arguments[0]), "{name}: {said}");
        }
    }
}

#[test]
fn a_wrong_argument_is_told_what_is_allowed_and_exits_with_2() {
    for (name, program, arguments, expected) in PROGRAMS {
        let output = run(program, arguments);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(output.stdout.is_empty(), "{name}");
        let said = text(&output.stderr);
        assert!(said.contains(expected) && said.contains("--help"), "{name}: {said}");
    }
}

#[test]
fn an_unknown_option_exits_with_2_and_shows_the_usage() {
    for (name, program, ..) in PROGRAMS {
        let output = run(program, &["--colour", "red"]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let said = text(&output.stderr);
        assert!(said.contains("unexpected argument '--colour'") && said.contains("Usage:"), "{name}: {said}");
    }
}

#[test]
fn a_program_that_fails_says_why_in_words_and_exits_with_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let listen: &[&str] = &["--listen", &address];
    let proxy = [listen, &["--upstream", "127.0.0.1:1", "--requests-per-second", "1"]].concat();
    let missing: &[&str] = &["--binary", "/nonexistent/bootstrap"];
    let cases =
        [("embedded-kms", listen), ("embedded-kinesis", listen), ("throttling-proxy", &proxy), ("footprint", missing)];
    for (name, arguments) in cases {
        let program = PROGRAMS.iter().find(|program| program.0 == name).unwrap().1;
        let output = run(program, arguments);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let said = text(&output.stderr);
        assert!(said.starts_with("error: ") && !said.contains(['{', '}']), "{name}: {said}");
    }
}

#[tokio::test]
async fn cargo_local_serves_what_it_says_until_it_is_asked_to_end() {
    let mut local = Command::new(env!("CARGO_BIN_EXE_local"))
        .args(["--port", "0", "--kms-port", "0", "--kinesis-port", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(local.stdout.take().unwrap()).lines().map(Result::unwrap);
    let greeting: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty() || line.contains("Ctrl-C")).collect();
    let commands: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    assert!(greeting.iter().any(|line| line.starts_with("KMS ")), "{greeting:?}");
    let curl = commands.iter().find(|line| line.contains("events/all-decryptable.json")).unwrap();
    let url = curl.split_whitespace().last().unwrap();
    let event = std::fs::read(local_stack::events::directory().join("all-decryptable.json")).unwrap();
    assert_eq!(post(url, event).await.body["batchItemFailures"], serde_json::json!([]));
    let shown: Vec<_> = lines.by_ref().take(5).collect();
    assert!(shown.iter().all(|line| line.starts_with("stream-decryptor | {")), "{shown:?}");

    // As Ctrl-C, but this sends it to the one process.
    assert!(Command::new("kill").args(["-INT", &local.id().to_string()]).status().unwrap().success());
    assert_eq!(local.wait().unwrap().code(), Some(0));
    let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
    assert!(TcpStream::connect(address).is_err(), "nothing listens any more");
}
