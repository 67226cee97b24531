//! The characters that SQS allows in a message.

/// Whether SQS allows every character of `text`.
///
/// "A message can include only … the following Unicode characters: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub(crate) fn sqs_allows(text: &str) -> bool {
    text.chars().all(is_allowed)
}

fn is_allowed(character: char) -> bool {
    // A `char` is never a surrogate, so that only the control characters and two noncharacters are left to forbid.
    !matches!(character, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// The same JSON, with the characters escaped that JSON allows and SQS does not.
///
/// They can only stand within strings: JSON itself demands that control characters are escaped there.
pub(crate) fn escape_for_sqs(json: String) -> String {
    if sqs_allows(&json) { json } else { json.replace('\u{FFFE}', "\\ufffe").replace('\u{FFFF}', "\\uffff") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqs_allows_the_characters_of_xml_1_0() {
        for allowed in ["\t", "\n", "\r", " ", "\u{7F}", "\u{D7FF}", "\u{E000}", "\u{FFFD}", "\u{10000}", "\u{10FFFF}"]
        {
            assert!(sqs_allows(allowed), "{allowed:?}");
        }
        for forbidden in ["\0", "\u{8}", "\u{B}", "\u{C}", "\u{E}", "\u{1F}", "\u{FFFE}", "\u{FFFF}"] {
            assert!(!sqs_allows(forbidden), "{forbidden:?}");
        }
    }

    #[test]
    fn json_is_escaped_where_sqs_is_stricter() {
        let text = "a\u{FFFE}\u{1}\u{FFFF}é";
        let escaped = escape_for_sqs(serde_json::to_string(text).unwrap());
        assert!(sqs_allows(&escaped));
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
    }
}
