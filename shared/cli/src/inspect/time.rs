//! Times of arrival, in milliseconds since 1970: read as they are written anywhere, and written.

use std::time::{Duration, SystemTime};

/// Milliseconds since 1970, UTC.
pub(crate) type Millis = u64;

/// From so many on, a number counts milliseconds: as seconds it would be in the year 5138, as milliseconds in 1973.
const FIRST_MILLISECONDS: f64 = 100_000_000_000.0;
/// The last millisecond that RFC 3339 can write: of the year 9999.
const LAST: Millis = 253_402_300_799_999;

/// The time that a number tells: seconds, or milliseconds. `None` if it makes no sense.
pub(crate) fn of_number(number: f64) -> Option<Millis> {
    let millis = if number >= FIRST_MILLISECONDS { number } else { number * 1000.0 };
    // Of this duration the seconds are the milliseconds: they are rounded without a cast.
    let millis = Duration::try_from_secs_f64(millis.round()).ok()?.as_secs();
    (millis <= LAST).then_some(millis)
}

/// The time that a text tells: a number, or RFC 3339 with `Z` or an offset, as version 2 of the AWS CLI writes
/// (`2026-11-28T11:02:03.456000+01:00`).
pub(crate) fn of_text(text: &str) -> Option<Millis> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return of_number(number);
    }
    let (local, offset_minutes) = match text.strip_suffix(['Z', 'z']) {
        Some(utc) => (utc, 0),
        None => {
            let sign_at = text.len().checked_sub("+01:00".len())?;
            let (local, offset) = (text.get(..sign_at)?, text.get(sign_at..)?);
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            let minutes = i64::from(hours.parse::<u8>().ok()?) * 60 + i64::from(minutes.parse::<u8>().ok()?);
            match offset.as_bytes().first()? {
                b'+' => (local, minutes),
                b'-' => (local, -minutes),
                _ => return None,
            }
        }
    };
    let local = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    let millis = local.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis();
    let utc = i64::try_from(millis).ok()?.checked_sub(offset_minutes.checked_mul(60_000)?)?;
    Millis::try_from(utc).ok().filter(|millis| *millis <= LAST)
}

/// `2026-11-28T10:02:03Z`, to the second.
pub(crate) fn to_text(time: Millis) -> String {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(time.min(LAST));
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Millis = 1_795_860_123_456;

    #[test]
    fn a_time_is_read_as_both_versions_of_the_cli_and_lambda_write_it() {
        for written in [
            "2026-11-28T11:02:03.456000+01:00",
            "2026-11-28T04:32:03.456000-05:30",
            "2026-11-28T10:02:03.456Z",
            "2026-11-28T10:02:03.456+00:00",
            "1795860123.456",
            "1795860123456",
        ] {
            assert_eq!(of_text(written), Some(TIME), "{written}");
        }
        assert_eq!(of_number(1_795_860_123.456), Some(TIME));
        assert_eq!(of_number(1_795_860_123_456.0), Some(TIME));
        assert_eq!(to_text(TIME), "2026-11-28T10:02:03Z");
    }

    #[test]
    fn what_makes_no_sense_is_no_time() {
        for written in
            ["", "yesterday", "-1", "NaN", "1e300", "+01:00", "2026-11-28T10:02:03é01:00", "1970-01-01T00:00:00+01:00"]
        {
            assert_eq!(of_text(written), None, "{written}");
        }
        for number in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(of_number(number), None, "{number}");
        }
    }
}
