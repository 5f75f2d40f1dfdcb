//! The block that a question is about, found by the statement that answers it (`chain.moment`).

use time::OffsetDateTime;

use super::NOW;

/// The end of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Of the newest one.
    Now,
    /// Of this one.
    Block(i64),
    /// Of the last one at or before this time.
    Time(OffsetDateTime),
    /// Of the newest justified one.
    Safe,
    /// Of the newest final one.
    Finalized,
}

impl At {
    /// The word of `chain.moment`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Block(_) => "block",
            Self::Time(_) => "time",
            Self::Safe => "safe",
            Self::Finalized => "finalized",
        }
    }

    /// The block, where it is known already.
    pub(super) fn block(self) -> i64 {
        match self {
            Self::Block(block) => block,
            _ => NOW,
        }
    }

    /// The time, where one is asked for.
    pub(super) fn time(self) -> Option<OffsetDateTime> {
        match self {
            Self::Time(time) => Some(time),
            _ => None,
        }
    }
}
