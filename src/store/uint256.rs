//! 256-bit numbers as Postgres `numeric`, exact, without a big-decimal library.
//!
//! The binary format of `numeric`: four big-endian `int2` (digit count, weight of the first digit,
//! sign, display scale), then base-10000 digits, most significant first (Postgres source,
//! `numeric_send`).

use alloy::primitives::U256;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{
    PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef, Postgres,
};
use sqlx::{Decode, Encode, Type};

/// A `numeric(78,0)` between 0 and 2^256-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uint256(pub U256);

const BASE: u64 = 10_000;
/// 2^256-1 has 78 decimal digits: 20 digits of base 10000.
const DIGITS_MAX: usize = 20;

impl Uint256 {
    /// Appends the binary `numeric` of this number, without a length prefix.
    pub fn write_numeric(self, out: &mut Vec<u8>) {
        let mut digits = [0u16; DIGITS_MAX];
        let mut count = 0;
        let mut rest = self.0;
        while !rest.is_zero() {
            let (quotient, digit) = rest.div_rem(U256::from(BASE));
            digits[count] = digit.to::<u16>();
            count += 1;
            rest = quotient;
        }
        let trailing_zeros = digits[..count].iter().take_while(|digit| **digit == 0).count();
        let stored = &digits[trailing_zeros..count];
        let weight = if count == 0 { 0 } else { count as i16 - 1 };
        out.extend_from_slice(&(stored.len() as i16).to_be_bytes());
        out.extend_from_slice(&weight.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        for digit in stored.iter().rev() {
            out.extend_from_slice(&digit.to_be_bytes());
        }
    }

    fn read_numeric(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| -> Option<u16> {
            Some(u16::from_be_bytes(bytes.get(at * 2..at * 2 + 2)?.try_into().ok()?))
        };
        let (count, weight, sign) = (word(0)? as usize, word(1)? as i16, word(2)?);
        if sign != 0 || (count > 0 && i32::from(weight) + 1 < count as i32) {
            return None;
        }
        let mut value = U256::ZERO;
        for at in 0..count {
            let digit = U256::from(word(4 + at)?);
            value = value.checked_mul(U256::from(BASE))?.checked_add(digit)?;
        }
        let shift = if count == 0 { 0 } else { weight as usize + 1 - count };
        let scale = U256::from(BASE).checked_pow(U256::from(shift))?;
        value.checked_mul(scale).map(Self)
    }
}

impl Type<Postgres> for Uint256 {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("NUMERIC")
    }
}

impl PgHasArrayType for Uint256 {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("NUMERIC[]")
    }
}

impl Encode<'_, Postgres> for Uint256 {
    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let mut bytes = Vec::with_capacity(8 + 2 * DIGITS_MAX);
        self.write_numeric(&mut bytes);
        buf.extend_from_slice(&bytes);
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for Uint256 {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => Self::read_numeric(value.as_bytes()?)
                .ok_or_else(|| "numeric is no 256-bit unsigned integer".into()),
            PgValueFormat::Text => Ok(Self(value.as_str()?.parse()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(value: U256) {
        let mut bytes = Vec::new();
        Uint256(value).write_numeric(&mut bytes);
        assert_eq!(Uint256::read_numeric(&bytes), Some(Uint256(value)), "{value}");
    }

    #[test]
    fn numbers_survive_the_binary_format() {
        for exponent in 0..256 {
            let power = U256::from(1) << exponent;
            round_trip(power);
            round_trip(power - U256::from(1));
        }
        for exponent in 0..78u64 {
            round_trip(U256::from(10).pow(U256::from(exponent)));
        }
        round_trip(U256::MAX);
    }

    #[test]
    fn other_numerics_are_refused() {
        assert_eq!(Uint256::read_numeric(&[]), None);
        assert_eq!(Uint256::read_numeric(&[0, 0, 0, 0, 0xC0, 0, 0, 0]), None, "NaN");
        assert_eq!(Uint256::read_numeric(&[0, 1, 0, 0, 0x40, 0, 0, 0, 0, 1]), None, "minus one");
        assert_eq!(Uint256::read_numeric(&[0, 1, 0xFF, 0xFF, 0, 0, 0, 4, 0, 1]), None, "0.0001");
        assert_eq!(Uint256::read_numeric(&[0, 1, 0, 40, 0, 0, 0, 0, 0, 1]), None, "too large");
    }
}
