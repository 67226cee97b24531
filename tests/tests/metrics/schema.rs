//! Whether a document is one of the embedded metric format: by the schema that CloudWatch publishes, and by what its specification says
//! beyond that.

use std::collections::BTreeSet;

use serde_json::Value;

/// Refuses a line that CloudWatch would not make metrics of.
pub(crate) fn check(line: &str) -> Value {
    // > limited to a maximum size of 1 MB
    assert!(line.len() <= 1 << 20, "{} bytes", line.len());
    let document: Value = serde_json::from_str(line).unwrap();
    let schema: Value = serde_json::from_str(include_str!("emf-schema.json")).unwrap();
    validate(&document, &schema, "the document").unwrap();
    check_references(&document);
    document
}

/// > Valid targets MUST be members on the root node and cannot be nested objects.
/// > A metric target MUST be a numeric value or an array of numeric values. Numeric array metric targets MUST NOT have more than 100 members.
/// > A dimension target MUST have a string value.
///
/// An object of `Values` and `Counts` is what CloudWatch's agent and awslabs' libraries write of a distribution:
/// <https://github.com/awslabs/metrique/tree/main/metrique-writer-format-emf>.
fn check_references(document: &Value) {
    let directives = document["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    let metrics: Vec<_> = directives.iter().flat_map(|directive| directive["Metrics"].as_array().unwrap()).collect();
    // > MUST NOT contain more than 100 MetricDefinitions
    assert!((1..=100).contains(&metrics.len()), "{} metrics", metrics.len());
    let names: BTreeSet<_> = metrics.iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), metrics.len(), "a metric is defined twice in {document}");
    for name in names {
        let target = &document[name];
        let is_metric = target.is_number() || {
            let [values, counts] = ["Values", "Counts"].map(|column| target[column].as_array().unwrap());
            let all_numbers = values.iter().chain(counts).all(Value::is_number);
            all_numbers && values.len() == counts.len() && (1..=100).contains(&values.len())
        };
        assert!(is_metric, "{name} is {target}");
    }
    for dimension in directives.iter().flat_map(|directive| directive["Dimensions"].as_array().unwrap()) {
        for name in dimension.as_array().unwrap() {
            let target = document[name.as_str().unwrap()].as_str().unwrap();
            assert!((1..=1_024).contains(&target.len()), "{name} is {target:?}");
        }
    }
}

/// Whether `value` is what `schema` says, which may use these keywords and no others.
fn validate(value: &Value, schema: &Value, place: &str) -> Result<(), String> {
    let wrong = |what: String| Err(format!("{place}: {what}"));
    for (keyword, argument) in schema.as_object().unwrap() {
        let limit = || usize::try_from(argument.as_u64().unwrap()).unwrap();
        match keyword.as_str() {
            "title" | "$comment" => {}
            "type" => {
                let is_so = match argument.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    other => return wrong(format!("the schema has type {other}")),
                };
                if !is_so {
                    return wrong(format!("it is no {argument}"));
                }
            }
            "required" => {
                for name in argument.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        return wrong(format!("it lacks {name}"));
                    }
                }
            }
            "properties" => {
                for (name, schema) in argument.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        validate(value, schema, &format!("{place}.{name}"))?;
                    }
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    validate(item, argument, &format!("{place}[{index}]"))?;
                }
            }
            "minItems" if value.as_array().unwrap().len() < limit() => return wrong("too few items".into()),
            "maxItems" if value.as_array().unwrap().len() > limit() => return wrong("too many items".into()),
            "minLength" if value.as_str().unwrap().chars().count() < limit() => return wrong("too short".into()),
            "maxLength" if value.as_str().unwrap().chars().count() > limit() => return wrong("too long".into()),
            "minItems" | "maxItems" | "minLength" | "maxLength" => {}
            "pattern" => {
                // Alternatives, of which `.*` is any text on one line.
                let pattern = argument.as_str().unwrap().strip_prefix("^(").unwrap().strip_suffix(")$").unwrap();
                let text = value.as_str().unwrap();
                let matches = |alternative: &str| match alternative {
                    ".*" => !text.contains('\n'),
                    literal => literal.replace("\\/", "/") == text,
                };
                if !pattern.split('|').any(matches) {
                    return wrong(format!("{text:?} does not match {pattern}"));
                }
            }
            other => return wrong(format!("the schema has the keyword {other}")),
        }
    }
    Ok(())
}

#[test]
fn the_schema_refuses_what_it_should() {
    let schema: Value = serde_json::from_str(include_str!("emf-schema.json")).unwrap();
    let good = r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["D"]],"Metrics":[{"Name":"M","Unit":"Count"}]}]},"D":"d","M":1}"#;
    check(good);
    for (part, instead) in [
        ("\"Timestamp\":1,", ""),
        ("\"Timestamp\":1", "\"Timestamp\":\"1\""),
        ("\"Namespace\":\"N\"", "\"Namespace\":\"\""),
        ("[[\"D\"]]", "[]"),
        ("\"Unit\":\"Count\"", "\"Unit\":\"Counts\""),
        ("\"Name\":\"M\",", ""),
        ("\"_aws\"", "\"aws\""),
    ] {
        let bad: Value = serde_json::from_str(&good.replace(part, instead)).unwrap();
        assert!(validate(&bad, &schema, "it").is_err(), "{bad}");
    }
}
