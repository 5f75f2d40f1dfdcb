//! What there is to ask of addresses: whether they are contracts, and what those answer to calls,
//! which are owners and, of those that have EIP-165, interfaces, and to anything else nothing.

use alloy::primitives::{Address, B256, U256, hex};

use super::view::{Refusal, View};

/// Selector of `ownerOf(uint256)` (EIP-721).
const OWNER_OF: [u8; 4] = hex!("6352211e");
/// Selector of `supportsInterface(bytes4)` (EIP-165).
const SUPPORTS_INTERFACE: [u8; 4] = hex!("01ffc9a7");
/// Interface ids of EIP-165 and EIP-721.
const INTERFACES: [[u8; 4]; 2] = [hex!("01ffc9a7"), hex!("80ac58cd")];

impl View<'_> {
    /// Whether there is code at this block, the newest one where it is none.
    pub(crate) fn has_code(&self, address: Address, block: Option<u64>) -> Result<bool, Refusal> {
        let head = self.head().header.number;
        let block = block.unwrap_or(head);
        if block > head {
            return Err(Refusal::Unknown);
        }
        if block < self.faults.keeps_state_from {
            return Err(Refusal::NoState(block));
        }
        Ok(self.chain.contracts.get(&address).is_some_and(|first| *first <= block))
    }

    /// What `contract` answers at the newest block that the node shows; none where it reverts.
    /// Tokens of ranges and amounts have no owner here.
    pub(crate) fn answer(&self, contract: Address, data: &[u8]) -> Option<B256> {
        if let Some(interface) = data.strip_prefix(&SUPPORTS_INTERFACE) {
            let answers = self.chain.says_erc721.contains(&contract)
                && matches!(self.has_code(contract, None), Ok(true));
            let has = INTERFACES.iter().any(|it| interface.starts_with(it));
            return answers.then(|| U256::from(has).into());
        }
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
