//! An invocation, as Lambda hands it over.

use bytes::Bytes;
use http::HeaderMap;

/// An invocation, as Lambda hands it over.
#[derive(Clone, PartialEq, Eq)]
pub struct Invocation {
    /// Lambda's id of the invocation.
    pub request_id: String,
    /// When Lambda ends it, in milliseconds since the epoch. 0 if Lambda did not say so in a way that can be read:
    /// [`InvocationDeadlines`](crate::invocation::InvocationDeadlines) then takes the configured time-out.
    pub deadline_epoch_millis: u64,
    /// The event, as it came.
    pub event: Bytes,
}

/// Does not show the event.
impl std::fmt::Debug for Invocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invocation")
            .field("request_id", &self.request_id)
            .field("deadline_epoch_millis", &self.deadline_epoch_millis)
            .field("event_len", &self.event.len())
            .finish()
    }
}

impl Invocation {
    /// The invocation of an answer of the runtime API; `None` without a request id. Other headers may be missing or odd.
    pub(super) fn new(headers: &HeaderMap, event: Bytes) -> Option<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let deadline = text("lambda-runtime-deadline-ms").and_then(|millis| millis.trim().parse().ok());
        Some(Self {
            request_id: text("lambda-runtime-aws-request-id").filter(|id| !id.is_empty())?.to_owned(),
            deadline_epoch_millis: deadline.unwrap_or(0),
            event,
        })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn invocation(headers: &[(&'static str, &'static [u8])]) -> Option<Invocation> {
        let header = |(name, value): &(&'static str, &'static [u8])| {
            ((*name).parse().expect("a name"), HeaderValue::from_bytes(value).expect("a value"))
        };
        Invocation::new(&headers.iter().map(header).collect(), Bytes::from_static(b"secret"))
    }

    #[test]
    fn only_the_request_id_is_indispensable() {
        let id = ("lambda-runtime-aws-request-id", &b"8476a536"[..]);
        let millis = |deadline| {
            let invocation = invocation(&[id, ("lambda-runtime-deadline-ms", deadline)]).expect("an invocation");
            assert_eq!((&*invocation.request_id, &invocation.event[..]), ("8476a536", &b"secret"[..]));
            invocation.deadline_epoch_millis
        };
        assert_eq!(millis(b"1542409706888"), 1_542_409_706_888);
        assert_eq!(millis(b"soon"), 0);
        assert_eq!(millis(b"-1"), 0);
        assert_eq!(millis("später".as_bytes()), 0);
        assert_eq!(invocation(&[id]).expect("an invocation").deadline_epoch_millis, 0);
        assert_eq!(invocation(&[("lambda-runtime-deadline-ms", b"1542409706888")]), None);
        assert!(!format!("{:?}", invocation(&[id])).contains("secret"));
    }
}
