//! The documentation of the functions' configuration, written from what they read.

use std::io;
use std::path::PathBuf;

use warmkeys::config::{self, DescribedGroup, Description};

use crate::template::Template;

/// The documentation's file, in the workspace.
pub const DOCUMENTATION: &str = "CONFIGURATION.md";

/// A function, and what it reads.
#[derive(Debug)]
pub struct ConfiguredFunction {
    /// As in `functions/`.
    pub name: &'static str,
    /// Its groups of variables, in the order of the documentation.
    pub groups: Vec<DescribedGroup>,
}

/// Every function of the workspace.
#[must_use]
pub fn functions() -> Vec<ConfiguredFunction> {
    vec![
        ConfiguredFunction { name: "stream-decryptor", groups: config::describe(stream_decryptor::Config::read) },
        ConfiguredFunction { name: "activity-stream", groups: config::describe(activity_stream::Config::read) },
        ConfiguredFunction { name: "record-encryptor", groups: config::describe(record_encryptor::Config::read) },
    ]
}

/// The documentation that `written` should be: its prose, with a table of each group of variables between a function's two markers.
///
/// # Errors
/// A function without markers, or a template that cannot be read.
pub fn documentation(written: &str) -> io::Result<String> {
    let mut documentation = written.to_owned();
    for ConfiguredFunction { name, groups } in functions() {
        let begin = format!("<!-- configuration: {name} -->\n");
        let parts = documentation.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let (before, after) = parts.ok_or_else(|| io::Error::other(format!("{DOCUMENTATION} has no {begin}")))?;
        let template = Template::of_function(name)?;
        let tables: String = groups.iter().map(|group| table(group, &template)).collect();
        documentation = format!("{before}{begin}{tables}{END}{after}");
    }
    Ok(documentation)
}

/// The root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

const END: &str = "<!-- end -->";

fn table(group: &DescribedGroup, template: &Template) -> String {
    let rows: String = group.variables.iter().map(|variable| row(variable, template)).collect();
    let heading = group.heading;
    format!(
        "\n### {heading}\n\n| variable | default | allowed | what it means | set by |\n|---|---|---|---|---|\n{rows}\n"
    )
}

fn row(variable: &Description, template: &Template) -> String {
    let default = match variable.default.as_deref() {
        None | Some("") => "none".to_owned(),
        Some(default) => format!("`{default}`"),
    };
    let cell = |text: &str| text.replace('|', "\\|");
    let set_by = match variable.name {
        // Lambda makes it of the function's LoggingConfig.
        "AWS_LAMBDA_LOG_LEVEL" => "`LogLevel`".to_owned(),
        name if name.starts_with("AWS_") => "Lambda".to_owned(),
        name => {
            let parameters = template.parameters_of_variable(name);
            parameters.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        }
    };
    let (allowed, meaning) = (cell(&variable.allowed), cell(variable.meaning));
    format!("| `{}` | {default} | {allowed} | {meaning} | {set_by} |\n", variable.name)
}
