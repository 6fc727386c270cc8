//! Numbers as they are written, compared without a loss
//! ([2026-07-28, server validation](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#server-validation)).

/// What a number in decimal notation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// An integer that every JSON reader reads alike, however it is written: `42`, `42.0`, `4.2e1`.
    Integer(i64),
    /// An integer outside ±(2^53 − 1).
    Unsafe,
    /// Not an integer.
    Fraction,
    /// No number.
    Not,
}

impl Number {
    /// Reads a number in the notation of JSON.
    pub(super) fn of(text: &str) -> Self {
        Decimal::of(text).map_or(Self::Not, |decimal| decimal.number())
    }
}

/// `digits` × 10^`scale`, where digits neither begin nor end with a zero.
struct Decimal {
    is_negative: bool,
    digits: String,
    scale: i64,
}

impl Decimal {
    fn of(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, power(exponent)?),
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix('-');
        let is_negative = unsigned.is_some();
        let unsigned = unsigned.unwrap_or(mantissa);
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (unsigned, ""),
        };
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_padded = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || is_padded || !are_digits(whole) || !are_digits(fraction) {
            return None;
        }
        let all = [whole, fraction].concat();
        let digits = all.trim_end_matches('0');
        let zeros = i64::try_from(all.len() - digits.len()).ok()?;
        let places = i64::try_from(fraction.len()).ok()?;
        Some(Self {
            is_negative,
            digits: digits.trim_start_matches('0').to_owned(),
            scale: exponent.saturating_add(zeros).saturating_sub(places),
        })
    }

    fn number(&self) -> Number {
        if self.digits.is_empty() {
            return Number::Integer(0);
        }
        let Ok(scale) = u32::try_from(self.scale) else {
            return if self.scale < 0 {
                Number::Fraction
            } else {
                Number::Unsafe
            };
        };
        let value = self.digits.parse::<i64>().ok();
        let value = value.and_then(|value| value.checked_mul(10_i64.checked_pow(scale)?));
        match value.filter(|value| *value <= MAX_SAFE) {
            Some(value) if self.is_negative => Number::Integer(-value),
            Some(value) => Number::Integer(value),
            None => Number::Unsafe,
        }
    }
}

/// The exponent of a number; as much as counts, when it has more digits than that.
fn power(exponent: &str) -> Option<i64> {
    let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let power = digits.parse().unwrap_or(i64::MAX);
    Some(if exponent.starts_with('-') {
        -power
    } else {
        power
    })
}

/// 2^53 − 1: integers up to here are exact in a double.
const MAX_SAFE: i64 = 9_007_199_254_740_991;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_read_exactly_however_it_is_written() {
        let cases = [
            ("42", Number::Integer(42)),
            ("42.0", Number::Integer(42)),
            ("4.2e1", Number::Integer(42)),
            ("4200E-2", Number::Integer(42)),
            ("42e+0", Number::Integer(42)),
            ("-7", Number::Integer(-7)),
            ("0", Number::Integer(0)),
            ("-0.0", Number::Integer(0)),
            ("0e99999999999999999999", Number::Integer(0)),
            ("9007199254740991", Number::Integer(MAX_SAFE)),
            ("-9007199254740991", Number::Integer(-MAX_SAFE)),
            ("9007199254740992", Number::Unsafe),
            ("-9007199254740992", Number::Unsafe),
            ("1e400", Number::Unsafe),
            ("1e99999999999999999999", Number::Unsafe),
            ("9007199254740991.4", Number::Fraction),
            ("42.00000000000000000000001", Number::Fraction),
            ("1e-99999999999999999999", Number::Fraction),
            ("3.14159", Number::Fraction),
            ("", Number::Not),
            ("-", Number::Not),
            ("+1", Number::Not),
            ("042", Number::Not),
            ("1.", Number::Not),
            (".5", Number::Not),
            ("1e", Number::Not),
            ("1e5e5", Number::Not),
            ("1 ", Number::Not),
            ("0x1", Number::Not),
            ("NaN", Number::Not),
            ("inf", Number::Not),
            ("٤٢", Number::Not),
        ];
        for (text, expected) in cases {
            assert_eq!(Number::of(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_integer_is_the_same_with_a_fraction_of_zeros(value in -MAX_SAFE..=MAX_SAFE, zeros in 1_usize..9) {
            let zeros = "0".repeat(zeros);
            prop_assert_eq!(Number::of(&value.to_string()), Number::Integer(value));
            prop_assert_eq!(Number::of(&format!("{value}.{zeros}")), Number::Integer(value));
            let places = zeros.len();
            prop_assert_eq!(Number::of(&format!("{value}{zeros}e-{places}")), Number::Integer(value));
        }

        #[test]
        fn any_text_is_a_number_exactly_when_json_says_so(text in "[-+0-9.eE]{0,12}|\\PC{0,6}") {
            let is_json = serde_json::from_str::<serde_json::Number>(&text).is_ok() && text.trim() == text;
            // JSON readers refuse what no double can hold.
            let is_number = Number::of(&text) != Number::Not;
            prop_assert!(is_number || !is_json, "{}", text);
            prop_assert!(is_json || !is_number || text.contains(['e', 'E']), "{}", text);
        }
    }
}
