//! Times as text: RFC 3339 in UTC, with as many digits of the second as are needed.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

/// `time` as `2019-11-14T00:38:06.021Z`; in seconds since 1970 if its year has more than four digits.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let mut text = String::new();
    let nanos = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    let formatted = match nanos {
        0 => humantime::format_rfc3339_seconds(time),
        _ if nanos.is_multiple_of(1_000_000) => humantime::format_rfc3339_millis(time),
        _ if nanos.is_multiple_of(1_000) => humantime::format_rfc3339_micros(time),
        _ => humantime::format_rfc3339_nanos(time),
    };
    match write!(text, "{formatted}") {
        Ok(()) => text,
        Err(_) => time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs().to_string(),
    }
}

/// The time that [`rfc3339`] wrote; `None` if `text` is not one.
pub(crate) fn parse_rfc3339(text: &str) -> Option<SystemTime> {
    let far = || SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(text.parse().ok()?));
    humantime::parse_rfc3339(text).ok().or_else(far)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_survive_the_round_trip() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_573_691_886_021);
        assert_eq!(rfc3339(time), "2019-11-14T00:38:06.021Z");
        assert_eq!(parse_rfc3339("2019-11-14T00:38:06.021Z"), Some(time));
        assert_eq!(parse_rfc3339("yesterday"), None);
    }

    #[test]
    fn times_far_away_survive_the_round_trip() {
        for time in [SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40), SystemTime::UNIX_EPOCH] {
            assert_eq!(parse_rfc3339(&rfc3339(time)), Some(time));
        }
    }
}
