//! Who is loaded together: what is missing of some contracts' pasts becomes sets and spans.
//!
//! Contracts whose whole past is missing share a set, and with it every request. One that comes back
//! with gaps has a set of its own, with a span for each gap.

use sqlx::PgConnection;

use super::Context;
use super::fetch::ADDRESSES_MAX;
use crate::store::StoreError;
use crate::store::load_sets::{self, NewSet};
use crate::store::loaded::{self, Missing};
use crate::types::ContractKey;

/// Plans what is missing of these contracts and kinds, up to block `to`. The caller holds the chain's
/// lock.
pub(super) async fn plan<K: AsRef<str>>(
    tx: &mut PgConnection,
    context: &Context,
    kinds: &[K],
    (contracts, to): (&[ContractKey], u64),
) -> Result<(), StoreError> {
    let kinds: Vec<&str> = kinds.iter().map(AsRef::as_ref).collect();
    let missing = loaded::missing(tx, &kinds, contracts, to).await?;
    load_sets::append(tx, context.key, &kinds, &sets(missing, to)).await
}

/// The sets that load what is missing.
fn sets(missing: Vec<Missing>, to: u64) -> Vec<NewSet> {
    let mut alone = Vec::new();
    let mut shared = Vec::new();
    for (contract, pieces) in missing {
        match pieces[..] {
            [(from, last)] if last == to => shared.push((contract, from)),
            [] => {}
            [(first, _), ..] => {
                alone.push(NewSet { members: vec![(contract, first)], pieces });
            }
        }
    }
    // Neighbours read the fewest blocks for nothing.
    shared.sort_by_key(|(contract, from)| (*from, *contract));
    let together = shared
        .chunks(ADDRESSES_MAX)
        .map(|members| NewSet { members: members.to_vec(), pieces: vec![(members[0].1, to)] });
    together.chain(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(contract: i32, from: u64) -> Missing {
        (ContractKey(contract), vec![(from, 100)])
    }

    #[test]
    fn contracts_without_a_past_share_sets_by_their_starts() {
        let sets = sets(vec![whole(1, 70), whole(2, 5), whole(3, 5)], 100);
        let members = [2, 3, 1].map(|id| (ContractKey(id), if id == 1 { 70 } else { 5 }));
        assert_eq!(sets, [NewSet { members: members.to_vec(), pieces: vec![(5, 100)] }]);
    }

    #[test]
    fn a_set_has_as_many_contracts_as_a_request_names() {
        let count = ADDRESSES_MAX as i32 + 1;
        let sets = sets((1..=count).map(|id| whole(id, id as u64 % 7)).collect(), 100);
        let sizes: Vec<_> = sets.iter().map(|set| set.members.len()).collect();
        assert_eq!(sizes, [ADDRESSES_MAX, 1]);
        assert_eq!(sets[0].pieces, [(0, 100)]);
        assert_eq!(sets[1].pieces, [(6, 100)]);
    }

    #[test]
    fn gaps_are_read_apart() {
        let gaps = (ContractKey(9), vec![(3, 10), (20, 100)]);
        let below = (ContractKey(8), vec![(0, 4)]);
        let sets =
            sets(vec![gaps.clone(), whole(1, 0), below.clone(), (ContractKey(7), vec![])], 100);
        assert_eq!(sets.len(), 3);
        assert_eq!(sets[0].pieces, [(0, 100)]);
        assert_eq!(sets[1], NewSet { members: vec![(gaps.0, 3)], pieces: gaps.1 });
        assert_eq!(sets[2], NewSet { members: vec![(below.0, 0)], pieces: below.1 });
    }
}
