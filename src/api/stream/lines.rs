//! How rows are written: CSV or NDJSON, into one buffer, without a string for each value.

use alloy::primitives::Address;

/// Owners whose checksum is remembered. A checksum costs a hash, and many rows in a row have one
/// owner, or one of a few that hold much; 64 KiB a stream.
const NAMES: usize = 1024;

/// Length of `0x` and 40 digits.
const NAME_BYTES: usize = 42;

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::api) enum Format {
    /// A head, then a line a row.
    #[default]
    Csv,
    /// A JSON object a line.
    Ndjson,
}

impl Format {
    pub(in crate::api) fn read(text: &str) -> Result<Self, String> {
        match text {
            "csv" => Ok(Self::Csv),
            "ndjson" => Ok(Self::Ndjson),
            _ => Err("format is csv or ndjson".into()),
        }
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}

/// Addresses in mixed case, the last ones remembered.
pub(in crate::api) struct Names(Vec<([u8; 20], [u8; NAME_BYTES])>);

impl Names {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// The address as `0x` and 40 digits (EIP-55).
    pub(super) fn of(&mut self, address: &[u8; 20]) -> &[u8; NAME_BYTES] {
        if self.0.is_empty() {
            let nobody = ([0; 20], named(&[0; 20]));
            self.0.resize(NAMES, nobody);
        }
        let place = usize::from(u16::from_be_bytes([address[18], address[19]])) % NAMES;
        let slot = &mut self.0[place];
        if slot.0 != *address {
            *slot = (*address, named(address));
        }
        &slot.1
    }
}

fn named(address: &[u8; 20]) -> [u8; NAME_BYTES] {
    let mut name = [0; NAME_BYTES];
    let _ = Address::from(address).to_checksum_raw(&mut name, None);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_share_a_place_are_told_apart() {
        let mut names = Names::new();
        let one = Address::repeat_byte(0xAB);
        let other = Address::from_slice(&[&[0xCD; 18][..], &[0xAB; 2]].concat());
        for address in [one, other, one, Address::ZERO, one] {
            let name = String::from_utf8(names.of(&address.0.0).to_vec()).unwrap();
            assert_eq!(name, address.to_checksum(None));
        }
    }
}
