//! A `numeric` as Postgres sends it, read in place: for streams, where a number is only written out
//! again. The format is described in [`super::uint256`].

use super::Uint256;

/// Bytes before the digits.
const HEAD: usize = 8;

/// A whole number that is not below zero; its order is that of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digits<'a> {
    /// How many digits of base 10000 follow the first one, zeros at the end included.
    weight: i16,
    /// The digits, big-endian, without zeros at the end.
    digits: &'a [u8],
}

impl<'a> Digits<'a> {
    /// Takes the number off the front of `bytes`; `None` where there is none.
    pub(super) fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let word = |at: usize| Some(i16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let (count, weight, sign) = (word(0)?, word(2)?, word(4)?);
        let end = HEAD + 2 * usize::try_from(count).ok()?;
        let digits = bytes.get(HEAD..end)?;
        if sign != 0 || (count > 0 && weight + 1 < count) {
            return None;
        }
        *bytes = &bytes[end..];
        Some(Self { weight: if count == 0 { -1 } else { weight }, digits })
    }

    /// Appends it in decimal.
    pub fn write(&self, out: &mut Vec<u8>) {
        let Some((first, rest)) = self.digits.split_at_checked(2) else {
            return out.push(b'0');
        };
        let digit = |pair: &[u8]| u16::from_be_bytes([pair[0], pair[1]]);
        let four = |digit: u16| [1_000, 100, 10, 1].map(|unit| b'0' + (digit / unit % 10) as u8);
        let leading = four(digit(first));
        let zeros = leading.iter().take_while(|mark| **mark == b'0').count();
        out.extend_from_slice(&leading[zeros..]);
        rest.chunks_exact(2).for_each(|pair| out.extend_from_slice(&four(digit(pair))));
        let behind = usize::from(self.weight.unsigned_abs()) - rest.len() / 2;
        (0..behind).for_each(|_| out.extend_from_slice(b"0000"));
    }

    /// The number, where it has at most 256 bits.
    pub fn uint256(&self) -> Option<Uint256> {
        let mut text = Vec::new();
        self.write(&mut text);
        let text = std::str::from_utf8(&text).ok()?;
        text.parse().ok().map(Uint256)
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::U256;

    use super::*;

    fn sent(number: U256) -> Vec<u8> {
        let mut bytes = Vec::new();
        Uint256(number).write_numeric(&mut bytes);
        bytes
    }

    #[test]
    fn numbers_are_written_as_they_are() {
        let powers = (0..256).map(|exponent| U256::ONE << exponent);
        let tens = (0..78_u64).map(|exponent| U256::from(10).pow(U256::from(exponent)));
        let ends = [U256::ZERO, U256::from(9_999), U256::from(100_010_000_u64), U256::MAX];
        for number in powers.flat_map(|it| [it, it - U256::ONE]).chain(tens).chain(ends) {
            let (bytes, mut text) = (sent(number), Vec::new());
            let mut rest = &bytes[..];
            let digits = Digits::take(&mut rest).unwrap();
            digits.write(&mut text);
            assert_eq!(String::from_utf8(text).unwrap(), number.to_string());
            assert_eq!((digits.uint256(), rest.len()), (Some(Uint256(number)), 0));
        }
    }

    #[test]
    fn the_order_is_that_of_the_numbers() {
        let numbers = [0_u64, 1, 9, 10_000, 10_001, 20_000, 99_990_000, 100_000_000, 100_000_001];
        let sent: Vec<_> = numbers.map(|number| sent(U256::from(number))).into();
        let read: Vec<_> = sent.iter().map(|it| Digits::take(&mut &it[..]).unwrap()).collect();
        assert!(read.is_sorted_by(|one, next| one < next), "{read:?}");
    }

    #[test]
    fn other_numerics_are_refused() {
        for wrong in [
            &[][..],
            &[0, 0, 0, 0, 0xC0, 0, 0, 0],
            &[0, 1, 0, 0, 0x40, 0, 0, 0, 0, 1],
            &[0, 1, 0xFF, 0xFF, 0, 0, 0, 4, 0, 1],
            &[0, 2, 0, 1, 0, 0, 0, 0, 0, 1],
            &[0xFF, 0xFF],
        ] {
            assert_eq!(Digits::take(&mut &wrong[..]), None, "{wrong:?}");
        }
    }
}
