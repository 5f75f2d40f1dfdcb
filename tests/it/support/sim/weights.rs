//! How often the traffic generator chooses each kind of transaction.

/// How often each kind of transaction is chosen, relative to the others.
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
    /// Logs that only look like transfers.
    pub(crate) junk: u32,
    /// A transaction that reverts.
    pub(crate) reverted: u32,
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
            junk: 8,
            reverted: 2,
        }
    }
}
