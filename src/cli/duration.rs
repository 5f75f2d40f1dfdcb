//! Durations as arguments: a whole number and a unit, such as `60s`, `2m`, `12h`, `30d`.

use std::time::Duration;

/// Ten years: longer is a mistake, and sums of times stay far from their limits.
const SECONDS_MAX: u64 = 10 * 365 * 86_400;

/// Reads a duration of one second to ten years.
///
/// # Errors
///
/// What is allowed, for clap to show.
pub(super) fn parse(text: &str) -> Result<Duration, &'static str> {
    const ALLOWED: &str = "allowed: a whole number and s, m, h or d, such as 60s, from 1s to 3650d";
    let unit = text.chars().next_back().ok_or(ALLOWED)?;
    let seconds_per_unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(ALLOWED),
    };
    let digits = &text[..text.len() - 1];
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ALLOWED);
    }
    let number: u64 = digits.parse().map_err(|_| ALLOWED)?;
    let seconds = number.checked_mul(seconds_per_unit).ok_or(ALLOWED)?;
    let allowed = (1..=SECONDS_MAX).contains(&seconds);
    if allowed { Ok(Duration::from_secs(seconds)) } else { Err(ALLOWED) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        for (text, seconds) in
            [("1s", 1), ("60s", 60), ("2m", 120), ("12h", 43_200), ("3650d", SECONDS_MAX)]
        {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "s",
            "60",
            "0s",
            "-1s",
            "+1s",
            "1.5m",
            "1w",
            "1µ",
            "3651d",
            "99999999999999999999s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
