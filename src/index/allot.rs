//! Who is loaded together: what is missing of some contracts' pasts becomes sets and spans.
//!
//! Contracts of which about the same blocks are missing share a set, and with it every request. One
//! with few gaps far apart has a set of its own, with a span for each. Kinds of logs of which the
//! same is missing are read together.

use sqlx::PgConnection;

use super::Context;
use super::fetch::ADDRESSES_MAX;
use crate::decode::LogKind;
use crate::store::StoreError;
use crate::store::load_sets::{self, NewSet};
use crate::store::loaded::{self, Missing};
use crate::types::ContractKey;

/// Plans what is missing of these contracts and kinds. The caller holds the chain's lock.
pub(super) async fn plan<K: AsRef<str>>(
    tx: &mut PgConnection,
    context: &Context,
    kinds: &[K],
    contracts: &[ContractKey],
) -> Result<(), StoreError> {
    let mut plans: Vec<(Vec<&str>, Vec<Missing>)> = Vec::new();
    for unit in units(context.kinds, kinds) {
        let missing = loaded::missing(tx, &unit, contracts).await?;
        match plans.iter_mut().find(|(_, same)| *same == missing) {
            Some((kinds, _)) => kinds.extend(unit),
            None => plans.push((unit, missing)),
        }
    }
    for (kinds, missing) in plans {
        load_sets::append(tx, context.key, &kinds, &sets(missing)).await?;
    }
    Ok(())
}

/// Kinds that are read together: all that move tokens, because their transfers are replaced
/// together, and each other one.
fn units<'k, K: AsRef<str>>(known: &[LogKind], kinds: &'k [K]) -> Vec<Vec<&'k str>> {
    let moves = |kind: &&str| known.iter().any(|known| known.name == *kind && known.moves_tokens);
    let (together, apart): (Vec<&str>, Vec<&str>) =
        kinds.iter().map(AsRef::as_ref).partition(moves);
    let apart = apart.into_iter().map(|kind| vec![kind]);
    std::iter::once(together).filter(|unit| !unit.is_empty()).chain(apart).collect()
}

/// A set reads at most about so many times the blocks that its longest member lacks.
const WASTE_MAX: u64 = 2;

/// The sets that load what is missing.
fn sets(missing: Vec<Missing>) -> Vec<NewSet> {
    let mut alone = Vec::new();
    let mut whole = Vec::new();
    for (contract, pieces) in missing {
        let (Some((first, _)), Some((_, last))) = (pieces.first(), pieces.last()) else { continue };
        let hull = (*first, *last);
        let blocks: u64 = pieces.iter().map(|(from, to)| to - from + 1).sum();
        if hull.1 - hull.0 < WASTE_MAX * blocks {
            whole.push((contract, hull));
        } else {
            alone.push(NewSet { members: vec![(contract, hull.0)], pieces });
        }
    }
    // Neighbours read the fewest blocks for nothing.
    whole.sort_by_key(|(contract, piece)| (*piece, *contract));
    let mut shared: Vec<NewSet> = Vec::new();
    let mut longest = 0;
    for (contract, (from, to)) in whole {
        let length = to - from + 1;
        if let Some(set) = shared.last_mut() {
            let (first, last) = set.pieces[0];
            let together = last.max(to) - first + 1;
            if set.members.len() < ADDRESSES_MAX && together <= WASTE_MAX * longest.max(length) {
                set.members.push((contract, from));
                set.pieces[0].1 = last.max(to);
                longest = longest.max(length);
                continue;
            }
        }
        longest = length;
        shared.push(NewSet { members: vec![(contract, from)], pieces: vec![(from, to)] });
    }
    shared.extend(alone);
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(contract: i32, from: u64) -> Missing {
        (ContractKey(contract), vec![(from, 100)])
    }

    #[test]
    fn contracts_of_which_all_is_missing_share_sets_by_their_starts() {
        let sets = sets(vec![whole(1, 70), whole(2, 5), whole(3, 5)]);
        let members = [2, 3, 1].map(|id| (ContractKey(id), if id == 1 { 70 } else { 5 }));
        assert_eq!(sets, [NewSet { members: members.to_vec(), pieces: vec![(5, 100)] }]);
    }

    #[test]
    fn a_set_has_as_many_contracts_as_a_request_names() {
        let count = ADDRESSES_MAX as i32 + 1;
        let sets = sets((1..=count).map(|id| whole(id, id as u64 % 7)).collect());
        let sizes: Vec<_> = sets.iter().map(|set| set.members.len()).collect();
        assert_eq!(sizes, [ADDRESSES_MAX, 1]);
        assert_eq!(sets[0].pieces, [(0, 100)]);
        assert_eq!(sets[1].pieces, [(6, 100)]);
    }

    #[test]
    fn pieces_that_lie_beside_each_other_are_read_together_and_distant_ones_apart() {
        let piece = |id, from, to| (ContractKey(id), vec![(from, to)]);
        let sets = sets(vec![piece(1, 10, 19), piece(2, 12, 21), piece(3, 500, 509)]);
        let near = [(ContractKey(1), 10), (ContractKey(2), 12)];
        assert_eq!(sets[0], NewSet { members: near.to_vec(), pieces: vec![(10, 21)] });
        assert_eq!(sets[1].pieces, [(500, 509)]);
        assert_eq!(sets.len(), 2);
    }

    #[test]
    fn kinds_that_move_tokens_are_read_together() {
        let kinds = ["erc1155.transfer", "x", "erc721.transfer", "y"];
        let expected = [vec!["erc1155.transfer", "erc721.transfer"], vec!["x"], vec!["y"]];
        assert_eq!(units(crate::decode::KINDS, &kinds), expected);
        assert!(units(crate::decode::KINDS, &[] as &[&str]).is_empty());
    }

    #[test]
    fn gaps_are_read_apart() {
        let gaps = (ContractKey(9), vec![(3, 10), (90, 100)]);
        let sets = sets(vec![gaps.clone(), whole(1, 0), (ContractKey(7), vec![])]);
        assert_eq!(sets.len(), 2);
        assert_eq!(sets[0].pieces, [(0, 100)]);
        assert_eq!(sets[1], NewSet { members: vec![(gaps.0, 3)], pieces: gaps.1 });
    }
}
