//! When a record arrived, in whatever way the event says it.

use std::time::{Duration, SystemTime};

use super::scanner::{NotJson, Scanner};
use crate::text::parse_rfc3339;

/// Takes an `approximateArrivalTimestamp`. `None` if it is absent or makes no sense: nothing but information hangs on it.
///
/// Lambda writes seconds since the epoch, to the millisecond. Emulators have sent milliseconds, and text.
pub(super) fn arrival_time(scanner: &mut Scanner<'_>) -> Result<Option<SystemTime>, NotJson> {
    if let Some(millis) = scanner.take_thousandths() {
        return Ok(of_thousandths(millis));
    }
    match scanner.with_serde_json::<Written>() {
        Ok(Written::Number(number)) => Ok(of_number(number)),
        Ok(Written::Text(text)) => Ok(match text.trim().parse() {
            Ok(number) => of_number(number),
            Err(_) => parse_rfc3339(text.trim()),
        }),
        Ok(Written::Other(_)) => Ok(None),
        // A number that no float can hold, if it is JSON at all.
        Err(_) => scanner.skip().map(|()| None),
    }
}

/// What may stand there.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Text(String),
    Other(serde::de::IgnoredAny),
}

/// From so many on, the number counts milliseconds: as seconds it would be in the year 5138, as milliseconds in 1973.
const FIRST_MILLISECONDS: u64 = 100_000_000_000;

/// Kinesis counts milliseconds, which a float of seconds only comes close to.
fn of_number(number: f64) -> Option<SystemTime> {
    let in_millis = |millis: f64| Some(Duration::try_from_secs_f64(millis.round()).ok()?.as_secs());
    #[expect(clippy::cast_precision_loss, reason = "a power of ten well below 2^53")]
    if number >= FIRST_MILLISECONDS as f64 {
        return of_millis(in_millis(number)?);
    }
    of_millis(in_millis(number * 1000.0)?)
}

/// The time of a number with at most three decimals, given as a count of thousandths.
pub(super) fn of_thousandths(millis: u64) -> Option<SystemTime> {
    if millis / 1000 >= FIRST_MILLISECONDS { of_millis((millis + 500) / 1000) } else { of_millis(millis) }
}

fn of_millis(millis: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(written: &str) -> Option<u128> {
        let mut json = format!("{written},").into_bytes();
        let mut scanner = Scanner::new(&mut json);
        let time = arrival_time(&mut scanner).expect("JSON");
        assert_eq!(scanner.peek(), Some(b','), "{written}");
        time.map(|time| time.duration_since(SystemTime::UNIX_EPOCH).expect("after the epoch").as_millis())
    }

    #[test]
    fn a_time_is_read_however_it_is_written() {
        for (written, expected) in [
            ("1545084650.987", Some(1_545_084_650_987)),
            ("1545084650.9", Some(1_545_084_650_900)),
            ("1545084650", Some(1_545_084_650_000)),
            ("1545084650.98749", Some(1_545_084_650_987)),
            ("1.545084650987e9", Some(1_545_084_650_987)),
            ("1545084650987", Some(1_545_084_650_987)),
            ("1545084650987.0", Some(1_545_084_650_987)),
            ("\"1545084650.987\"", Some(1_545_084_650_987)),
            ("\"1545084650987\"", Some(1_545_084_650_987)),
            ("\"2018-12-17T22:10:50.987Z\"", Some(1_545_084_650_987)),
            ("0", Some(0)),
            ("0.001", Some(1)),
        ] {
            assert_eq!(millis(written), expected, "{written}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_no_time() {
        for written in ["null", "1e999", "\"\"", "\"yesterday\"", "-1", "1e300", "\"NaN\"", "true", "[1]", "{\"a\":1}"]
        {
            assert_eq!(millis(written), None, "{written}");
        }
    }
}
