//! Names of chains and contracts: CAIP-2 outside, small surrogate numbers inside.

use std::fmt;
use std::str::FromStr;

/// The CAIP-2 id of an EVM chain, `eip155:<number>` (CAIP-2, namespace `eip155`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caip2(pub u64);

impl fmt::Display for Caip2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "eip155:{}", self.0)
    }
}

/// Why a text is no chain id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a CAIP-2 id of an EVM chain: expected eip155:<number>")]
pub struct NotCaip2;

impl FromStr for Caip2 {
    type Err = NotCaip2;

    fn from_str(text: &str) -> Result<Self, NotCaip2> {
        let digits = text.strip_prefix("eip155:").ok_or(NotCaip2)?;
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !plain || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(NotCaip2);
        }
        digits.parse().map(Caip2).map_err(|_| NotCaip2)
    }
}

/// Surrogate number of a chain in this database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainKey(pub i16);

/// Surrogate number of a contract in this database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractKey(pub i32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_caip2_ids_are_read() {
        assert_eq!("eip155:1".parse(), Ok(Caip2(1)));
        assert_eq!("eip155:31337".parse(), Ok(Caip2(31_337)));
        for wrong in ["", "1", "eip155:", "eip155:01", "eip155:+1", "eip155:-1", "cosmos:1"] {
            assert_eq!(wrong.parse::<Caip2>(), Err(NotCaip2), "{wrong}");
        }
        assert_eq!(Caip2(137).to_string(), "eip155:137");
    }
}
