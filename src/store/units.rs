//! Sums of units as Postgres `numeric`, exact and signed: what a contract that breaks the rules has
//! given may be less than nothing, or more than 2^256-1.
//!
//! The binary format is that of [`super::uint256`].

use std::fmt;

use alloy::primitives::aliases::I512;
use alloy::primitives::{Sign, U512};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{
    PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef, Postgres,
};
use sqlx::{Decode, Encode, Type};

/// Units of a token, or of many tokens: a whole `numeric` from -2^511 to 2^511-1. No history of a
/// chain adds up to more: a sum beyond takes 2^254 logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Units(pub I512);

const BASE: u64 = 10_000;
/// 2^511 has 154 decimal digits: 39 digits of base 10000.
const DIGITS_MAX: usize = 39;
/// The sign of a negative `numeric`; other values but zero stand for no number.
const NEGATIVE: u16 = 0x4000;

impl Units {
    /// Appends the binary `numeric` of this number, without a length prefix.
    pub fn write_numeric(self, out: &mut Vec<u8>) {
        let (sign, mut rest) = self.0.into_sign_and_abs();
        let mut digits = [0_u16; DIGITS_MAX];
        let mut count = 0;
        while !rest.is_zero() {
            let (quotient, digit) = rest.div_rem(U512::from(BASE));
            digits[count] = digit.to::<u16>();
            count += 1;
            rest = quotient;
        }
        let trailing_zeros = digits[..count].iter().take_while(|digit| **digit == 0).count();
        let stored = &digits[trailing_zeros..count];
        let weight = if count == 0 { 0 } else { count as i16 - 1 };
        let sign = if sign.is_negative() { NEGATIVE } else { 0 };
        out.extend_from_slice(&(stored.len() as i16).to_be_bytes());
        out.extend_from_slice(&weight.to_be_bytes());
        out.extend_from_slice(&sign.to_be_bytes());
        out.extend_from_slice(&[0; 2]);
        for digit in stored.iter().rev() {
            out.extend_from_slice(&digit.to_be_bytes());
        }
    }

    fn read_numeric(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| -> Option<u16> {
            Some(u16::from_be_bytes(bytes.get(at * 2..at * 2 + 2)?.try_into().ok()?))
        };
        let (count, weight) = (word(0)? as usize, word(1)?.cast_signed());
        let sign = match word(2)? {
            0 => Sign::Positive,
            NEGATIVE => Sign::Negative,
            _ => return None,
        };
        if count > 0 && i32::from(weight) + 1 < count as i32 {
            return None;
        }
        let mut value = U512::ZERO;
        for at in 0..count {
            let digit = U512::from(word(4 + at)?);
            value = value.checked_mul(U512::from(BASE))?.checked_add(digit)?;
        }
        let shift = if count == 0 { 0 } else { weight as usize + 1 - count };
        let scale = U512::from(BASE).checked_pow(U512::from(shift))?;
        I512::checked_from_sign_and_abs(sign, value.checked_mul(scale)?).map(Self)
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Type<Postgres> for Units {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("NUMERIC")
    }
}

impl PgHasArrayType for Units {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("NUMERIC[]")
    }
}

impl Encode<'_, Postgres> for Units {
    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let mut bytes = Vec::with_capacity(8 + 2 * DIGITS_MAX);
        self.write_numeric(&mut bytes);
        buf.extend_from_slice(&bytes);
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for Units {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => Self::read_numeric(value.as_bytes()?)
                .ok_or_else(|| "numeric is no whole number of 512 bits".into()),
            PgValueFormat::Text => Ok(Self(value.as_str()?.parse()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(value: I512) {
        let mut bytes = Vec::new();
        Units(value).write_numeric(&mut bytes);
        assert_eq!(Units::read_numeric(&bytes), Some(Units(value)), "{value}");
    }

    #[test]
    fn numbers_of_either_sign_survive_the_binary_format() {
        let power =
            |base: u64, exponent: u64| I512::from_raw(U512::from(base).pow(U512::from(exponent)));
        for value in (0..511).map(|e| power(2, e)).chain((0..154).map(|e| power(10, e))) {
            for near in [value - I512::ONE, value, value + I512::ONE] {
                round_trip(near);
                round_trip(-near);
            }
        }
        round_trip(I512::MAX);
        round_trip(I512::MIN);
    }

    #[test]
    fn the_format_is_that_of_postgres() {
        let read = |bytes: &[u8]| Units::read_numeric(bytes).map(|units| units.to_string());
        assert_eq!(read(&[0; 8]).as_deref(), Some("0"));
        let minus: [u8; 12] = [0, 2, 0, 1, 0x40, 0, 0, 0, 0, 1, 0, 2];
        assert_eq!(read(&minus).as_deref(), Some("-10002"));
        let shifted = [0, 1, 0, 2, 0, 0, 0, 0, 0, 7];
        assert_eq!(read(&shifted).as_deref(), Some("700000000"));
    }

    #[test]
    fn other_numerics_are_refused() {
        assert_eq!(Units::read_numeric(&[]), None);
        assert_eq!(Units::read_numeric(&[0, 0, 0, 0, 0xC0, 0, 0, 0]), None, "NaN");
        assert_eq!(Units::read_numeric(&[0, 0, 0, 0, 0xD0, 0, 0, 0x20]), None, "infinity");
        assert_eq!(Units::read_numeric(&[0, 1, 0xFF, 0xFF, 0, 0, 0, 4, 0, 1]), None, "0.0001");
        assert_eq!(Units::read_numeric(&[0, 1, 0, 39, 0, 0, 0, 0, 0, 1]), None, "too large");
    }
}
