//! The statements of [`super::transfers`] about what one party received or gave on one chain.
//!
//! Parameters: `$1` chain; `$2` contract whose state is named; `$3` to `$5` position that the page begins
//! behind; `$6` and `$7` lowest and highest block; `$8` most rows; `$9` to `$12` filters checked row by row;
//! `$13` a block whose hash is asked for, or null; `$14` who received, `$15` who gave.

use super::one_chain_sql::standing;

/// A page of the transfers that are found by one index, in its order. The contract is looked up row by
/// row (`offset 0`), so that the order stays that of the index; those that are no longer followed are
/// left out.
macro_rules! found {
    ($by:literal, $after:literal, $order:literal) => {
        concat!(
            r"
        (select t.*, d.address
        from chain.transfers t
        cross join lateral (
            select c.address, c.state, c.refused from chain.contracts c
            where c.id = t.contract_id offset 0
        ) d
        where t.chain = $1 and ",
            $by,
            "and (t.block, t.log_index, t.batch_index) ",
            $after,
            r" ($3::int8, $4::int4, $5::int4)
            and t.block between $6::int8 and $7::int8
            and chain.transfer_fits(t.from_addr, t.to_addr, $9::bytea, $10::bytea, $11::bytea, $12::text)
            and d.state <> 'stopped' and (d.state <> 'probing' or d.refused is null)
        order by ",
            $order,
            " limit $8)"
        )
    };
}

macro_rules! of_holder {
    ($after:literal, $order:literal) => {
        concat!(
            r"
        with a as materialized (select * from ",
            standing!("$13::int8"),
            r")
        select a.as_of, c.contract, i.incomplete, false as present, $1 as chain, null::int8 as block,
            null::int4 as log_index, null::int4 as batch_index, null::bytea as address,
            null as standard, null::numeric as token_id, null::numeric as token_id_to,
            null::numeric as amount, null::bytea as from_addr, null::bytea as to_addr,
            null::bytea as tx_hash, null::bytea as block_hash, null::timestamptz as block_time
        from a
        cross join chain.contract($2) c
        cross join chain.incomplete(array[$1], $2) i
        union all
        select null, null, null, true, $1, t.block, t.log_index, t.batch_index, t.address,
            case when t.amount is null then 'erc721' else 'erc1155' end, t.token_id, t.token_id_to,
            t.amount, t.from_addr, t.to_addr, t.tx_hash, b.hash, b.time
        from (
            select * from (",
            found!("t.to_addr = $14 ", $after, $order),
            "union all",
            found!(
                r"t.from_addr = $15
            and t.from_addr <> '\x0000000000000000000000000000000000000000'::bytea
            and t.to_addr is distinct from $14 ",
                $after,
                $order
            ),
            r") t
            where not (select indexing from a)
            order by ",
            $order,
            r" limit $8
        ) t
        left join chain.blocks b on b.chain = $1 and b.number = t.block"
        )
    };
}

/// Newest first.
pub(super) const NEWEST: &str =
    of_holder!("<", "t.block desc, t.log_index desc, t.batch_index desc");

/// Oldest first.
pub(super) const OLDEST: &str = of_holder!(">", "t.block, t.log_index, t.batch_index");
