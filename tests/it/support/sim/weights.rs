//! How often the traffic generator chooses each kind of transaction.

/// How often each kind of transaction is chosen, relative to the others. A kind that no contract
/// of the world can log is never chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights {
    /// New tokens, up to three at once.
    pub(crate) mint: u32,
    /// A token that was burned, or was minted on an abandoned branch, comes back.
    pub(crate) remint: u32,
    /// From one holder to another.
    pub(crate) transfer: u32,
    /// To the zero address.
    pub(crate) burn: u32,
    /// From a holder to itself.
    pub(crate) to_self: u32,
    /// One token through several hands.
    pub(crate) hops: u32,
    /// A new token that does not outlive its transaction.
    pub(crate) mint_and_burn: u32,
    /// To somebody and back.
    pub(crate) there_and_back: u32,
    /// From the zero address to the zero address: a token that never was.
    pub(crate) void: u32,
    /// A new range of a contract with ranges, up to 200 tokens.
    pub(crate) range_mint: u32,
    /// A new range of many millions.
    pub(crate) range_huge: u32,
    /// A range from one holder to another, or to itself.
    pub(crate) range_transfer: u32,
    /// A range to the zero address.
    pub(crate) range_burn: u32,
    /// An amount of one ERC-1155 token.
    pub(crate) single: u32,
    /// Up to eight amounts of ERC-1155 tokens in one log.
    pub(crate) batch: u32,
    /// Whatever a contract logs that respects nobody.
    pub(crate) hostile: u32,
    /// Logs that only look like transfers.
    pub(crate) junk: u32,
    /// A transaction that reverts.
    pub(crate) reverted: u32,
}

impl Weights {
    /// No kind at all; to be updated.
    pub(crate) const NONE: Self = Self {
        mint: 0,
        remint: 0,
        transfer: 0,
        burn: 0,
        to_self: 0,
        hops: 0,
        mint_and_burn: 0,
        there_and_back: 0,
        void: 0,
        range_mint: 0,
        range_huge: 0,
        range_transfer: 0,
        range_burn: 0,
        single: 0,
        batch: 0,
        hostile: 0,
        junk: 0,
        reverted: 0,
    };
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            mint: 30,
            remint: 6,
            transfer: 30,
            burn: 8,
            to_self: 5,
            hops: 8,
            mint_and_burn: 4,
            there_and_back: 5,
            void: 1,
            range_mint: 16,
            range_huge: 2,
            range_transfer: 16,
            range_burn: 6,
            single: 24,
            batch: 24,
            hostile: 40,
            junk: 8,
            reverted: 2,
        }
    }
}
