//! Numbers as people read them.

/// `number` with thousands separators, and with decimals only where they matter: 1,234 / 56 / 7.8 / 0.012.
pub(crate) fn number(number: f64) -> String {
    match number {
        _ if !number.is_finite() => "unknown".to_owned(),
        _ if number >= 9.95 => separated(&format!("{number:.0}")),
        _ if (number - number.round()).abs() < 1e-9 => format!("{number:.0}"),
        _ if number >= 0.995 => format!("{number:.1}"),
        _ if number >= 0.0995 => format!("{number:.2}"),
        _ if number >= 0.000_995 => format!("{number:.3}"),
        _ => "less than 0.001".to_owned(),
    }
}

/// A count with thousands separators.
pub(crate) fn count(count: u64) -> String {
    separated(&count.to_string())
}

/// A count and what is counted.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A part of 1 in percent, never rounded to all or to nothing.
pub(crate) fn percent(part: f64) -> String {
    match part * 100.0 {
        percent if percent >= 100.0 => format!("{} %", number(percent)),
        percent if percent >= 99.95 => "more than 99.9 %".to_owned(),
        percent if percent >= 0.05 => format!("{percent:.1} %"),
        percent if percent > 0.0 => "less than 0.1 %".to_owned(),
        _ => "0 %".to_owned(),
    }
}

/// US dollars.
pub(crate) fn dollars(dollars: f64) -> String {
    match dollars {
        _ if dollars >= 9.995 => format!("${}", separated(&format!("{dollars:.0}"))),
        _ if dollars >= 0.005 => format!("${dollars:.2}"),
        _ if dollars > 0.0 => "less than $0.01".to_owned(),
        _ => "$0".to_owned(),
    }
}

/// A time in its two largest units.
pub(crate) fn duration(seconds: f64) -> String {
    let units = [("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)];
    let smaller = [("h", 3_600.0), ("min", 60.0), ("s", 1.0)];
    for ((unit, of_unit), (next, of_next)) in units.into_iter().zip(smaller) {
        if seconds >= of_unit {
            let whole = (seconds / of_unit).floor();
            let rest = ((seconds - whole * of_unit) / of_next).floor();
            return if rest > 0.0 { format!("{whole} {unit} {rest} {next}") } else { format!("{whole} {unit}") };
        }
    }
    format!("{} s", number(seconds))
}

/// A text that a record has, as it may be shown on a terminal: without control characters, and not too long.
pub(crate) fn shown(text: &str) -> String {
    const MAX_CHARS: usize = 60;
    let mut shown: String = text.chars().take(MAX_CHARS).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

fn separated(digits: &str) -> String {
    let mut separated = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            separated.push(',');
        }
        separated.push(digit);
    }
    separated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_matter() {
        for (value, written) in [
            (0.0, "0"),
            (0.000_5, "less than 0.001"),
            (0.001, "0.001"),
            (0.033_33, "0.033"),
            (0.5, "0.50"),
            (1.0, "1"),
            (7.77, "7.8"),
            (9.96, "10"),
            (999.6, "1,000"),
            (1_234_567.8, "1,234,568"),
            (f64::NAN, "unknown"),
        ] {
            assert_eq!(number(value), written);
        }
        assert_eq!([count(0), count(999), count(1_000), count(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_part_is_never_rounded_to_all_or_to_nothing() {
        for (part, written) in [
            (0.0, "0 %"),
            (0.000_4, "less than 0.1 %"),
            (0.001, "0.1 %"),
            (0.5, "50.0 %"),
            (0.999_4, "99.9 %"),
            (0.999_6, "more than 99.9 %"),
            (1.0, "100 %"),
            (12.0, "1,200 %"),
        ] {
            assert_eq!(percent(part), written);
        }
        assert_eq!(
            [dollars(0.0), dollars(0.001), dollars(0.27), dollars(3254.4)],
            ["$0", "less than $0.01", "$0.27", "$3,254"]
        );
    }

    #[test]
    fn a_time_is_told_in_two_units() {
        for (seconds, written) in [
            (0.25, "0.25 s"),
            (42.0, "42 s"),
            (60.0, "1 min"),
            (250.4, "4 min 10 s"),
            (7_260.0, "2 h 1 min"),
            (90_000.0, "1 d 1 h"),
        ] {
            assert_eq!(duration(seconds), written);
        }
    }

    #[test]
    fn control_characters_of_a_record_do_not_reach_the_terminal() {
        assert_eq!(shown("tenant"), "tenant");
        assert_eq!(shown("\u{1b}[2Jé\n"), "\\u{1b}[2Jé\\n");
        assert_eq!(shown(&"k".repeat(61)), format!("{}…", "k".repeat(60)));
    }
}
