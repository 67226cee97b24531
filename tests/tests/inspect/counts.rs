//! Exact counts.

use local_stack::events::{directory, scenarios};
use local_stack::template::Template;
use serde_json::{Value, json};
use warmkeys::message::{
    AlgorithmSuite, DEFAULT_FRAME_LEN, DataKey, EncryptedDataKey, EncryptionContext, SealingMaterials, seal,
};

use super::{get_records, report, run};

/// Each event: its user records, those that can be read, and their data keys, as the scenarios describe them.
const EVENTS: [(&str, u64, u64, u64); 17] = [
    ("all-decryptable", 5, 5, 1),
    ("two-data-keys", 6, 6, 2),
    ("throttled", 36, 36, 36),
    ("poison-record", 5, 5, 1), // damaged in its last byte, which only opening finds out
    ("unencrypted-record", 3, 2, 1),
    ("wrong-encryption-context", 3, 3, 2),
    ("unknown-key", 3, 3, 2),
    ("two-wrapping-keys", 3, 3, 1),
    ("multi-region-key", 3, 3, 1),
    ("signed-suite", 3, 3, 1),
    ("non-committing-suite", 3, 3, 2),
    ("kpl-aggregate", 5, 5, 1),
    ("kpl-aggregate-damaged", 2, 1, 1),
    ("shared-sequence-number", 5, 5, 1),
    ("missing-sequence-number", 3, 3, 1), // of no matter to whom only counts
    ("kms-ciphertext", 3, 3, 3),
    ("database-activity-stream", 1, 1, 1),
];

#[test]
fn the_projects_own_events_are_counted_exactly() {
    let scenarios = scenarios().unwrap();
    assert_eq!(scenarios.len(), EVENTS.len() + 1, "each but the empty batch, which is an error");
    for (name, user_records, readable, data_keys) in EVENTS {
        let scenario = scenarios.iter().find(|scenario| scenario.name == name).unwrap();
        // The embedded KMS's ciphertexts do not begin as those of AWS.
        let report = report(&["--record-format", "kms-ciphertext"], &scenario.event);
        let records = &report["records"];
        let counted = [&records["userRecords"], &records["readable"], &report["dataKeys"]["distinct"]];
        assert_eq!(counted, [user_records, readable, data_keys].map(|count| json!(count)).each_ref(), "{name}");
        assert_eq!(report["kms"]["callsInSample"]["with"], json!(data_keys as f64), "{name}");
        let path = directory().join(format!("{name}.json"));
        let by_path = super::report(&["--record-format", "kms-ciphertext", path.to_str().unwrap()], b"");
        assert_eq!(by_path, report, "{name}");
    }
}

#[test]
fn what_an_event_is_about_is_told() {
    let of = |name: &str| report(&[path(name).as_str()], b"");
    assert_eq!(of("unencrypted-record")["unreadable"][0]["reason"], "JSON in clear: its producer does not encrypt");
    assert!(of("kpl-aggregate-damaged")["unreadable"][0]["reason"].as_str().unwrap().contains("it is damaged"));
    assert_eq!(of("signed-suite")["suites"][0]["id"], "0578");
    let old = of("non-committing-suite");
    assert_eq!(
        old["deployment"]["parameters"]["StreamDecryptorSettings"],
        r#"{"COMMITMENT_POLICY":"require-encrypt-allow-decrypt"}"#
    );
    let two = of("two-wrapping-keys");
    assert_eq!(two["encryptedDataKeys"], json!({"min": 2, "max": 2}));
    assert!(two["kmsKeys"].as_array().unwrap().iter().all(|key| key["onlyThisKey"] == 0), "either key opens all");
    assert_eq!(of("all-decryptable")["kmsKeys"][0]["onlyThisKey"], 5);
    assert_eq!(of("throttled")["verdict"]["helps"], "no");
    let names: Vec<_> = of("all-decryptable")["encryptionContextKeys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["key"].clone())
        .collect();
    assert_eq!(names, [json!("purpose"), json!("tenant")]);
}

#[test]
fn every_parameter_is_one_of_the_template() {
    let known = Template::of_root().unwrap().children(&["Parameters"]);
    for (name, ..) in EVENTS {
        let report = report(&["--record-format", "kms-ciphertext", "--parallelization-factor", "2", &path(name)], b"");
        let parameters = report["deployment"]["parameters"].as_object().unwrap();
        assert!(parameters.len() >= 4, "{parameters:?}");
        for parameter in parameters.keys() {
            assert!(known.contains(parameter), "{name}: {parameter}");
        }
    }
}

#[test]
fn no_plaintext_and_no_value_of_an_encryption_context_is_told() {
    for scenario in scenarios().unwrap() {
        for format in ["text", "json"] {
            let output = run(&["--format", format], &scenario.event);
            let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            // The events' plaintexts are {"order": n}; their contexts' values are a tenant and "orders", which is the stream's name too.
            let told = told.replace("stream/orders", "");
            for secret in ["order", "blue", "green", "WKMS"] {
                assert!(!told.contains(secret), "{} tells {secret}: {told}", scenario.name);
            }
        }
    }
}

#[test]
fn a_hundred_thousand_planted_records_are_counted_exactly_in_bounded_memory() {
    const RECORDS: usize = 100_000;
    // Data key n of 400 has every record whose number is n modulo 400, but each hundredth record has one of its own.
    let keys: Vec<_> = (0..400).map(materials).collect();
    let payloads: Vec<Vec<u8>> = (0..RECORDS)
        .map(|number| match number % 100 {
            99 => seal(b"4711", &materials(1_000 + number), DEFAULT_FRAME_LEN).unwrap(),
            _ => seal(b"4711", &keys[number % 400], DEFAULT_FRAME_LEN).unwrap(),
        })
        .collect();
    let partition_keys: Vec<_> = (0..RECORDS).map(|number| format!("customer-{}", number % 5_000)).collect();
    let records = partition_keys.iter().map(String::as_str).zip(payloads.iter().map(Vec::as_slice));
    let report = in_memory_of(256, get_records(records.collect::<Vec<_>>().into_iter(), 250.0).as_bytes());

    // 99,000 records under the 396 of 400 data keys whose number does not end with 99, and 1,000 alone.
    assert_eq!(report["records"]["readable"], RECORDS);
    assert_eq!(report["dataKeys"]["distinct"], 396 + 1_000);
    assert_eq!(report["dataKeys"]["isExact"], true);
    let range = |from: u64, to: u64, data_keys: u64, records: u64| json!({"from": from, "to": to, "dataKeys": data_keys, "records": records});
    assert_eq!(report["dataKeys"]["ranges"], json!([range(1, 1, 1_000, 1_000), range(100, 999, 396, 99_000)]));
    let spread = &report["dataKeys"]["recordsPerDataKey"];
    assert_eq!([&spread["min"], &spread["median"], &spread["max"]], [&json!(1), &json!(1), &json!(250)]);
    let kms_keys: Vec<_> =
        report["kmsKeys"].as_array().unwrap().iter().map(|key| key["records"].as_u64().unwrap()).collect();
    assert_eq!(kms_keys.iter().sum::<u64>(), RECORDS as u64);
    assert_eq!(kms_keys.len(), 3);
    assert_eq!(report["suites"], json!([{"id": "0478", "name": "AES-256-GCM, key commitment", "records": RECORDS}]));
    assert_eq!(report["records"]["spanSeconds"].as_f64().unwrap().round(), 250.0);
    assert_eq!(report["records"]["readablePerSecond"].as_f64().unwrap().round(), 400.0);
}

/// The report, made by a process that has so many MiB of address space.
fn in_memory_of(mebibytes: usize, input: &[u8]) -> Value {
    let program = local_stack::binaries::warmkeys().unwrap();
    let mut child = std::process::Command::new("sh")
        .args(["-c", r#"ulimit -v "$0"; exec "$@""#, &(mebibytes * 1024).to_string()])
        .arg(program)
        .args(["inspect", "--format", "json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A planted data key, wrapped by one of three KMS keys.
fn materials(number: usize) -> SealingMaterials {
    let encrypted = EncryptedDataKey {
        provider_id: "aws-kms".to_owned(),
        provider_info: format!("arn:aws:kms:us-east-1:111122223333:key/{}", number % 3).into_bytes(),
        ciphertext: format!("data key {number}").into_bytes(),
    };
    let (context, none) = (EncryptionContext::from_iter([("tenant", "blue")]), EncryptionContext::empty());
    let data_key = DataKey::new(vec![7; 32]);
    SealingMaterials::new(AlgorithmSuite::Aes256GcmHkdfSha512CommitKey, data_key, &[encrypted], &context, &none, None)
        .unwrap()
}

fn path(event: &str) -> String {
    directory().join(format!("{event}.json")).to_str().unwrap().to_owned()
}
