//! Quantities, which always carry their unit.

use std::time::Duration;

use bytesize::ByteSize;

use super::table::Misfit;

/// A time such as `30s`, `1m 30s` or `500ms`; longer than nothing.
pub(super) fn time(text: &str) -> Result<Duration, Misfit> {
    humantime::parse_duration(text)
        .ok()
        .filter(|time| !time.is_zero() && *time <= LONGEST)
        .ok_or_else(|| {
            Misfit::new("takes a time with its unit, such as \"30s\" or \"5m\", up to \"1day\"")
        })
}

/// As [`time`], up to a year: for what is kept.
pub(super) fn days(text: &str) -> Result<Duration, Misfit> {
    humantime::parse_duration(text)
        .ok()
        .filter(|time| !time.is_zero() && *time <= YEAR)
        .ok_or_else(|| {
            Misfit::new(
                "takes a time with its unit, such as \"12h\" or \"7days\", up to \"365days\"",
            )
        })
}

/// A size in bytes such as `8MiB` or `500kB`; more than nothing.
pub(super) fn size(text: &str) -> Result<usize, Misfit> {
    let has_unit = text.ends_with(|last: char| last.is_ascii_alphabetic());
    text.parse::<ByteSize>()
        .ok()
        .filter(|size| has_unit && (1..=LARGEST).contains(&size.as_u64()))
        .and_then(|size| usize::try_from(size.as_u64()).ok())
        .ok_or_else(|| {
            Misfit::new("takes a size with its unit, such as \"500kB\" or \"8MiB\", up to \"1GiB\"")
        })
}

const LONGEST: Duration = Duration::from_hours(24);
const YEAR: Duration = Duration::from_hours(365 * 24);
const LARGEST: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_needs_its_unit() {
        assert_eq!(time("30s").ok(), Some(Duration::from_secs(30)));
        assert_eq!(time("1m 30s").ok(), Some(Duration::from_secs(90)));
        for text in ["30", "", "0s", "-1s", "2days", "soon"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_size_needs_its_unit() {
        assert_eq!(size("8MiB").ok(), Some(8 << 20));
        assert_eq!(size("500 kB").ok(), Some(500_000));
        for text in ["8", "", "0B", "-1kB", "2GiB", "much"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
