//! The alarms and the dashboard against the page that says what to do about them, and against the templates that deploy them.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};

use local_stack::configuration::{functions, root};
use local_stack::template::{Template, path};
use serde_json::Value;

const ALARM: &str = "AWS::CloudWatch::Alarm";
const DASHBOARD: &str = "AWS::CloudWatch::Dashboard";

/// How a metric of ours begins in an alarm.
const OUR_METRIC: &str = "Namespace: Warmkeys, MetricName: ";

/// The page of which each alarm has a section.
const OPERATIONS: &str = "docs/operations.md";

#[test]
fn every_alarm_has_its_section_and_every_section_its_alarm() {
    let page = read(OPERATIONS);
    let (_, after) = page.split_once("\n## The alarms\n").unwrap();
    let sections = after.split("\n## ").next().unwrap().lines().filter_map(|line| line.strip_prefix("### "));
    let sections: BTreeSet<_> = sections.map(anchor).collect();
    let alarms: BTreeSet<_> = alarms().into_iter().map(|(id, block)| name(&id, &block).to_owned()).collect();
    assert!(!alarms.is_empty());
    assert_eq!(alarms, sections);
}

#[test]
fn every_alarm_says_where_to_read_what_to_do() {
    for (id, block) in alarms() {
        let (_, description) = block.split_once("AlarmDescription: \"").unwrap();
        let description = description.split('"').next().unwrap();
        let link = format!(" What to do: {OPERATIONS}#{}", name(&id, &block));
        assert!(description.ends_with(&link) && description.len() > link.len(), "{id}: {description}");
    }
}

/// Metrics of what has not happened are missing: an alarm that took that for bad, or waited for data, would be on or stuck all the time.
#[test]
fn every_alarm_goes_to_the_topic_and_takes_silence_for_well() {
    for (id, block) in alarms() {
        assert!(block.contains("AlarmActions: [!Ref AlarmTopicArn]"), "{id}");
        assert!(block.contains("TreatMissingData: notBreaching"), "{id}");
    }
}

#[test]
fn no_alarm_is_made_without_a_topic() {
    let template = Template::of_monitoring().unwrap();
    let needs_topic = |condition: &str| {
        let mut seen = condition.to_owned();
        loop {
            let block = template.block(&["Conditions", &seen]).to_owned();
            match block.split("!Condition ").nth(1) {
                _ if block.contains("AlarmTopicArn") => return true,
                Some(first) => seen = first.split([',', ']']).next().unwrap_or_default().trim().to_owned(),
                None => return false,
            }
        }
    };
    for (id, _) in alarms() {
        let condition = template.value(&["Resources", &id, "Condition"]);
        assert!(condition.is_some_and(needs_topic), "{id}: {condition:?}");
    }
}

#[test]
fn every_function_deploys_its_alarms_and_its_dashboard() {
    let monitoring = Template::of_monitoring().unwrap();
    let known = monitoring.children(&["Parameters"]);
    let has_default = |name: &String| monitoring.block(&["Parameters", name]).contains("Default:");
    let needed: BTreeSet<_> = known.iter().filter(|name| !has_default(name)).cloned().collect();
    for function in functions() {
        let template = Template::of_function(function.name).unwrap();
        let application = path(&["Resources", "Monitoring", "Properties"], &[]);
        assert_eq!(
            template.value(&path(&application, &["Location"])),
            Some("../../monitoring.yaml"),
            "{}",
            function.name
        );
        let given = template.children(&path(&application, &["Parameters"]));
        assert!(given.is_subset(&known) && needed.is_subset(&given), "{} gives {given:?}", function.name);
        let metrics = template.block(&["Resources", "Mapping", "Properties", "MetricsConfig"]);
        assert!(metrics.contains("[EventCount]"), "the mapping of {} has no metrics for the alarms", function.name);
    }
}

/// As docs/metrics.md says, every metric of a function has both dimensions. With others there would be nothing to see.
#[test]
fn every_metric_of_ours_is_watched_with_its_two_dimensions() {
    for (id, block) in alarms() {
        let ours = block.matches(OUR_METRIC).count();
        let dimensions = "Dimensions: [{ Name: FunctionName, Value: !Ref FunctionName }, { Name: StreamName, Value: !Ref StreamName }]";
        assert_eq!(block.matches(dimensions).count(), ours, "{id}");
    }
    for (id, dashboard) in dashboards() {
        let series = dashboard["widgets"].as_array().unwrap().iter().flat_map(series);
        for (names, dimensions) in series.filter(|(names, _)| names.starts_with("Warmkeys ")) {
            assert_eq!(dimensions, ["FunctionName", "StreamName"], "{id}: {names}");
        }
    }
}

#[test]
fn every_metric_of_ours_that_is_watched_exists() {
    let watched: BTreeSet<_> = watched().into_values().flatten().collect();
    let unknown: Vec<_> = watched.difference(&documented()).cloned().collect();
    assert!(!watched.is_empty() && unknown.is_empty(), "docs/metrics.md does not have {unknown:?}");
}

#[test]
fn the_dashboard_shows_every_reason_of_quarantine_and_every_class_of_checkpoint() {
    let shown = &watched()["ReaderDashboard"];
    for prefix in ["records.quarantined.", "batches.checkpointed."] {
        let codes: Vec<_> = documented().into_iter().filter(|name| name.starts_with(prefix)).collect();
        let missing: Vec<_> = codes.iter().filter(|name| !shown.contains(*name)).collect();
        assert!(codes.len() > 1 && missing.is_empty(), "{missing:?}");
    }
}

#[test]
fn the_dashboard_answers_its_four_questions_from_top_to_bottom() {
    let questions = ["keeping up?", "Is KMS the limit?", "save?", "why?"];
    for (id, dashboard) in dashboards() {
        let widgets = dashboard["widgets"].as_array().unwrap();
        let headings: Vec<_> = widgets.iter().filter_map(|widget| widget["properties"]["markdown"].as_str()).collect();
        assert_eq!(headings.len(), questions.len(), "{id}: {headings:?}");
        for (heading, question) in headings.iter().zip(questions) {
            assert!(heading.contains(question), "{id}: {heading}");
        }
    }
}

/// CloudWatch draws 24 columns, and moves what overlaps to where there is room.
#[test]
fn no_two_widgets_of_a_dashboard_overlap() {
    for (id, dashboard) in dashboards() {
        let mut taken = BTreeSet::new();
        for widget in dashboard["widgets"].as_array().unwrap() {
            let place = |key: &str| widget[key].as_u64().unwrap();
            let (x, y) = (place("x"), place("y"));
            assert!(x + place("width") <= 24, "{id}: {widget}");
            for column in x..x + place("width") {
                for row in y..y + place("height") {
                    assert!(taken.insert((column, row)), "{id}: {widget}");
                }
            }
        }
    }
}

#[test]
fn every_link_between_the_pages_leads_somewhere() {
    for page in ["README.md", OPERATIONS, "docs/migrating.md", "docs/metrics.md", "docs/redrive.md"] {
        let text = read(page);
        let (folder, _) = page.rsplit_once('/').unwrap_or(("", page));
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                page.to_owned()
            } else {
                format!("{folder}/{file}").trim_start_matches('/').to_owned()
            };
            assert!(root().join(&target).exists(), "{page} links {target}");
            let anchors = || read(&target).lines().filter(|line| line.starts_with('#')).map(anchor).collect::<Vec<_>>();
            assert!(section.is_empty() || anchors().contains(&section.to_owned()), "{page} links {link}");
        }
    }
}

/// The alarms, each with what its template says about it.
fn alarms() -> Vec<(String, String)> {
    let template = Template::of_monitoring().unwrap();
    let ids = template.resources_of_type(ALARM).into_iter();
    ids.map(|id| (id.clone(), template.block(&["Resources", &id]).to_owned())).collect()
}

/// An alarm's name without the function's.
fn name<'a>(id: &str, block: &'a str) -> &'a str {
    let name = block.split_once("AlarmName: !Sub ").and_then(|(_, rest)| rest.split_once("${FunctionName}-"));
    let (_, name) = name.unwrap_or_else(|| panic!("{id} is not named after the function"));
    name.split(['"', '\n']).next().unwrap()
}

/// The dashboards, with some name in place of each parameter.
fn dashboards() -> Vec<(String, Value)> {
    let template = Template::of_monitoring().unwrap();
    let ids = template.resources_of_type(DASHBOARD).into_iter();
    let body = |id: &str| {
        let block = template.block(&["Resources", id, "Properties", "DashboardBody"]);
        let (start, end) = (block.find("{\"").unwrap(), block.rfind("]}\n").unwrap() + 2);
        let (first, rest) = block[start..end].split_once("${").unwrap();
        let replaced: String =
            rest.split("${").map(|part| part.split_once('}').unwrap().1).collect::<Vec<_>>().join("x");
        serde_json::from_str(&format!("{first}x{replaced}")).unwrap_or_else(|error| panic!("{id}: {error}"))
    };
    let dashboards: Vec<_> = ids.map(|id| (id.clone(), body(&id))).collect();
    assert!(!dashboards.is_empty());
    dashboards
}

/// Our metrics that each alarm and each dashboard looks at.
fn watched() -> BTreeMap<String, BTreeSet<String>> {
    let in_alarm = |block: &str| block.split(OUR_METRIC).skip(1).map(|rest| word(rest).to_owned()).collect();
    let in_dashboard = |dashboard: &Value| {
        let series = dashboard["widgets"].as_array().unwrap().iter().flat_map(series);
        series.filter_map(|(names, _)| Some(names.strip_prefix("Warmkeys ")?.to_owned())).collect()
    };
    let alarms = alarms().into_iter().map(|(id, block)| (id, in_alarm(&block)));
    alarms.chain(dashboards().into_iter().map(|(id, dashboard)| (id, in_dashboard(&dashboard)))).collect()
}

/// The metrics that the functions write, as their page lists them. (A test compares it with the code.)
fn documented() -> BTreeSet<String> {
    let rows = read("docs/metrics.md");
    let names = rows.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    names.map(str::to_owned).collect()
}

/// What stands before the first character that no metric's name has.
fn word(text: &str) -> &str {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || "._".contains(character))).next().unwrap()
}

/// The series of a widget: namespace and metric in one, and the names of the dimensions. As CloudWatch reads them: `.` is what stands there
/// in the series before, `...` all of it.
fn series(widget: &Value) -> Vec<(String, Vec<String>)> {
    let mut before: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for series in widget["properties"]["metrics"].as_array().into_iter().flatten() {
        let words: Vec<_> = series.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let word =
            |(place, word): (usize, &&str)| if *word == "." { before[place].clone() } else { (*word).to_owned() };
        let full = match words.as_slice() {
            [] => continue, // an expression
            ["..."] => before.clone(),
            words => words.iter().enumerate().map(word).collect(),
        };
        let dimensions = full.iter().skip(2).step_by(2).cloned().collect();
        all.push((full[..2].join(" "), dimensions));
        before = full;
    }
    all
}

/// The anchor that a heading gets where Markdown is shown.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    words.chars().filter(|character| character.is_alphanumeric() || "-_".contains(*character)).collect()
}

fn read(page: &str) -> String {
    std::fs::read_to_string(root().join(page)).unwrap()
}
