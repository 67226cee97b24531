//! The function's configuration, composed of the library's groups of variables and one of its own.

use warmkeys::config::{Choice, Environment, Group, TextList};
use warmkeys::lambda::StreamDecryptorConfig;
use warmkeys::record_format::{self, RecordFormat};
use warmkeys::sinks::{self, SinkSettings};

use crate::EventFilter;

/// The function's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the stream is decrypted.
    pub decryptor: StreamDecryptorConfig,
    /// What the sink is given.
    pub output: Output,
    /// Which events are left out.
    pub filter: EventFilter,
    /// Where it goes.
    pub sink: SinkSettings,
}

/// What the sink is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// A record for each event.
    Events,
    /// A record for each document, as the database wrote it.
    Documents,
}

impl Config {
    /// Reads all groups. `None` if a variable has a problem, which `environment` notes.
    pub fn read(environment: &mut Environment) -> Option<Self> {
        let format = environment.group(&record_format::ACTIVITY_STREAM);
        let events = environment.group(&EVENTS);
        let sink = environment.group(&sinks::VARIABLES);
        let decryptor = StreamDecryptorConfig::read_for(environment, format.map(RecordFormat::ActivityStream));
        let (output, filter) = events?;
        Some(Self { decryptor: decryptor?, output, filter, sink: sink? })
    }
}

const EVENTS: Group<(Output, EventFilter)> = Group {
    heading: "Activity events",
    variables: &[&ACTIVITY_OUTPUT, &EXCLUDED_USERS, &EXCLUDED_COMMANDS, &EXCLUDED_CLASSES, &EXCLUDED_DATABASES],
    replaced: &[],
    read: |environment| {
        let output = environment.read(&ACTIVITY_OUTPUT);
        let mut excluded = |variable| environment.read(variable).unwrap_or_default();
        let filter = EventFilter {
            excluded_users: excluded(&EXCLUDED_USERS),
            excluded_commands: excluded(&EXCLUDED_COMMANDS),
            excluded_classes: excluded(&EXCLUDED_CLASSES),
            excluded_databases: excluded(&EXCLUDED_DATABASES),
        };
        if output == Some(Output::Documents) && !filter.is_empty() {
            environment.reject(ACTIVITY_OUTPUT.name, "is documents, from which no event can be excluded");
        }
        Some((output?, filter))
    },
};

const ACTIVITY_OUTPUT: Choice<Output> = Choice {
    name: "ACTIVITY_OUTPUT",
    choices: &[("events", Output::Events), ("documents", Output::Documents)],
    meaning: "What the sink gets: a record for each event (heartbeats are left out, and counted in the log), or each decompressed document \
              as the database wrote it.",
};

const EXCLUDED_USERS: TextList<String> = excluded(
    "ACTIVITY_EXCLUDED_USERS",
    "Events of these database users (dbUserName) are left out, such as rdsadmin. They are counted in the log.",
);
const EXCLUDED_COMMANDS: TextList<String> = excluded(
    "ACTIVITY_EXCLUDED_COMMANDS",
    "Events with these commands (command), such as SELECT, are left out and counted.",
);
const EXCLUDED_CLASSES: TextList<String> =
    excluded("ACTIVITY_EXCLUDED_CLASSES", "Events of these classes (class), such as READ, are left out and counted.");
const EXCLUDED_DATABASES: TextList<String> =
    excluded("ACTIVITY_EXCLUDED_DATABASES", "Events in these databases (databaseName) are left out and counted.");

const fn excluded(name: &'static str, meaning: &'static str) -> TextList<String> {
    TextList {
        name,
        allowed: "texts exactly as in the events",
        parse: |text| (!text.is_empty()).then(|| text.to_owned()),
        secret: false,
        meaning,
    }
}

#[cfg(test)]
mod tests {
    use warmkeys::config::{self, ConfigError, Configured};

    use super::*;

    const LEAST: [(&str, &str); 3] = [
        ("AWS_REGION", "eu-west-1"),
        ("ACTIVITY_STREAM_RESOURCE_ID", "cluster-ABC"),
        ("KMS_KEY_ARNS", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    ];

    fn read(more: &[(&str, &str)]) -> Result<Config, ConfigError> {
        config::read(LEAST.iter().chain(more).copied(), Config::read).map(|Configured { settings, .. }| settings)
    }

    #[test]
    fn the_database_is_all_that_is_needed_besides_its_key() {
        let config = read(&[]).unwrap();
        assert!(
            matches!(&config.decryptor.record_format, RecordFormat::ActivityStream(format) if format.database.as_str() == "cluster-ABC")
        );
        assert_eq!((config.output, config.filter.is_empty()), (Output::Events, true));
        let error = config::read([LEAST[0], LEAST[2]], Config::read).unwrap_err();
        assert!(error.to_string().contains("ACTIVITY_STREAM_RESOURCE_ID is not set"), "{error}");
    }

    #[test]
    fn variables_of_other_formats_are_not_the_functions() {
        let error = read(&[("WARMKEYS_SETTINGS", "{\"RECORD_FORMAT\":\"kms-ciphertext\"}")]).unwrap_err();
        assert!(error.to_string().contains("RECORD_FORMAT"), "{error}");
    }

    #[test]
    fn documents_cannot_be_filtered() {
        let excluded = ("ACTIVITY_EXCLUDED_USERS", "rdsadmin, app");
        assert_eq!(read(&[excluded]).unwrap().filter.excluded_users, ["rdsadmin", "app"]);
        let error = read(&[excluded, ("ACTIVITY_OUTPUT", "documents")]).unwrap_err();
        assert!(
            error.to_string().contains("ACTIVITY_OUTPUT is documents, from which no event can be excluded"),
            "{error}"
        );
    }
}
