//! One JSON object per line, flat: the event's own fields beside those of the invocation that it belongs to, so that a filter or a query needs
//! no path: `filter shardId = "shardId-000000000001"`.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes events as flat JSON objects. The fields of spans have to be those of [`JsonFields`].
#[derive(Debug)]
pub(super) struct JsonLines;

impl<S: Subscriber + for<'a> LookupSpan<'a>> FormatEvent<S, JsonFields> for JsonLines {
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut object = Map::new();
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        object.insert("timestamp".to_owned(), timestamp.into());
        object.insert("level".to_owned(), event.metadata().level().as_str().into());
        object.insert("target".to_owned(), event.metadata().target().into());
        let mut path = String::new();
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            if !path.is_empty() {
                path.push(':');
            }
            path.push_str(span.name());
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<JsonFields>>().map(|fields| fields.fields.as_str());
            if let Some(Ok(Value::Object(fields))) = fields.map(serde_json::from_str) {
                object.extend(fields);
            }
        }
        if !path.is_empty() {
            object.insert("span".to_owned(), path.into());
        }
        event.record(&mut Fields(&mut object));
        writeln!(writer, "{}", Value::Object(object))
    }
}

/// Enters an event's fields, each as the JSON that is nearest to it.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn enter(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.enter(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.enter(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.enter(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.enter(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.enter(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.enter(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::super::{invocation_span, note_stream};
    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(work: impl FnOnce()) -> Vec<Value> {
        let log = Log::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt::layer().fmt_fields(JsonFields::new()).event_format(JsonLines);
        let lines = lines.with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), work);
        let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        written.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_has_the_fields_of_its_event_and_of_its_invocation_side_by_side() {
        let lines = logged(|| {
            tracing::info!("outside");
            let invocation = invocation_span("8476a536", true);
            let _in_invocation = invocation.enter();
            tracing::warn!(
                received = 3,
                ratio = 0.5,
                fine = false,
                below = -1_i64,
                reason = "a \"why\"\nand more",
                "before {}",
                1
            );
            note_stream("orders", Some("shardId-000000000001"));
            let _in_phase = tracing::info_span!("data_keys", requests = 2).entered();
            tracing::error!(class = %"throttled", absent = None::<u64>, "within");
        });
        let [outside, before, within] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(
            (&outside["message"], &outside["level"], outside.get("span")),
            (&"outside".into(), &"INFO".into(), None)
        );
        for line in [before, within] {
            assert_eq!((&line["requestId"], &line["coldStart"]), (&"8476a536".into(), &true.into()));
            assert_eq!(line["version"], env!("CARGO_PKG_VERSION"));
            assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
        }
        assert_eq!((&before["message"], &before["reason"]), (&"before 1".into(), &"a \"why\"\nand more".into()));
        let numbers = ["received", "ratio", "fine", "below"].map(|name| before[name].clone());
        assert_eq!(numbers, [Value::from(3), Value::from(0.5), Value::from(false), Value::from(-1)]);
        assert_eq!((before.get("shardId"), &before["span"]), (None, &"invocation".into()));
        assert_eq!((&within["streamName"], &within["shardId"]), (&"orders".into(), &"shardId-000000000001".into()));
        assert_eq!((&within["span"], &within["requests"]), (&"invocation:data_keys".into(), &2.into()));
        assert_eq!((&within["class"], within.get("absent")), (&"throttled".into(), None));
    }
}
