//! Text from outside, cut to a length that can be logged and stored.

/// `text`, or if it has more than `max_len` bytes its beginning and an ellipsis, together at most `max_len` bytes (which is 3 or more).
pub(crate) fn bounded(text: &str, max_len: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() <= max_len {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(max_len.saturating_sub(ELLIPSIS.len()));
    let (beginning, _) = text.split_at(end);
    format!("{beginning}{ELLIPSIS}")
}

/// [`bounded`], and with a space for each control character: the words of another program, which are to stay within a line of the log.
pub(crate) fn one_line(text: &str, max_len: usize) -> String {
    bounded(text, max_len).replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_from_one_byte_above_the_bound() {
        assert_eq!(bounded("12345", 6), "12345");
        assert_eq!(bounded("123456", 6), "123456");
        assert_eq!(bounded("1234567", 6), "123…");
    }

    #[test]
    fn a_character_is_never_split() {
        assert_eq!(bounded("éééé", 6), "é…");
    }

    #[test]
    fn what_another_program_says_is_one_line() {
        assert_eq!(one_line("no\r\n\x1B[31mkey\u{85}\0é", 100), "no   [31mkey  é");
        assert_eq!(one_line("\n23456789", 6), " 23…");
    }
}
