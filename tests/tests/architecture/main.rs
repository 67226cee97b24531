//! The rules of ARCHITECTURE.md, checked on the sources.
#![cfg(test)]

mod imports;
mod layers;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The Rust files below `folder`, as paths from the workspace's root.
fn sources(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} has no sources");
    found.sort();
    found.into_iter().map(|path| path.strip_prefix(root()).unwrap().to_owned()).collect()
}

/// Whether a source is only there under test: tests and their support may read the environment and the time.
fn is_test(path: &Path) -> bool {
    path.with_extension("").components().any(|part| {
        let name = part.as_os_str().to_str().unwrap_or_default();
        name == "testing" || name == "tests" || name.ends_with("_tests")
    })
}

/// A source without its comments, so that documentation may name what code may not.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(root().join(path)).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Asserts that of the sources below `folder`, only those below one of `allowed` name one of `words`.
fn only_these_name(folder: &str, allowed: &[&str], words: &[&str]) {
    for path in sources(folder) {
        if is_test(&path) || allowed.iter().any(|allowed| path.starts_with(allowed)) {
            continue;
        }
        let code = code(&path);
        for word in words {
            assert!(!code.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn the_message_format_knows_neither_aws_nor_tokio_nor_clocks() {
    only_these_name(
        "shared/src/message",
        &[],
        &[
            "aws_sdk",
            "aws_config",
            "lambda",
            "tokio",
            "crate::clock",
            "SystemTime",
            "Instant",
            "crate::kms",
            "crate::batch",
        ],
    );
}

#[test]
fn retry_and_the_materials_cache_know_neither_data_keys_nor_aws_nor_lambda() {
    for folder in ["shared/src/retry", "shared/src/materials_cache"] {
        let words = ["aws_sdk", "aws_config", "lambda_", "crate::data_keys", "crate::kms", "crate::batch"];
        only_these_name(folder, &[], &words);
    }
}

#[test]
fn inspect_asks_nobody() {
    let words = ["aws_", "tokio", "std::net", "std::env", "async ", "redrive", "warmkeys::kinesis", "warmkeys::kms"];
    only_these_name("shared/cli/src/inspect", &[], &words);
}

#[test]
fn only_kms_names_the_kms_sdk() {
    only_these_name("shared/src", &["shared/src/kms"], &["aws_sdk_kms"]);
    only_these_name("functions", &[], &["aws_sdk_"]);
}

#[test]
fn only_kinesis_sinks_and_quarantine_name_the_sdks_of_what_they_write_to() {
    only_these_name("shared/src", &["shared/src/kinesis/client.rs"], &["aws_sdk_kinesis"]);
    only_these_name("shared/src", &["shared/src/sinks"], &["aws_sdk_firehose"]);
    only_these_name(
        "shared/src",
        &["shared/src/sqs", "shared/src/aws", "shared/src/delivery", "shared/src/text"],
        &["aws_sdk_sqs"],
    );
    only_these_name("shared/src", &["shared/src/s3"], &["aws_sdk_s3"]);
}

#[test]
fn the_stream_writer_knows_neither_sinks_nor_quarantine() {
    only_these_name("shared/src/kinesis", &[], &["crate::sinks", "crate::quarantine"]);
}

#[test]
fn only_the_front_door_and_the_functions_name_lambda_events() {
    only_these_name("shared/src", &["shared/src/lambda"], &["aws_lambda_events"]);
    only_these_name("shared/src", &["shared/src/lambda"], &["lambda_runtime"]);
}

#[test]
fn only_config_reads_the_environment() {
    let words = ["env::var", "env::vars"];
    only_these_name("shared/src", &["shared/src/config"], &words);
    only_these_name("functions", &[], &words);
}

#[test]
fn only_clock_reads_the_time() {
    let words = ["SystemTime::now", "Instant::now"];
    only_these_name("shared/src", &["shared/src/clock.rs"], &words);
    only_these_name("functions", &[], &words);
}

#[test]
fn only_jitter_is_drawn_by_chance() {
    only_these_name("shared/src", &["shared/src/retry/jitter.rs", "shared/src/testing"], &["fastrand"]);
    only_these_name("functions", &[], &["fastrand"]);
}

#[test]
fn functions_depend_on_the_library_and_never_on_each_other_or_on_test_support() {
    let functions: Vec<_> =
        fs::read_dir(root().join("functions")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let names: Vec<_> = functions.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    for function in &functions {
        let manifest = fs::read_to_string(function.join("Cargo.toml")).unwrap();
        let own = function.file_name().unwrap().to_str().unwrap();
        for other in names.iter().filter(|other| **other != own).chain(&["local-stack"]) {
            assert!(!manifest.contains(other), "{own} depends on {other}");
        }
        let main = fs::read_to_string(function.join("src/main.rs")).unwrap();
        assert!(main.lines().count() <= 60, "{own}: main.rs is more than wiring");
    }
    let library = fs::read_to_string(root().join("shared/Cargo.toml")).unwrap();
    assert!(!library.contains("local-stack"), "the library depends on test support");
}

#[test]
fn every_function_wipes_the_memory_that_it_gives_back() {
    for path in sources("functions").iter().filter(|path| path.ends_with("src/main.rs")) {
        let code = code(path);
        assert!(code.contains("#[global_allocator]\nstatic ALLOCATOR: ZeroAlloc<System>"), "{}", path.display());
    }
}

#[test]
fn no_source_allows_unsafe_code() {
    for folder in ["shared/src", "functions", "tests/src"] {
        for path in sources(folder) {
            assert!(!code(&path).contains("allow(unsafe_code)"), "{}", path.display());
        }
    }
}
