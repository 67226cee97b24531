//! Bad input: an error in words and the exit code 1, or a report; never a panic.

use std::io::Write;
use std::process::{Command, Stdio};

use super::run;

fn fails_with(arguments: &[&str], input: &[u8], said: &str) {
    let output = run(arguments, input);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(output.stdout.is_empty());
    assert!(error.starts_with("error: ") && error.contains(said) && error.lines().count() == 1, "{error}");
}

#[test]
fn an_error_of_the_input_exits_with_1_and_says_what_it_is() {
    fails_with(&[], b"", "standard input is empty");
    fails_with(&["-"], b"{\"Records\": [", "standard input ends within a JSON document");
    fails_with(&[], b"{\"Records\": [}", "standard input is not valid JSON at line 1, column 14");
    fails_with(&[], b"{\"Records\": []}", "there is no record");
    fails_with(&["/nonexistent"], b"", "/nonexistent cannot be read");
}

#[test]
fn a_wrong_command_line_exits_with_2_and_says_what_is_allowed() {
    for (arguments, said) in [
        (&["--shards", "0"][..], "a whole number from 1 to 100000 is expected"),
        (&["--parallelization-factor", "11"], "a whole number from 1 to 10 is expected"),
        (&["--records-per-second", "-1"], "unexpected argument"),
        (&["--records-per-second", "NaN"], "a number above 0"),
        (&["--max-age-seconds", "86401"], "whole seconds from 1 to 86400 are expected"),
        (&["--format", "yaml"], "possible values: text, json"),
    ] {
        let output = run(arguments, b"");
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn garbage_is_a_report_that_says_so() {
    let output = run(&[], &[0xEE; 5_000]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text.starts_with("Nothing here is encrypted in a way that Warmkeys reads."), "{text}");
    assert!(text.contains("nothing that is known"), "{text}");
}

#[test]
fn a_gigabyte_that_nests_or_is_one_number_ends_at_once() {
    for (begin, repeated, said) in [("", b'[', "more than 100 levels"), ("[", b'9', "a number of more than")] {
        let mut child = Command::new(local_stack::binaries::warmkeys().unwrap())
            .arg("inspect")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(begin.as_bytes()).unwrap();
        let block = [repeated; 1 << 20];
        let written = (0..1_024).take_while(|_| input.write_all(&block).is_ok()).count();
        drop(input);
        let output = child.wait_with_output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && error.contains(said), "{error}");
        assert!(written < 10, "it read {written} MiB");
    }
}

#[test]
fn the_report_fits_a_terminal_of_a_hundred_columns() {
    for entry in std::fs::read_dir(local_stack::events::directory()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let output = run(&["--records-per-second", "2500", path.to_str().unwrap()], b"");
            let text = String::from_utf8(output.stdout).unwrap();
            for line in text.lines().filter(|line| !line.contains("arn:aws:")) {
                assert!(line.chars().count() <= 100, "{}: {line}", path.display());
            }
        }
    }
}
