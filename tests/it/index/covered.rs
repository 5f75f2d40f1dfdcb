//! The invariants of the tables, whatever state each contract is in: its transfers are those of the
//! chain in the blocks that are said to be covered, and nothing else; who owned what when it was
//! stopped stays as it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::primitives::Address;
use herald::store::Pool;
use herald::types::ChainKey;

use crate::support::compare::assert_same_rows;
use crate::support::replay::{Replay, Tracked};
use crate::support::sim::SimBlock;
use crate::support::tables;

#[derive(Debug, sqlx::FromRow)]
struct Row {
    address: [u8; 20],
    state: String,
    purging: bool,
    live_to: Option<i64>,
    is_owned: bool,
    /// Nobody has shown yet whether its logs of three topics move tokens: they are passed over.
    undecided: bool,
    /// First and last blocks of what is covered.
    first: Vec<i64>,
    last: Vec<i64>,
}

async fn rows(pool: &Pool, chain: ChainKey) -> Vec<Row> {
    sqlx::query_as(
        r"
        select c.address, c.state, c.purging, c.live_to,
            c.state = 'stopped' and c.folded_to is not null as is_owned,
            c.id_in_data is null as undecided,
            array(select lower(p) from unnest(v.blocks) p order by p) as first,
            array(select upper(p) - 1 from unnest(v.blocks) p order by p) as last
        from chain.contracts c
        join chain.chains h on h.id = c.chain
        cross join lateral (
            select coalesce((
                select range_agg(had) from chain.loaded l, unnest(l.blocks) had
                where l.contract_id = c.id and l.log_kinds @> h.log_kinds
            ), '{}') + coalesce((
                select range_agg(int8range(greatest(p.from_block, m.from_block), p.next_block))
                from chain.load_members m join chain.load_sets s on s.id = m.set_id
                join chain.spans p on p.set_id = s.id
                where m.contract_id = c.id and s.finished_at is null
                    and p.next_block > greatest(p.from_block, m.from_block)
            ), '{}') + case when c.state in ('loading', 'folding', 'ready')
                then int8multirange(int8range(greatest(c.live_from, c.start_block),
                    greatest(c.live_from, c.start_block, h.checkpoint + 1)))
                else '{}' end as blocks
        ) v
        where c.chain = $1
        ",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the contracts with what is covered")
}

/// Fails unless transfers and kept ownership fit what is covered.
pub(super) async fn assert_covered(
    pool: &Pool,
    chain: ChainKey,
    blocks: &[Arc<SimBlock>],
    tracked: &[Tracked],
    when: &str,
) {
    let rows = rows(pool, chain).await;
    assert!(rows.iter().all(|row| !row.purging), "a purge that never ends {when}");
    let of: BTreeMap<Address, &Row> =
        rows.iter().map(|row| (Address::from(row.address), row)).collect();
    let known: Vec<Tracked> = tracked
        .iter()
        .filter(|it| {
            !(it.id_in_data && of[&it.contract].undecided && of[&it.contract].state == "stopped")
        })
        .copied()
        .collect();
    let mut expected = Replay::of(blocks, &known).transfers;
    expected.retain(|moved| {
        let row = of[&moved.key.0];
        let mut pieces = row.first.iter().zip(&row.last);
        let block = moved.block as i64;
        pieces.any(|(first, last)| (*first..=*last).contains(&block))
    });
    let stored = tables::transfers(pool, chain).await;
    assert_same_rows(&format!("transfers of what is covered {when}"), expected, stored);
    for row in rows.iter().filter(|row| row.is_owned) {
        let address = Address::from(row.address);
        let end = row.live_to.expect("what was ready was joined") as usize;
        let own = tracked.iter().find(|it| it.contract == address).expect("it was followed");
        let truth = Replay::of(&blocks[..=end], std::slice::from_ref(own));
        let truth = tables::true_picture(&truth, address);
        let kept = tables::picture(pool, chain, address).await;
        assert_eq!(truth.owners(), kept.owners(), "{address} as it was stopped {when}");
        assert_eq!(truth.balances(), kept.balances(), "{address} as it was stopped {when}");
        assert_eq!(row.state, "stopped");
    }
}
