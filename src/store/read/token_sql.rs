//! The statements of [`super::token`].

use super::one_chain_sql::standing;
use super::page_sql::asked;

/// Of any contract, at any moment. `$1` chain, `$2` contract, `$3` to `$5` the block (see
/// [`super::page_sql`]), `$6` token.
pub(super) const RANGED: &str = concat!(
    r"
select a.as_of, c.contract, f.block is not null as present,
    h.owner, coalesce(h.supply, 0) as supply,
    f.block as first_block, fb.time as first_at, f.tx_hash as first_tx, f.from_addr as first_from,
    l.block as last_block, lb.time as last_at, l.tx_hash as last_tx
",
    asked!(),
    r"
left join lateral (
    (select block, log_index, batch_index, tx_hash, from_addr from chain.transfers
    where o.open and chain = $1 and contract_id = $2 and token_id = $6 and token_id_to is null
        and block <= k.at
    order by block, log_index, batch_index
    limit 1)
    union all
    (select block, log_index, batch_index, tx_hash, from_addr from chain.transfers
    where o.open and (select has_ranges from chain.contracts where id = $2)
        and chain = $1 and contract_id = $2 and token_id_to is not null
        and token_id <= $6 and token_id_to >= $6 and block <= k.at
    order by block, log_index, batch_index
    limit 1)
    order by block, log_index, batch_index
    limit 1
) f on true
left join lateral (
    (select block, log_index, batch_index, tx_hash from chain.transfers
    where o.open and chain = $1 and contract_id = $2 and token_id = $6 and token_id_to is null
        and block <= k.at
    order by block desc, log_index desc, batch_index desc
    limit 1)
    union all
    (select block, log_index, batch_index, tx_hash from chain.transfers
    where o.open and (select has_ranges from chain.contracts where id = $2)
        and chain = $1 and contract_id = $2 and token_id_to is not null
        and token_id <= $6 and token_id_to >= $6 and block <= k.at
    order by block desc, log_index desc, batch_index desc
    limit 1)
    order by block desc, log_index desc, batch_index desc
    limit 1
) l on true
left join lateral (
    select (array_agg(v.owner) filter (where v.balance is null))[1] as owner, sum(coalesce(v.balance, 1)) as supply
    from (
        select owner, balance from chain.holdings
        where chain = $1 and contract_id = $2 and token_id = $6 and since <= k.at
            and (balance is null or balance > 0)
        union all
        select owner, balance from chain.holdings_past
        where k.at < 9223372036854775807 and chain = $1 and contract_id = $2 and token_id = $6
            and since <= k.at and until > k.at and (balance is null or balance > 0)
        union all
        select r.owner, null from (
            (select owner, last from chain.token_ranges
            where (select has_ranges from chain.contracts where id = $2)
                and until = 9223372036854775807 and chain = $1 and contract_id = $2
                and first <= $6 and since <= k.at
            order by first desc
            limit 1)
            union all
            (select owner, last from chain.token_ranges
            where (select has_ranges from chain.contracts where id = $2)
                and k.at < 9223372036854775807 and until < 9223372036854775807
                and chain = $1 and contract_id = $2
                and first <= $6 and since <= k.at and until > k.at
            order by first desc
            limit 1)
        ) r
        where r.last >= $6
    ) v
) h on true
left join chain.blocks fb on fb.chain = $1 and fb.number = f.block
left join chain.blocks lb on lb.chain = $1 and lb.number = l.block"
);

/// The first or last transfer of the token up to the block, where its contract may be answered for.
macro_rules! moved {
    ($columns:literal, $order:literal) => {
        concat!(
            "select block, tx_hash",
            $columns,
            r" from chain.transfers
            where o.open and chain = $1 and contract_id = $2 and token_id = $3 and token_id_to is null
                and block <= $4
            order by ",
            $order,
            " limit 1"
        )
    };
}

/// Of a contract without ranges, at the end of a block that is known, with holdings of these tables: `$1`
/// chain, `$2` contract, `$3` token, `$4` block. Where `ranged` says that the contract has ranges, the
/// answer is not whole.
macro_rules! plain {
    ($held:expr) => {
        concat!(
            r"
        select a.as_of, c.contract, o.ranged, f.block is not null as present,
            h.owner, coalesce(h.supply, 0) as supply,
            f.block as first_block, fb.time as first_at, f.tx_hash as first_tx,
            f.from_addr as first_from,
            l.block as last_block, lb.time as last_at, l.tx_hash as last_tx
        from ",
            standing!("$4::int8"),
            r"
        cross join chain.contract($2) c
        left join (
            select has_ranges as ranged,
                state = 'ready' or (state = 'stopped' and folded_to is not null) as open
            from chain.contracts where id = $2
        ) o on true
        left join lateral (",
            moved!(", from_addr", "block, log_index, batch_index"),
            ") f on true left join lateral (",
            moved!("", "block desc, log_index desc, batch_index desc"),
            r") l on true
        left join lateral (
            select (array_agg(v.owner) filter (where v.balance is null))[1] as owner,
                sum(coalesce(v.balance, 1)) as supply
            from (",
            $held,
            r") v
        ) h on true
        left join chain.blocks fb on fb.chain = $1 and fb.number = f.block
        left join chain.blocks lb on lb.chain = $1 and lb.number = l.block"
        )
    };
}

/// Now: `$4` is the largest number.
pub(super) const NOW: &str = plain!(
    r"select owner, balance from chain.holdings
    where chain = $1 and contract_id = $2 and token_id = $3 and (balance is null or balance > 0)"
);

/// At the end of an earlier block.
pub(super) const THEN: &str = plain!(
    r"select owner, balance from chain.holdings
    where chain = $1 and contract_id = $2 and token_id = $3 and since <= $4
        and (balance is null or balance > 0)
    union all
    select owner, balance from chain.holdings_past
    where chain = $1 and contract_id = $2 and token_id = $3 and since <= $4 and until > $4
        and (balance is null or balance > 0)"
);
