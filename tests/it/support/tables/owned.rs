//! Who owns and owned what, by the tables: holdings one by one, and ranges.

use std::collections::BTreeSet;

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, U256};
use herald::store::{Pool, Uint256};
use herald::types::ChainKey;

use crate::support::compare::assert_same_rows;
use crate::support::feed::Picture;
use crate::support::intervals::Intervals;
use crate::support::replay::{Key, Kind, Replay};

/// A holding, current or past.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    /// Contract and token.
    pub(super) key: Key,
    /// The holder.
    pub(super) owner: Address,
    /// How much; none means the token itself.
    pub(super) balance: Option<I512>,
    /// First block.
    pub(super) since: u64,
    /// First block that no longer counts.
    pub(super) until: Option<u64>,
    /// From when on there was something; told of balances only.
    pub(super) acquired: Option<u64>,
}

/// A run of tokens of one holder, current or past.
#[derive(Clone, Debug)]
pub(super) struct Range {
    /// The contract.
    pub(super) contract: Address,
    /// First token.
    first: U256,
    /// Last token.
    last: U256,
    /// The holder.
    owner: Address,
    /// First block of the row.
    since: u64,
    /// First block that no longer counts.
    until: Option<u64>,
    /// First block of the holder's stay.
    acquired: u64,
}

/// Every holding, current and past.
pub(super) async fn held(pool: &Pool, chain: ChainKey) -> Vec<Held> {
    type HeldRow = ([u8; 20], Uint256, [u8; 20], Option<String>, i64, Option<i64>, i64);
    let rows: Vec<HeldRow> = sqlx::query_as(
        "select c.address, h.token_id, h.owner, h.balance::text, h.since, h.until, h.acquired
         from (
            select contract_id, token_id, owner, balance, since, null::int8 as until, acquired
            from chain.holdings where chain = $1
            union all
            select contract_id, token_id, owner, balance, since, until, acquired
            from chain.holdings_past where chain = $1
         ) h join chain.contracts c on c.id = h.contract_id",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the holdings");
    let held = |(contract, id, owner, balance, since, until, acquired): HeldRow| {
        let balance = balance.map(|text| I512::from_dec_str(&text).expect("a whole number"));
        Held {
            key: (contract.into(), id.0),
            owner: owner.into(),
            balance,
            since: since as u64,
            until: until.map(|until| until as u64),
            acquired: balance.map(|_| acquired as u64),
        }
    };
    rows.into_iter().map(held).collect()
}

/// Every range, current and past.
pub(super) async fn ranges(pool: &Pool, chain: ChainKey) -> Vec<Range> {
    type RangeRow = ([u8; 20], Uint256, Uint256, [u8; 20], i64, i64, i64);
    let rows: Vec<RangeRow> = sqlx::query_as(
        "select c.address, r.first, r.last, r.owner, r.since, r.until,
            r.acquired
         from chain.token_ranges r join chain.contracts c on c.id = r.contract_id
         where r.chain = $1",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the ranges");
    rows.into_iter()
        .map(|(contract, first, last, owner, since, until, acquired)| Range {
            contract: contract.into(),
            first: first.0,
            last: last.0,
            owner: owner.into(),
            since: since as u64,
            until: (until < i64::MAX).then_some(until as u64),
            acquired: acquired as u64,
        })
        .collect()
}

/// What the holdings of contracts without ranges should be.
pub(super) fn expected(truth: &Replay) -> Vec<Held> {
    let mut all = Vec::new();
    for (key, piece) in &truth.pieces {
        if !truth.has_ranges(key.0) {
            all.extend(piece.stays.iter().map(|stay| Held {
                key: *key,
                owner: stay.owner,
                balance: None,
                since: stay.since,
                until: stay.until,
                acquired: None,
            }));
        }
    }
    for ((key, owner), versions) in &truth.balances {
        all.extend(versions.iter().map(|version| Held {
            key: *key,
            owner: *owner,
            balance: Some(version.balance),
            since: version.since,
            until: version.until,
            acquired: Some(version.acquired),
        }));
    }
    all
}

/// Fails unless holdings and ranges of a contract never overlap and together are what the replay
/// says, at every block at which anything changes.
pub(super) fn assert_runs(
    truth: &Replay,
    contract: Address,
    (held, ranges): (&[&Held], &[&Range]),
    when: &str,
) {
    let lasts = |range: &&Range| range.until.is_none_or(|until| range.since < until);
    assert!(ranges.iter().all(lasts), "{ranges:?}");
    assert!(held.iter().all(|held| held.balance.is_none()), "balances of ERC-721 {when}");
    let stays = truth.pieces.iter().filter(|(key, _)| key.0 == contract);
    let changes = stays.flat_map(|(_, piece)| &piece.stays);
    let mut blocks: BTreeSet<u64> =
        changes.flat_map(|stay| [Some(stay.since), stay.until]).flatten().collect();
    blocks.extend(held.iter().flat_map(|held| [Some(held.since), held.until]).flatten());
    blocks.extend(ranges.iter().flat_map(|range| [Some(range.since), range.until]).flatten());
    for block in blocks {
        let mut runs = Intervals::default();
        let mut add = |first, last, value: (Address, u64)| {
            let there = runs.cover(first, last);
            let free = there.iter().all(|(.., value)| value.is_none());
            assert!(free, "{contract} {first}..={last} overlaps at {block} {when}: {there:?}");
            runs.set(first, last, Some(value));
        };
        let is = |since, until: Option<u64>| since <= block && until.is_none_or(|end| block < end);
        for held in held.iter().filter(|held| is(held.since, held.until)) {
            add(held.key.1, held.key.1, (held.owner, held.since));
        }
        for range in ranges.iter().filter(|range| is(range.since, range.until)) {
            add(range.first, range.last, (range.owner, range.acquired));
        }
        let what = format!("tokens of {contract} at block {block} {when}");
        assert_same_rows(&what, truth.runs_at(contract, block), runs.runs());
    }
}

/// Who has what of a contract now, as somebody sees it who begins from a snapshot.
pub(crate) async fn picture(pool: &Pool, chain: ChainKey, contract: Address) -> Picture {
    let mut picture = Picture::default();
    for held in held(pool, chain).await {
        match held.balance {
            _ if held.key.0 != contract || held.until.is_some() => {}
            Some(balance) => picture.set_balance(held.key, held.owner, balance),
            None => picture.set_owner(held.key, None, Some(held.owner)),
        }
    }
    for range in ranges(pool, chain).await {
        if range.contract == contract && range.until.is_none() {
            picture.set_owner((contract, range.first), Some(range.last), Some(range.owner));
        }
    }
    picture
}

/// The same by the replay.
pub(crate) fn true_picture(truth: &Replay, contract: Address) -> Picture {
    let mut picture = Picture::default();
    if truth.kinds.get(&contract) == Some(&Kind::Erc1155) {
        for ((key, owner), balance) in truth.balances_at(u64::MAX) {
            if key.0 == contract {
                picture.set_balance(key, owner, balance);
            }
        }
    }
    for (first, last, (owner, _)) in truth.runs_at(contract, u64::MAX) {
        picture.set_owner((contract, first), Some(last), Some(owner));
    }
    picture
}
