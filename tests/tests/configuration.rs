//! The configuration as operators meet it: a refusal to start, the documentation, the deployed template.
#![cfg(test)]

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::time::Duration;

use local_stack::binaries;
use local_stack::configuration::{ConfiguredFunction, DOCUMENTATION, documentation, functions, root};
use local_stack::template::{self, RESOURCE, Template, path};
use warmkeys::clock::{Clock, SystemClock};

/// How long a refusal may take, on a busy machine: a small part of the 10 seconds that Lambda gives an initialisation.
const REFUSAL_LIMIT: Duration = Duration::from_secs(3);

/// What stands for a credential that was put into the wrong variable.
const MISPLACED_SECRET: &str = "hunter2 \u{1}!";

fn start_with(variables: &[(&str, &str)]) -> Output {
    let binary = binaries::stream_decryptor().unwrap();
    let started = SystemClock.now().monotonic;
    let output = Command::new(binary).env_clear().envs(variables.iter().copied()).output().unwrap();
    let duration = SystemClock.now().monotonic.saturating_duration_since(started);
    assert!(duration < REFUSAL_LIMIT, "{duration:?}");
    assert!(!output.status.success(), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    output
}

#[test]
fn a_bad_configuration_is_refused_once_with_every_problem_and_its_value() {
    let wrong = [
        ("RECORD_FORMAT", "csv"),
        ("COMMITMENT_POLICY", "none"),
        ("MAX_PLAINTEXT_BYTES", "0"),
        ("KMS_KEY_ARNS", "alias/orders"),
        ("DATA_KEY_MAX_AGE_SECONDS", "soon"),
        ("KMS_MAX_ATTEMPTS", "101"),
        ("SINK_ARN", "arn:aws:sns:eu-west-1:111122223333:orders"),
        ("QUARANTINE_ARN", "orders"),
        ("AWS_LAMBDA_LOG_LEVEL", "verbose"),
    ];
    let others = [("REQUIRED_ENCRYPTION_CONTEXT", "tenant=blue"), ("SINK", "sqs"), ("KMS_MAX_ATTEMPT", "5")];
    let variables: Vec<_> = wrong.into_iter().chain(others).collect();
    let refusal = String::from_utf8(start_with(&variables).stderr).unwrap();
    for (name, value) in wrong {
        let told = refusal.matches(&format!("refusing to start: {name} ")).count();
        assert_eq!(told, 1, "{name} in:\n{refusal}");
        assert!(refusal.contains(&format!("\\\"{value}\\\"")), "{value} is not shown in:\n{refusal}");
    }
    for told in [
        "refusing to start: AWS_REGION is not set",
        "refusing to start: REQUIRED_ENCRYPTION_CONTEXT has the wrong form (it is not shown)",
        "refusing to start: SINK is no longer a variable; use SINK_ARN",
        "refusing to start: KMS_MAX_ATTEMPT is not a variable of this function; did you mean KMS_MAX_ATTEMPTS?",
    ] {
        assert_eq!(refusal.matches(told).count(), 1, "{told} in:\n{refusal}");
    }
    assert_eq!(refusal.lines().count(), wrong.len() + 4, "one line a problem, and nothing else:\n{refusal}");
}

#[test]
fn an_empty_environment_is_refused() {
    let refusal = String::from_utf8(start_with(&[]).stderr).unwrap();
    assert!(refusal.contains("refusing to start: AWS_REGION") && refusal.contains("refusing to start: KMS_KEY_ARNS"));
    assert_eq!(refusal.lines().count(), 2, "{refusal}");
}

#[test]
fn a_refusal_is_logged_in_the_form_that_lambda_is_set_to() {
    let text = [("AWS_LAMBDA_LOG_FORMAT", "Text"), ("AWS_LAMBDA_LOG_LEVEL", "FATAL")];
    let refusal = String::from_utf8(start_with(&text).stderr).unwrap();
    assert!(refusal.contains("refusing to start: AWS_REGION") && !refusal.contains('{'), "{refusal}");
}

#[test]
fn a_refusal_repeats_no_value_that_may_be_a_secret() {
    let variables: Vec<_> = functions().into_iter().flat_map(|function| function.groups).collect();
    let secret = variables.iter().flat_map(|group| &group.variables).filter(|variable| variable.secret);
    let names: BTreeSet<_> = secret.map(|variable| variable.name).collect();
    assert!(names.contains("KMS_GRANT_TOKENS") && names.contains("REQUIRED_ENCRYPTION_CONTEXT"), "{names:?}");
    for name in names {
        let output = start_with(&[(name, MISPLACED_SECRET), ("AWS_REGION", "us-east-1")]);
        let written = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8(written).unwrap().contains("hunter2"), "{name}");
    }
}

#[test]
fn the_documentation_is_what_cargo_configuration_writes() {
    let written = std::fs::read_to_string(root().join(DOCUMENTATION)).unwrap();
    assert!(documentation(&written).unwrap() == written, "{DOCUMENTATION} is out of date: run `cargo configuration`");
}

#[test]
fn each_template_sets_only_variables_that_the_configuration_knows() {
    for ConfiguredFunction { name, groups } in functions() {
        let known = groups.iter().flat_map(|group| &group.variables).map(|variable| variable.name.to_owned());
        let known: BTreeSet<_> = known.collect();
        let set = Template::of_function(name).unwrap().children(&template::VARIABLES);
        let unknown: Vec<_> = set.difference(&known).collect();
        assert!(!set.is_empty() && unknown.is_empty(), "{name} does not know {unknown:?}");
    }
}

#[test]
fn every_function_is_checked_and_deployed() {
    let folders: BTreeSet<_> = std::fs::read_dir(root().join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let checked: BTreeSet<_> = functions().into_iter().map(|function| function.name.to_owned()).collect();
    assert_eq!(folders, checked);
    let deployed: BTreeSet<_> = applications().into_iter().map(|(_, function)| function).collect();
    assert_eq!(deployed, checked);
    for ConfiguredFunction { name, .. } in functions() {
        let template = Template::of_function(name).unwrap();
        let functions = template.resources_of_type("AWS::Serverless::Function");
        assert_eq!(functions, [RESOURCE], "{name}");
        let binary = template.value(&["Resources", RESOURCE, "Metadata", "BuildProperties", "Binary"]);
        assert_eq!(binary, Some(name));
    }
}

#[test]
fn the_root_gives_each_function_only_parameters_that_its_template_has() {
    let root = Template::of_root().unwrap();
    for (application, function) in applications() {
        let known = Template::of_function(&function).unwrap().children(&["Parameters"]);
        let given = root.children(&["Resources", &application, "Properties", "Parameters"]);
        let unknown: Vec<_> = given.difference(&known).collect();
        assert!(!given.is_empty() && unknown.is_empty(), "the template of {function} does not have {unknown:?}");
    }
}

#[test]
fn every_mapping_reports_batch_item_failures() {
    for ConfiguredFunction { name, .. } in functions() {
        let template = Template::of_function(name).unwrap();
        let standalone = template.resources_of_type("AWS::Lambda::EventSourceMapping");
        let mut mappings: Vec<_> = standalone.iter().map(|id| path(&["Resources", id], &["Properties"])).collect();
        let events = path(&["Resources", RESOURCE, "Properties", "Events"], &[]);
        for event in template.children(&events) {
            if matches!(template.value(&path(&events, &[&event, "Type"])), Some("Kinesis" | "SQS")) {
                mappings.push(path(&events, &[&event, "Properties"]));
            }
        }
        assert!(!mappings.is_empty(), "the template of {name} has no mapping");
        for mapping in mappings {
            let reported = template.value(&path(&mapping, &["FunctionResponseTypes"]));
            assert_eq!(reported, Some("[ReportBatchItemFailures]"), "{name}: {}", mapping.join("."));
        }
    }
}

/// What it may write and what a Lambda function can be sent are tied: beside the template, `Settings` cannot say otherwise.
#[test]
fn record_encryptor_is_told_that_a_lambda_function_reads_the_stream() {
    let template = Template::of_function("record-encryptor").unwrap();
    assert_eq!(template.value(&path(&template::VARIABLES, &["KINESIS_READERS"])), Some("!Ref StreamReaders"));
    let parameter = template.value(&["Parameters", "StreamReaders"]).unwrap();
    assert!(parameter.contains("Default: lambda,"), "{parameter}");
    // stream-decryptor, which is deployed beside it, is one.
    let root = Template::of_root().unwrap();
    let (application, _) = applications().into_iter().find(|(_, function)| function == "record-encryptor").unwrap();
    let given = root.value(&["Resources", &application, "Properties", "Parameters", "StreamReaders"]);
    assert_eq!(given, Some("lambda"));
}

/// "New Firehose streams with a customer key need kms:GenerateDataKey and kms:Decrypt of their callers", by way of Firehose.
#[test]
fn the_readers_may_use_the_key_of_their_sink_as_its_service_needs_it() {
    for name in ["stream-decryptor", "activity-stream"] {
        let template = std::fs::read_to_string(root().join("functions").join(name).join("template.yaml")).unwrap();
        let (_, statement) = template.split_once("- SinkHasOwnKey\n").unwrap();
        let (statement, _) = statement.split_once("- !Ref AWS::NoValue").unwrap();
        let lines: Vec<_> = statement.lines().map(str::trim).collect();
        for line in [
            "Action: !If [SinkIsStream, kms:GenerateDataKey, [kms:GenerateDataKey, kms:Decrypt]]",
            "Resource: !Ref SinkServerSideEncryptionKeyArn",
            "kms:ViaService: !Sub",
            "- ${Service}.${AWS::Region}.${AWS::URLSuffix}",
            "- { Service: !Select [2, !Split [\":\", !Sub \"${SinkArn}:::\"]] }",
        ] {
            assert!(lines.contains(&line), "{name} lacks {line}:\n{statement}");
        }
    }
}

/// The functions that the root template is composed of, each with its logical id there.
fn applications() -> Vec<(String, String)> {
    let root = Template::of_root().unwrap();
    let function = |id: &str| {
        let location = root.value(&["Resources", id, "Properties", "Location"]);
        let function = location.and_then(|path| path.strip_prefix("functions/")?.strip_suffix("/template.yaml"));
        function.unwrap_or_else(|| panic!("{id} is not a template of a function")).to_owned()
    };
    let applications = root.resources_of_type("AWS::Serverless::Application");
    applications.into_iter().map(|id| (id.clone(), function(&id))).collect()
}

/// cargo-lambda sets "abort" where the manifest says nothing: a panic would then cost a sandbox with its warm data keys.
#[test]
fn what_is_deployed_unwinds_when_it_panics() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, profile) = manifest.split_once("\n[profile.release]\n").unwrap();
    let profile = profile.split("\n[").next().unwrap();
    assert!(profile.lines().any(|line| line.starts_with("panic = \"unwind\"")), "{profile}");
}

/// `cargo lambda watch` has one environment for all functions.
#[test]
fn what_another_function_reads_is_no_mistake() {
    use warmkeys::config;
    let names: Vec<_> = local_stack::configuration::functions()
        .iter()
        .flat_map(|function| &function.groups)
        .flat_map(|group| &group.variables)
        .map(|variable| variable.name)
        .collect();
    let variables = || names.iter().map(|name| (*name, "x"));
    for told in [
        config::read(variables(), stream_decryptor::Config::read).err().unwrap().to_string(),
        config::read(variables(), record_encryptor::Config::read).err().unwrap().to_string(),
    ] {
        assert!(!told.contains("is not a variable"), "{told}");
    }
}
