//! Whole numbers that are sent as they are written, or not at all: those beyond 64 bits would become others.

/// The first whole number of a JSON text that would be sent as another one.
pub(super) fn altered(json: &str) -> Option<&str> {
    let mut rest = json;
    while let Some(at) = rest.find(|it: char| it == '"' || it == '-' || it.is_ascii_digit()) {
        rest = rest.get(at..)?;
        if let Some(text) = rest.strip_prefix('"') {
            rest = after_text(text)?;
            continue;
        }
        let is_part = |it: char| it.is_ascii_digit() || matches!(it, '-' | '+' | '.' | 'e' | 'E');
        let end = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        if is_altered(number) {
            return Some(number);
        }
        rest = after;
    }
    None
}

/// What follows a JSON text, which begins behind its first quotation mark.
fn after_text(mut rest: &str) -> Option<&str> {
    loop {
        let at = rest.find(['"', '\\'])?;
        let (mark, after) = rest.get(at..)?.split_at(1);
        if mark == "\"" {
            return Some(after);
        }
        let mut characters = after.chars();
        characters.next()?;
        rest = characters.as_str();
    }
}

/// Whether a number that is written as a whole one has another value as a float, which is what remains of it beyond 64 bits.
fn is_altered(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return false;
    }
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return false;
    }
    // A float is written here with all its digits.
    number
        .parse::<f64>()
        .is_ok_and(|float| float.to_string() != number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_beyond_64_bits_is_found_but_not_in_a_text() {
        let big = "12345678901234567890123";
        for (json, found) in [
            (big, Some(big)),
            ("-9223372036854775809", Some("-9223372036854775809")),
            (r#"{"a\"1": [1, 12345678901234567890123]}"#, Some(big)),
            (r#"["12345678901234567890123", "\\"]"#, None),
            ("18446744073709551615", None),
            ("-9223372036854775808", None),
            ("10000000000000000000000", None),
            ("12345678901234567890123.5", None),
            ("1.2345678901234567e22", None),
            ("-0", None),
        ] {
            assert_eq!(altered(json), found, "{json}");
        }
    }
}
