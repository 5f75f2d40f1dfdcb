//! ERC-721 tokens that move one by one: the newest receiver owns the token.

use std::collections::{BTreeMap, HashMap};

use super::{Changes, block_of, somebody};
use crate::store::holdings::{Holding, PastHolding, TokenKey};
use crate::store::transfers::StoredTransfer;

/// Applies the transfers of one contract, ordered by position.
pub(super) fn apply(
    stored: &HashMap<TokenKey, &Holding>,
    transfers: &[&StoredTransfer],
    changes: &mut Changes,
) {
    let mut by_token: BTreeMap<TokenKey, Vec<&StoredTransfer>> = BTreeMap::new();
    for transfer in transfers {
        let token = (transfer.contract, transfer.transfer.token_id);
        by_token.entry(token).or_default().push(transfer);
    }
    for (token, transfers) in by_token {
        apply_token(token, stored.get(&token).copied(), &transfers, changes);
    }
}

fn apply_token(
    token: TokenKey,
    stored: Option<&Holding>,
    transfers: &[&StoredTransfer],
    changes: &mut Changes,
) {
    let mut current = stored.cloned();
    for in_block in transfers.chunk_by(|a, b| block_of(a) == block_of(b)) {
        let Some(last) = in_block.last().map(|stored| &stored.transfer) else { continue };
        let owner = somebody(last.to);
        if current.as_ref().map(|holding| holding.owner) == owner {
            continue;
        }
        let block = last.position.block;
        if let Some(holding) = current.take() {
            changes.past.push(PastHolding { holding, until: block });
        }
        current = owner.map(|owner| Holding {
            token,
            owner,
            balance: None,
            since: block,
            since_log: last.position.log_index,
            acquired: block,
        });
    }
    if current.as_ref() == stored {
        return;
    }
    changes.ended.extend(stored.cloned());
    changes.begun.extend(current);
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, B256, U256};

    use super::super::Held;
    use super::*;
    use crate::types::{ContractKey, Position, Transfer};

    const TOKEN: TokenKey = (ContractKey(1), U256::ONE);

    fn person(number: u8) -> Address {
        Address::repeat_byte(number)
    }

    fn moves(list: &[(u64, u32, u8, u8)]) -> Vec<StoredTransfer> {
        list.iter()
            .map(|&(block, log_index, from, to)| StoredTransfer {
                contract: TOKEN.0,
                transfer: Transfer {
                    contract: Address::ZERO,
                    position: Position { block, log_index, batch_index: 0 },
                    tx_hash: B256::ZERO,
                    token_id: TOKEN.1,
                    token_id_to: None,
                    amount: None,
                    from: person(from),
                    to: person(to),
                },
            })
            .collect()
    }

    fn held(owner: u8, since: u64, since_log: u32) -> Holding {
        let (token, owner) = (TOKEN, person(owner));
        Holding { token, owner, balance: None, since, since_log, acquired: since }
    }

    fn check(
        before: Option<Holding>,
        list: &[(u64, u32, u8, u8)],
        past: &[(Holding, u64)],
        now: Option<Holding>,
    ) {
        let stored = before.clone().map(|holding| ((TOKEN, holding.owner), holding));
        let held =
            Held { holdings: stored.into_iter().collect(), ranges: Vec::new(), crowded: false };
        let changes = super::super::apply(&held, &moves(list));
        let closed: Vec<_> = past
            .iter()
            .map(|(holding, until)| PastHolding { holding: holding.clone(), until: *until })
            .collect();
        assert_eq!(changes.past, closed, "past");
        let unchanged = before == now;
        let ended: Vec<_> = before.filter(|_| !unchanged).into_iter().collect();
        let begun: Vec<_> = now.filter(|_| !unchanged).into_iter().collect();
        assert_eq!(changes.ended, ended, "ended");
        assert_eq!(changes.begun, begun, "begun");
    }

    #[test]
    fn a_mint_begins_a_holding() {
        check(None, &[(5, 0, 0, 1)], &[], Some(held(1, 5, 0)));
    }

    #[test]
    fn a_transfer_closes_one_version_and_begins_another() {
        check(Some(held(1, 5, 0)), &[(8, 2, 1, 2)], &[(held(1, 5, 0), 8)], Some(held(2, 8, 2)));
    }

    #[test]
    fn a_burn_leaves_only_the_past() {
        check(Some(held(1, 5, 0)), &[(8, 2, 1, 0)], &[(held(1, 5, 0), 8)], None);
    }

    #[test]
    fn hops_inside_a_block_vanish() {
        let hops = [(8, 1, 1, 2), (8, 2, 2, 3), (8, 3, 3, 4)];
        check(Some(held(1, 5, 0)), &hops, &[(held(1, 5, 0), 8)], Some(held(4, 8, 3)));
    }

    #[test]
    fn there_and_back_inside_a_block_changes_nothing() {
        let back = [(8, 1, 1, 2), (8, 2, 2, 1)];
        check(Some(held(1, 5, 0)), &back, &[], Some(held(1, 5, 0)));
    }

    #[test]
    fn there_and_back_over_blocks_makes_three_versions() {
        let back = [(8, 1, 1, 2), (9, 0, 2, 1)];
        let past = [(held(1, 5, 0), 8), (held(2, 8, 1), 9)];
        check(Some(held(1, 5, 0)), &back, &past, Some(held(1, 9, 0)));
    }

    #[test]
    fn a_self_transfer_changes_nothing() {
        check(Some(held(1, 5, 0)), &[(8, 1, 1, 1)], &[], Some(held(1, 5, 0)));
    }

    #[test]
    fn minted_and_burned_in_one_block_was_never_held() {
        check(None, &[(8, 1, 0, 1), (8, 2, 1, 0)], &[], None);
    }

    #[test]
    fn a_burned_token_can_be_minted_again() {
        let again = [(8, 1, 1, 0), (9, 0, 0, 2)];
        check(Some(held(1, 5, 0)), &again, &[(held(1, 5, 0), 8)], Some(held(2, 9, 0)));
    }
}
