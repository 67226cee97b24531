//! The configuration as operators meet it: a refusal to start, the documentation, the deployed template.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use local_stack::binaries;
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::config::{Description, RecordEncryptorConfig, StreamDecryptorConfig};

/// A function, and what has to be said of its configuration in several places.
struct ConfiguredFunction {
    /// As in `functions/`.
    name: &'static str,
    variables: fn() -> Vec<Description>,
}

/// Every function of the workspace.
const FUNCTIONS: &[ConfiguredFunction] = &[
    ConfiguredFunction { name: "stream-decryptor", variables: StreamDecryptorConfig::variables },
    ConfiguredFunction { name: "record-encryptor", variables: RecordEncryptorConfig::variables },
];

/// The logical id of the function in its own template.
const RESOURCE: &str = "Function";

/// The parameter for all variables that a template does not set.
const SETTINGS: &str = "Settings";

/// How long a refusal may take, on a busy machine: a small part of the 10 seconds that Lambda gives an initialisation.
const REFUSAL_LIMIT: Duration = Duration::from_secs(3);

/// What stands for a credential that was put into the wrong variable.
const MISPLACED_SECRET: &str = "hunter2 \u{1}!";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

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
fn a_bad_configuration_is_refused_with_every_problem_at_once() {
    let wrong = [
        ("RECORD_FORMAT", "csv"),
        ("COMMITMENT_POLICY", "none"),
        ("REQUIRED_ENCRYPTION_CONTEXT", "tenant=blue"),
        ("MAX_PLAINTEXT_BYTES", "0"),
        ("KMS_KEY_ARNS", "alias/orders"),
        ("DATA_KEY_MAX_AGE_SECONDS", "soon"),
        ("KMS_MAX_ATTEMPTS", "101"),
        ("SINK", "sqs"),
        ("QUARANTINE", "s3"),
        ("LOG_LEVEL", "verbose"),
    ];
    let refusal = String::from_utf8(start_with(&wrong).stderr).unwrap();
    let implied = ["AWS_REGION", "SINK_QUEUE_URL", "QUARANTINE_BUCKET"];
    let named = wrong.iter().map(|(name, _)| *name).filter(|name| !["SINK", "QUARANTINE"].contains(name));
    for name in named.chain(implied) {
        assert!(refusal.contains(&format!("refusing to start: {name} ")), "{name} is not named in:\n{refusal}");
    }
}

#[test]
fn an_empty_environment_is_refused() {
    let refusal = String::from_utf8(start_with(&[]).stderr).unwrap();
    assert!(refusal.contains("refusing to start: AWS_REGION") && refusal.contains("refusing to start: KMS_KEY_ARNS"));
}

#[test]
fn a_refusal_repeats_no_value_that_may_be_a_secret() {
    for variable in StreamDecryptorConfig::variables() {
        let others = [("SINK", "sqs"), ("QUARANTINE", "s3"), ("AWS_REGION", "us-east-1")];
        let others = others.into_iter().filter(|(name, _)| *name != variable.name);
        let variables: Vec<_> = [(variable.name, MISPLACED_SECRET)].into_iter().chain(others).collect();
        let output = start_with(&variables);
        let written = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8(written).unwrap().contains("hunter2"), "{}", variable.name);
    }
}

#[test]
fn the_documentation_lists_the_variables_that_the_configuration_knows() {
    let documentation = std::fs::read_to_string(root().join("CONFIGURATION.md")).unwrap();
    for ConfiguredFunction { name, variables } in FUNCTIONS {
        let template = Template::of_function(name);
        let expected = table(&variables(), |variable| template.parameters_of_variable(variable));
        let begin = format!("<!-- configuration: {name} -->\n");
        let written = documentation.split_once(&begin).and_then(|(_, rest)| rest.split_once("<!-- end -->"));
        let written = written.map_or("", |(table, _)| table);
        assert!(written == expected, "between {begin}and <!-- end --> CONFIGURATION.md has to say:\n{expected}");
    }
}

/// The table of the documentation. `parameters` tells which parameters of the function's template set a variable.
fn table(variables: &[Description], parameters: impl Fn(&str) -> Vec<String>) -> String {
    let row = |variable: &Description| {
        let default = match variable.default.as_deref() {
            None | Some("") => "none".to_owned(),
            Some(default) => format!("`{default}`"),
        };
        let cell = |text: &str| text.replace('|', "\\|");
        let parameters: Vec<_> = parameters(variable.name).iter().map(|name| format!("`{name}`")).collect();
        let (allowed, meaning) = (cell(&variable.allowed), cell(variable.meaning));
        format!("| `{}` | {default} | {allowed} | {meaning} | {} |\n", variable.name, parameters.join(", "))
    };
    let rows: String = variables.iter().map(row).collect();
    format!("| variable | default | allowed | meaning | set by the parameter |\n|---|---|---|---|---|\n{rows}")
}

#[test]
fn each_template_sets_only_variables_that_the_configuration_knows() {
    for ConfiguredFunction { name, variables } in FUNCTIONS {
        let known: BTreeSet<_> = variables().iter().map(|variable| variable.name.to_owned()).collect();
        let set = Template::of_function(name).children(&VARIABLES);
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
    let checked: BTreeSet<_> = FUNCTIONS.iter().map(|function| function.name.to_owned()).collect();
    assert_eq!(folders, checked);
    let deployed: BTreeSet<_> = applications().into_iter().map(|(_, function)| function).collect();
    assert_eq!(deployed, checked);
    for ConfiguredFunction { name, .. } in FUNCTIONS {
        let template = Template::of_function(name);
        let functions = template.resources_of_type("AWS::Serverless::Function");
        assert_eq!(functions, [RESOURCE], "{name}");
        let binary = template.value(&["Resources", RESOURCE, "Metadata", "BuildProperties", "Binary"]);
        assert_eq!(binary, Some(*name));
    }
}

#[test]
fn the_root_gives_each_function_only_parameters_that_its_template_has() {
    let root = Template::of_root();
    for (application, function) in applications() {
        let known = Template::of_function(&function).children(&["Parameters"]);
        let given = root.children(&["Resources", &application, "Properties", "Parameters"]);
        let unknown: Vec<_> = given.difference(&known).collect();
        assert!(!given.is_empty() && unknown.is_empty(), "the template of {function} does not have {unknown:?}");
    }
}

#[test]
fn every_mapping_reports_batch_item_failures() {
    for ConfiguredFunction { name, .. } in FUNCTIONS {
        let template = Template::of_function(name);
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

/// The functions that the root template is composed of, each with its logical id there.
fn applications() -> Vec<(String, String)> {
    let root = Template::of_root();
    let function = |id: &str| {
        let location = root.value(&["Resources", id, "Properties", "Location"]);
        let function = location.and_then(|path| path.strip_prefix("functions/")?.strip_suffix("/template.yaml"));
        function.unwrap_or_else(|| panic!("{id} is not a template of a function")).to_owned()
    };
    let applications = root.resources_of_type("AWS::Serverless::Application");
    applications.into_iter().map(|id| (id.clone(), function(&id))).collect()
}

/// Where a function's template sets its variables.
const VARIABLES: [&str; 5] = ["Resources", RESOURCE, "Properties", "Environment", "Variables"];

fn path<A: AsRef<str>>(start: &[A], end: &[&str]) -> Vec<String> {
    start.iter().map(|part| part.as_ref().to_owned()).chain(end.iter().map(|part| (*part).to_owned())).collect()
}

/// The mappings of a template with the values that stand on one line: as much YAML as the template's own style needs.
/// CloudFormation's tags make it something that YAML parsers refuse.
struct Template {
    /// Each key's value, by the keys that lead to it.
    values: BTreeMap<Vec<String>, String>,
    /// Each key's value with everything that is indented below it.
    blocks: BTreeMap<Vec<String>, String>,
}

impl Template {
    fn of_root() -> Self {
        Self::read(&root())
    }

    fn of_function(name: &str) -> Self {
        Self::read(&root().join("functions").join(name))
    }

    fn read(folder: &Path) -> Self {
        Self::parse(&std::fs::read_to_string(folder.join("template.yaml")).unwrap())
    }

    fn parse(text: &str) -> Self {
        let mut values = BTreeMap::new();
        let mut blocks: BTreeMap<Vec<String>, String> = BTreeMap::new();
        let mut open: Vec<(usize, String)> = Vec::new();
        for line in text.lines() {
            let content = line.trim_start();
            let indent = line.len() - content.len();
            open.retain(|(outer, _)| content.is_empty() || *outer < indent);
            for end in 1..=open.len() {
                let path: Vec<_> = open.iter().take(end).map(|(_, key)| key.clone()).collect();
                *blocks.entry(path).or_default() += &format!("{content}\n");
            }
            let is_key = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:-".contains(&byte));
            let Some((key, value)) = content.split_once(':').filter(|(key, _)| !key.is_empty() && is_key(key)) else {
                continue;
            };
            if key.starts_with('-') {
                continue;
            }
            open.push((indent, key.to_owned()));
            let value = value.split(" #").next().unwrap_or_default().trim();
            let path: Vec<_> = open.iter().map(|(_, key)| key.clone()).collect();
            blocks.insert(path.clone(), format!("{value}\n"));
            values.insert(path, value.to_owned());
        }
        Self { values, blocks }
    }

    fn children<P: AsRef<str>>(&self, parent: &[P]) -> BTreeSet<String> {
        let parent = path(parent, &[]);
        let below = self.values.keys().filter(|path| path.len() == parent.len() + 1 && path.starts_with(&parent));
        below.filter_map(|path| path.last().cloned()).collect()
    }

    fn value<P: AsRef<str>>(&self, of: &[P]) -> Option<&str> {
        self.values.get(&path(of, &[])).map(String::as_str)
    }

    /// The logical ids of the resources of a type.
    fn resources_of_type(&self, kind: &str) -> Vec<String> {
        let resources = self.children(&["Resources"]).into_iter();
        resources.filter(|id| self.value(&["Resources", id, "Type"]) == Some(kind)).collect()
    }

    /// The parameters that set the function's variable, in the order of their names: those that its value names, or else those
    /// behind the conditions that choose its value.
    fn parameters_of_variable(&self, variable: &str) -> Vec<String> {
        let variable = path(&VARIABLES, &[variable]);
        if !self.values.contains_key(&variable) {
            return vec![SETTINGS.to_owned()];
        }
        let named = self.named(&variable, "Parameters");
        if !named.is_empty() {
            return named.into_iter().collect();
        }
        let conditions = self.named(&variable, "Conditions");
        let behind =
            conditions.iter().flat_map(|condition| self.named(&path(&["Conditions"], &[condition]), "Parameters"));
        behind.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The children of the section `of` whose names are words of the value of `key`.
    fn named(&self, key: &[String], of: &str) -> BTreeSet<String> {
        let block = self.blocks.get(key).map_or("", String::as_str);
        let words: BTreeSet<_> = block.split(|character: char| !character.is_ascii_alphanumeric()).collect();
        self.children(&[of]).into_iter().filter(|name| words.contains(name.as_str())).collect()
    }
}

#[test]
fn the_template_reader_reads_nested_keys() {
    let template =
        Template::parse("A:\n  B: 1 # why\n  # C: 2\n  D:\n    - E: 3\n    F: !If\n      - x\n  G: {}\nH: 4\n");
    assert_eq!(template.children(&["A"]), ["B", "D", "G"].map(str::to_owned).into());
    assert_eq!(template.children(&["A", "D"]), ["F".to_owned()].into());
    assert_eq!(template.value(&["A", "B"]), Some("1"));
    assert_eq!(template.value(&["H"]), Some("4"));
    assert_eq!(template.blocks[&path(&["A", "D"], &[])], "\n- E: 3\nF: !If\n- x\n");
}

/// cargo-lambda sets "abort" where the manifest says nothing: a panic would then cost a sandbox with its warm data keys.
#[test]
fn what_is_deployed_unwinds_when_it_panics() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, profile) = manifest.split_once("\n[profile.release]\n").unwrap();
    let profile = profile.split("\n[").next().unwrap();
    assert!(profile.lines().any(|line| line.starts_with("panic = \"unwind\"")), "{profile}");
}
