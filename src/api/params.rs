//! Words of a request read as values: addresses, token ids, blocks, limits. Every fault says what
//! would have been right.

use alloy::primitives::{Address, B256, U256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::asked::{Asked, shown};
use super::problem::{Fault, Problem};
use crate::types::{EventId, Finality, Standard};

/// Rows of a page where nothing else is asked.
pub(super) const LIMIT_DEFAULT: i64 = 50;
/// Most rows of a page: what a client can hold and a statement answers at once.
pub(super) const LIMIT_MAX: i64 = 1000;
/// Longest alias of a chain that is looked up.
const ALIAS_BYTES_MAX: usize = 64;
/// Highest block that can be named: one above it still fits the column.
pub(super) const BLOCK_MAX: i64 = i64::MAX - 1;

/// A value of the query, `None` where it was not sent.
pub(super) fn query<T>(
    asked: &Asked,
    name: &'static str,
    read: fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Problem> {
    asked
        .query(name)
        .map(read)
        .transpose()
        .map_err(|detail| Problem::invalid(vec![Fault::new("query", name, detail)]))
}

/// A value of the path.
pub(super) fn path<T>(
    asked: &Asked,
    name: &'static str,
    read: fn(&str) -> Result<T, String>,
) -> Result<T, Problem> {
    read(asked.path(name))
        .map_err(|detail| Problem::invalid(vec![Fault::new("path", name, detail)]))
}

/// What can be a chain's CAIP-2 id, number or alias.
pub(super) fn chain(text: &str) -> Result<&str, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    if text.is_empty() || text.len() > ALIAS_BYTES_MAX || !text.bytes().all(plain) {
        let detail = "is no chain: expected eip155:<number>, a number or an alias";
        return Err(format!("{} {detail}", shown(text)));
    }
    Ok(text)
}

/// 20 bytes in hexadecimal, in any case.
pub(super) fn address(text: &str) -> Result<Address, String> {
    hexadecimal::<20>(text).map(Address::from).ok_or_else(|| {
        format!("{} is no address: expected 0x and 40 hexadecimal digits", shown(text))
    })
}

/// An address that can hold tokens.
pub(super) fn wallet(text: &str) -> Result<Address, String> {
    let address = address(text)?;
    if address.is_zero() {
        return Err("the zero address holds nothing; see mints and burns with kind=".into());
    }
    Ok(address)
}

/// 32 bytes in hexadecimal.
pub(super) fn hash(text: &str) -> Result<B256, String> {
    hexadecimal::<32>(text)
        .map(B256::from)
        .ok_or_else(|| format!("{} is no hash: expected 0x and 64 hexadecimal digits", shown(text)))
}

fn hexadecimal<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let mut bytes = [0; N];
    let plain = digits.len() == 2 * N && digits.bytes().all(|b| b.is_ascii_hexdigit());
    (plain && alloy::primitives::hex::decode_to_slice(digits, &mut bytes).is_ok()).then_some(bytes)
}

/// 0 to 2^256-1, decimal or 0x-hexadecimal.
pub(super) fn token_id(text: &str) -> Result<U256, String> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let plain = !digits.is_empty()
        && digits.len() <= 78
        && digits.bytes().all(|b| char::from(b).is_digit(radix));
    plain.then(|| U256::from_str_radix(digits, radix.into()).ok()).flatten().ok_or_else(|| {
        format!("{} is no token id: expected 0 to 2^256-1, decimal or 0x-hexadecimal", shown(text))
    })
}

/// A block number.
pub(super) fn block(text: &str) -> Result<i64, String> {
    number(text)
        .filter(|block| *block <= BLOCK_MAX)
        .ok_or_else(|| format!("{} is no block number: expected 0 to 2^63-2", shown(text)))
}

/// Rows of a page.
pub(super) fn limit(asked: &Asked) -> Result<i64, Problem> {
    let read = |text: &str| {
        number(text)
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| format!("limit is a number from 1 to {LIMIT_MAX}"))
    };
    Ok(query(asked, "limit", read)?.unwrap_or(LIMIT_DEFAULT))
}

fn number(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.len() <= 19 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Whether the newest come first; they do by default.
pub(super) fn descending(asked: &Asked) -> Result<bool, Problem> {
    let read = |text: &str| match text {
        "asc" => Ok(false),
        "desc" => Ok(true),
        _ => Err("order is asc or desc".into()),
    };
    Ok(query(asked, "order", read)?.unwrap_or(true))
}

/// `latest`, `safe` or `finalized`.
pub(super) fn finality(text: &str) -> Result<Finality, String> {
    [Finality::Latest, Finality::Safe, Finality::Finalized]
        .into_iter()
        .find(|finality| finality.as_str() == text)
        .ok_or_else(|| "min_finality is latest, safe or finalized".into())
}

/// `erc721` or `erc1155`.
pub(super) fn standard(text: &str) -> Result<&'static str, String> {
    Standard::parse(text)
        .map(Standard::as_str)
        .ok_or_else(|| "standard is erc721 or erc1155".into())
}

/// `mint`, `transfer` or `burn`.
pub(super) fn kind(text: &str) -> Result<&'static str, String> {
    ["mint", "transfer", "burn"]
        .into_iter()
        .find(|kind| *kind == text)
        .ok_or_else(|| "kind is mint, transfer or burn".into())
}

/// An RFC 3339 time that Postgres can hold.
pub(super) fn instant(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        format!("{} is no time: expected RFC 3339, as 2026-01-31T12:00:00Z", shown(text))
    })
}

/// An event id.
pub(super) fn event_id(text: &str) -> Result<EventId, String> {
    text.parse().map_err(|error| format!("{}: {error}", shown(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_ids_are_read_up_to_the_last_and_no_further() {
        let most = U256::MAX.to_string();
        assert_eq!(token_id(&most), Ok(U256::MAX));
        assert_eq!(token_id(&format!("0x{}", "f".repeat(64))), Ok(U256::MAX));
        assert_eq!(token_id("0X0a"), Ok(U256::from(10)));
        assert_eq!(token_id("007"), Ok(U256::from(7)));
        let above = format!("{}6", &most[..77]);
        let long = "0".repeat(79);
        for wrong in ["", "0x", "-1", "+1", "1e3", "1_0", "0x_1", "٣", "1.0", " 1", &above, &long]
        {
            assert!(token_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn blocks_stay_inside_the_column() {
        assert_eq!(block("0"), Ok(0));
        assert_eq!(block("9223372036854775806"), Ok(BLOCK_MAX));
        for wrong in ["", "-1", "+1", "9223372036854775807", "18446744073709551616", "0x1", "1 "] {
            assert!(block(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_read_in_any_case() {
        let lower = "0xbc4ca0eda7647a8ab7c2061c2e118a18a936f13d";
        assert_eq!(address(lower), address(&lower.to_uppercase()));
        assert_eq!(address(lower).unwrap().to_checksum(None).len(), 42);
        for wrong in
            ["", "0x", &lower[2..], &lower[..41], "0xbc4ca0eda7647a8ab7c2061c2e118a18a936f13é"]
        {
            assert!(address(wrong).is_err(), "{wrong}");
        }
        assert!(wallet("0x0000000000000000000000000000000000000000").is_err());
    }
}
