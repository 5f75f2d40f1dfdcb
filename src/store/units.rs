//! Sums of units as Postgres `numeric`, exact and signed: balances of contracts that break the rules
//! may be negative or above 2^256-1. The binary format is that of [`super::uint256`].

use std::fmt;

use alloy::primitives::U512;
use alloy::primitives::aliases::I512;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{
    PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef, Postgres,
};
use sqlx::{Decode, Encode, Type};

/// A whole number that no sum of 256-bit amounts leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Units(pub I512);

const BASE: u64 = 10_000;
/// 2^511 has 154 decimal digits: 39 digits of base 10000.
const DIGITS_MAX: usize = 39;
/// The sign field of a number below zero.
const NEGATIVE: u16 = 0x4000;

impl Units {
    fn write_numeric(self, out: &mut Vec<u8>) {
        let mut digits = Vec::with_capacity(DIGITS_MAX);
        let mut rest = self.0.unsigned_abs();
        while !rest.is_zero() {
            let (quotient, digit) = rest.div_rem(U512::from(BASE));
            digits.push(digit.to::<u16>());
            rest = quotient;
        }
        let weight = digits.len().saturating_sub(1);
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        let sign = if self.0.is_negative() { NEGATIVE } else { 0 };
        out.extend_from_slice(&((digits.len() - zeros) as u16).to_be_bytes());
        out.extend_from_slice(&(weight as u16).to_be_bytes());
        out.extend_from_slice(&sign.to_be_bytes());
        out.extend_from_slice(&[0; 2]);
        for digit in digits[zeros..].iter().rev() {
            out.extend_from_slice(&digit.to_be_bytes());
        }
    }

    fn read_numeric(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| -> Option<u16> {
            Some(u16::from_be_bytes(bytes.get(at * 2..at * 2 + 2)?.try_into().ok()?))
        };
        let (count, weight, sign) = (usize::from(word(0)?), word(1)?.cast_signed(), word(2)?);
        let whole = usize::try_from(i32::from(weight) + 1).ok()?;
        if !(sign == 0 || sign == NEGATIVE) || count > whole || whole > DIGITS_MAX {
            return (count == 0 && sign == 0).then_some(Self(I512::ZERO));
        }
        let mut size = U512::ZERO;
        for at in 0..whole {
            let digit = if at < count { word(4 + at)? } else { 0 };
            size = size.checked_mul(U512::from(BASE))?.checked_add(U512::from(digit))?;
        }
        let size = I512::try_from(size).ok()?;
        Some(Self(if sign == NEGATIVE { -size } else { size }))
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

    #[test]
    fn numbers_survive_the_binary_format() {
        for exponent in 0..510 {
            let power: I512 = I512::ONE << exponent;
            for value in [power, power - I512::ONE, -power, I512::ONE - power] {
                let mut bytes = Vec::new();
                Units(value).write_numeric(&mut bytes);
                assert_eq!(Units::read_numeric(&bytes), Some(Units(value)), "{value}");
            }
        }
    }

    #[test]
    fn other_numerics_are_refused() {
        assert_eq!(Units::read_numeric(&[]), None);
        assert_eq!(Units::read_numeric(&[0, 0, 0, 0, 0xC0, 0, 0, 0]), None, "NaN");
        assert_eq!(Units::read_numeric(&[0, 1, 0xFF, 0xFF, 0, 0, 0, 4, 0, 1]), None, "0.0001");
        assert_eq!(Units::read_numeric(&[0, 1, 0, 60, 0, 0, 0, 0, 0, 1]), None, "too large");
    }
}
