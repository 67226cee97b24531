//! Which events are left out.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Which events are left out, by the values of their members: exactly these, upper and lower case told apart. What an event does not have
/// excludes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Values of `dbUserName`.
    pub excluded_users: Vec<String>,
    /// Values of `command`.
    pub excluded_commands: Vec<String>,
    /// Values of `class`.
    pub excluded_classes: Vec<String>,
    /// Values of `databaseName`.
    pub excluded_databases: Vec<String>,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    Delivered,
    /// The database says that it is alive, at least every two seconds.
    Heartbeat,
    Excluded,
}

impl EventFilter {
    /// Whether nothing is left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What becomes of `event`. Whatever is not understood is delivered.
    pub(crate) fn judge(&self, event: &RawValue) -> Judgement {
        let Ok(members) = serde_json::from_str::<Members<'_>>(event.get()) else { return Judgement::Delivered };
        if text(members.kind).is_some_and(|kind| kind == "heartbeat") {
            return Judgement::Heartbeat;
        }
        let is_excluded = [
            (members.user, &self.excluded_users),
            (members.command, &self.excluded_commands),
            (members.class, &self.excluded_classes),
            (members.database, &self.excluded_databases),
        ]
        .into_iter()
        .filter(|(_, excluded)| !excluded.is_empty())
        .any(|(member, excluded)| {
            text(member).is_some_and(|value| excluded.iter().any(|excluded| *excluded == *value))
        });
        if is_excluded { Judgement::Excluded } else { Judgement::Delivered }
    }
}

/// What is looked at, of any JSON type: databases contradict the documentation of the types.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(rename = "dbUserName", borrow)]
    user: Option<&'a RawValue>,
    #[serde(borrow)]
    command: Option<&'a RawValue>,
    #[serde(borrow)]
    class: Option<&'a RawValue>,
    #[serde(rename = "databaseName", borrow)]
    database: Option<&'a RawValue>,
}

fn text(member: Option<&RawValue>) -> Option<Cow<'_, str>> {
    /// `Cow<str>` borrows only inside of a type.
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(member?.get()).ok().map(|Text(text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(filter: &EventFilter, event: &str) -> Judgement {
        filter.judge(&RawValue::from_string(event.to_owned()).unwrap())
    }

    #[test]
    fn heartbeats_are_told_from_records() {
        let filter = EventFilter::default();
        assert_eq!(judge(&filter, "{\"type\": \"heartbeat\"}"), Judgement::Heartbeat);
        assert_eq!(judge(&filter, "{\"type\": \"record\", \"command\": \"heartbeat\"}"), Judgement::Delivered);
    }

    #[test]
    fn each_member_can_exclude_an_event() {
        let only = |set: fn(&mut EventFilter)| {
            let mut filter = EventFilter::default();
            set(&mut filter);
            filter
        };
        for (filter, member) in [
            (only(|filter| filter.excluded_users.push("x".into())), "dbUserName"),
            (only(|filter| filter.excluded_commands.push("x".into())), "command"),
            (only(|filter| filter.excluded_classes.push("x".into())), "class"),
            (only(|filter| filter.excluded_databases.push("x".into())), "databaseName"),
        ] {
            assert_eq!(judge(&filter, &format!("{{\"{member}\": \"x\"}}")), Judgement::Excluded, "{member}");
            for other in ["\"X\"", "\"xx\"", "null", "7", "[\"x\"]"] {
                assert_eq!(
                    judge(&filter, &format!("{{\"{member}\": {other}}}")),
                    Judgement::Delivered,
                    "{member} {other}"
                );
            }
            assert_eq!(judge(&filter, "{}"), Judgement::Delivered);
        }
    }

    #[test]
    fn what_is_not_understood_is_delivered() {
        let filter = EventFilter { excluded_users: vec!["x".to_owned()], ..EventFilter::default() };
        for event in ["null", "7", "[]", "{\"type\": 7}", "{\"type\": null, \"dbUserName\": {\"x\": 1}}"] {
            assert_eq!(judge(&filter, event), Judgement::Delivered, "{event}");
        }
    }
}
