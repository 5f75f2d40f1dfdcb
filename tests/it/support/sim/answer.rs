//! What the contracts of the chain answer to calls: owners, and to anything else nothing.

use alloy::primitives::{Address, B256, U256, hex};

use super::view::View;

/// Selector of `ownerOf(uint256)` (EIP-721).
const OWNER_OF: [u8; 4] = hex!("6352211e");

impl View<'_> {
    /// What `contract` answers at the newest block that the node shows; none where it reverts.
    /// Tokens of ranges and amounts have no owner here.
    pub(crate) fn answer(&self, contract: Address, data: &[u8]) -> Option<B256> {
        let token = U256::try_from_be_slice(data.strip_prefix(&OWNER_OF)?)?;
        let head = usize::try_from(self.head().header.number).ok()?;
        let txs =
            self.chain.canonical()[..=head].iter().rev().flat_map(|block| block.txs.iter().rev());
        let mut moves = txs.flat_map(|tx| tx.moves.iter().rev());
        let last = moves.find(|it| {
            (it.contract, it.token, it.last, it.amount) == (contract, token, None, None)
        })?;
        (!last.to.is_zero()).then(|| last.to.into_word())
    }
}
