//! The statements of [`super::wallet_tokens`] about one chain of which no contract has ranges of tokens,
//! now and at the end of a block that is known.
//!
//! Parameters: `$1` chain; `$2` owner; `$3` to `$5` contract, standard and time of arrival that are
//! wanted, or null; `$6` and `$7` contract and token that the page begins behind; `$8` most rows; `$9`
//! the block. `ranged` says that the chain has a contract with ranges: then the rows are not all.

use super::one_chain_sql::{standing, unready};

/// A page of the holdings of a table. Looked for by bounds and order of (owner, contract, token) and not
/// by an equal owner: no other index has that order, so that none can be taken that reads other owners'
/// rows. The contract is looked up row by row (`offset 0`), so that the order stays that of the index.
macro_rules! held {
    ($table:literal, $when:literal) => {
        concat!(
            r"
        (select h.owner, h.contract_id, h.token_id, h.balance, h.acquired, d.address
        from ",
            $table,
            r" h
        cross join lateral (
            select c.address, c.state from chain.contracts c where c.id = h.contract_id offset 0
        ) d
        where h.chain = $1",
            $when,
            r"
            and (h.owner, h.contract_id) <= ($2, coalesce($3, 2147483647))
            and (h.owner, h.contract_id, h.token_id) > ($2, $6::int4, $7::numeric)
            and (h.balance is null or h.balance > 0) and d.state = 'ready'
            and ($4::text is null or $4 = case when h.balance is null then 'erc721' else 'erc1155' end)
            and ($5::timestamptz is null or (
                select b.time from chain.blocks b where b.chain = $1 and b.number = h.acquired) > $5)
        order by h.owner, h.contract_id, h.token_id
        limit $8)
        "
        )
    };
}

/// The answer with these rows, at this block.
macro_rules! answer {
    ($at:literal, $($rows:expr),+) => {
        concat!(
            r"
        select a.as_of, c.contract, i.incomplete, false as present, r.ranged, $1 as chain,
            null::int4 as contract_id, null::bytea as address, null as standard,
            null::numeric as token_id, null::numeric as balance, null::int8 as acquired,
            null::timestamptz as acquired_at, null::bytea as tx_hash
        from ",
            standing!($at),
            "cross join chain.contract($3) c cross join ",
            unready!("$3"),
            r"
        cross join (
            select exists (select from chain.contracts where chain = $1 and has_ranges) as ranged
        ) r
        union all
        select null, null, null, true, null, $1, h.contract_id, h.address,
            case when h.balance is null then 'erc721' else 'erc1155' end, h.token_id, h.balance,
            h.acquired, b.time, (
                select t.tx_hash from chain.transfers t
                where t.chain = $1 and t.contract_id = h.contract_id and t.token_id = h.token_id
                    and t.block = h.acquired and t.to_addr = $2 and t.amount is distinct from 0
                order by t.log_index desc, t.batch_index desc
                limit 1)
        from (",
            $($rows),+,
            r") h
        left join chain.blocks b on b.chain = $1 and b.number = h.acquired"
        )
    };
}

/// What is held now. `$9` is the largest number.
pub(super) const NOW: &str = answer!("$9::int8", held!("chain.holdings", ""));

/// What was held at the end of the block: what still is, and what has ended since.
pub(super) const THEN: &str = answer!(
    "$9::int8",
    "select * from (",
    held!("chain.holdings", " and h.since <= $9"),
    "union all",
    held!("chain.holdings_past", " and h.since <= $9 and h.until > $9"),
    ") u order by owner, contract_id, token_id limit $8"
);
