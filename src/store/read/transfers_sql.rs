//! The statements of [`super::transfers`].
//!
//! All share their parameters: `$1` chains of the answer; `$2`–`$7` arrays, one entry a chain still
//! to be told: chain, key (block, log index, batch index), lowest and highest block; `$8` contract
//! whose state is named; `$9` the direction, 1 or -1; `$10` limit; `$11`–`$14` filters checked row by
//! row. Of the two branches of a direction the other one is never executed: its condition on `$9`
//! holds for no row. Across contracts those that are no longer followed are left out: what they show
//! ends somewhere, and only their own lists say so.

/// What the answer is true of, and `k`: each chain still to be told, with its bounds.
macro_rules! told_of {
    () => {
        r"
select a.as_of, c.contract, i.incomplete, t.block is not null as present, t.chain, t.block, t.log_index,
    t.batch_index, j.address, case when t.amount is null then 'erc721' else 'erc1155' end as standard,
    t.token_id, t.token_id_to, t.amount, t.from_addr, t.to_addr, t.tx_hash,
    b.hash as block_hash, b.time as block_time
from chain.as_of($1, $16::int8[]) a
cross join chain.contract($8) c
cross join chain.incomplete($1, $8) i
left join lateral (
    select t.*
    from (
        select n.chain, n.block, n.log_index, n.batch_index, n.low,
            case when $15::text = 'now' then n.high
                else least(n.high, chain.moment(n.chain, $15, null, null)) end as high
        from unnest($2::int2[], $3::int8[], $4::int4[], $5::int4[], $6::int8[], $7::int8[])
            as n (chain, block, log_index, batch_index, low, high)
        where (select h.indexes = 'ready' or not exists (
                select from chain.contracts w where w.chain = h.id and w.live_from is not null)
            from chain.chains h where h.id = n.chain)
            and ($15 = 'now' or chain.moment(n.chain, $15, null, null) is not null)
    ) k
"
    };
}

/// A page of what was found, with contracts and blocks.
macro_rules! in_order {
    () => {
        r"
    order by t.chain, t.block * $9, t.log_index * $9, t.batch_index * $9
    limit $10
) t on true
left join chain.contracts j on j.id = t.contract_id
left join chain.blocks b on b.chain = t.chain and b.number = t.block
order by t.chain, t.block * $9, t.log_index * $9, t.batch_index * $9"
    };
}

/// Of the token `$18` of the contract `$17`: its own, and those of ranges that cover it.
pub(super) const OF_TOKEN: &str = concat!(
    told_of!(),
    r"
    cross join lateral (
        (select * from chain.transfers t
        where $9::int8 < 0 and t.chain = k.chain and t.contract_id = $17
            and t.token_id = $18 and t.token_id_to is null
            and (t.block, t.log_index, t.batch_index) < (k.block, k.log_index, k.batch_index)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
        order by t.block desc, t.log_index desc, t.batch_index desc
        limit $10)
        union all
        (select * from chain.transfers t
        where $9::int8 > 0 and t.chain = k.chain and t.contract_id = $17
            and t.token_id = $18 and t.token_id_to is null
            and (t.block, t.log_index, t.batch_index) > (k.block, k.log_index, k.batch_index)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
        order by t.block, t.log_index, t.batch_index
        limit $10)
        union all
        (select * from chain.transfers t
        where $9::int8 < 0 and t.chain = k.chain and t.contract_id = $17
            and (select has_ranges from chain.contracts where id = $17)
            and t.token_id_to is not null and t.token_id <= $18 and t.token_id_to >= $18
            and (t.block, t.log_index, t.batch_index) < (k.block, k.log_index, k.batch_index)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
        order by t.block desc, t.log_index desc, t.batch_index desc
        limit $10)
        union all
        (select * from chain.transfers t
        where $9::int8 > 0 and t.chain = k.chain and t.contract_id = $17
            and (select has_ranges from chain.contracts where id = $17)
            and t.token_id_to is not null and t.token_id <= $18 and t.token_id_to >= $18
            and (t.block, t.log_index, t.batch_index) > (k.block, k.log_index, k.batch_index)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
        order by t.block, t.log_index, t.batch_index
        limit $10)
    ) t
",
    in_order!()
);

/// Of the contract `$17`.
pub(super) const OF_CONTRACT: &str = concat!(
    told_of!(),
    r"
    cross join lateral (
        (select * from chain.transfers t
        where $9::int8 < 0 and t.chain = k.chain and t.contract_id = $17
            and (t.block, t.log_index, t.batch_index) < (k.block, k.log_index, k.batch_index)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
        order by t.block desc, t.log_index desc, t.batch_index desc
        limit $10)
        union all
        (select * from chain.transfers t
        where $9::int8 > 0 and t.chain = k.chain and t.contract_id = $17
            and (t.block, t.log_index, t.batch_index) > (k.block, k.log_index, k.batch_index)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
        order by t.block, t.log_index, t.batch_index
        limit $10)
    ) t
",
    in_order!()
);

/// Received by `$17` or given by `$18`, each once.
pub(super) const OF_HOLDER: &str = concat!(
    told_of!(),
    r"
    cross join lateral (
        (select * from chain.transfers t
        where $9::int8 < 0 and t.chain = k.chain and t.to_addr = $17
            and (t.block, t.log_index, t.batch_index) < (k.block, k.log_index, k.batch_index)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
            and t.contract_id not in (select id from chain.contracts where chain = any ($1)
                and (state = 'stopped' or (state = 'probing' and refused is not null)))
        order by t.block desc, t.log_index desc, t.batch_index desc
        limit $10)
        union all
        (select * from chain.transfers t
        where $9::int8 > 0 and t.chain = k.chain and t.to_addr = $17
            and (t.block, t.log_index, t.batch_index) > (k.block, k.log_index, k.batch_index)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
            and t.contract_id not in (select id from chain.contracts where chain = any ($1)
                and (state = 'stopped' or (state = 'probing' and refused is not null)))
        order by t.block, t.log_index, t.batch_index
        limit $10)
        union all
        (select * from chain.transfers t
        where $9::int8 < 0 and t.chain = k.chain
            and t.from_addr = $18 and t.from_addr <> '\x0000000000000000000000000000000000000000'::bytea
            and t.to_addr is distinct from $17
            and (t.block, t.log_index, t.batch_index) < (k.block, k.log_index, k.batch_index)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
            and t.contract_id not in (select id from chain.contracts where chain = any ($1)
                and (state = 'stopped' or (state = 'probing' and refused is not null)))
        order by t.block desc, t.log_index desc, t.batch_index desc
        limit $10)
        union all
        (select * from chain.transfers t
        where $9::int8 > 0 and t.chain = k.chain
            and t.from_addr = $18 and t.from_addr <> '\x0000000000000000000000000000000000000000'::bytea
            and t.to_addr is distinct from $17
            and (t.block, t.log_index, t.batch_index) > (k.block, k.log_index, k.batch_index)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
            and t.contract_id not in (select id from chain.contracts where chain = any ($1)
                and (state = 'stopped' or (state = 'probing' and refused is not null)))
        order by t.block, t.log_index, t.batch_index
        limit $10)
    ) t
",
    in_order!()
);

/// Of the transaction `$17`, of it the contract `$8` and the token `$18`, where given: few rows, sorted as they come.
pub(super) const OF_TRANSACTION: &str = concat!(
    told_of!(),
    r"
    cross join lateral (
        select * from chain.transfers t
        where t.chain = k.chain and t.tx_hash = $17
            and ($8::int4 is null or t.contract_id = $8)
            and ($18::numeric is null or t.token_id = $18
                or (t.token_id_to is not null and $18 between t.token_id and t.token_id_to))
            and (t.block * $9, t.log_index * $9, t.batch_index * $9)
                > (k.block * $9, k.log_index * $9, k.batch_index * $9)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
            and ($8::int4 is not null or t.contract_id not in (select id from chain.contracts where chain = any ($1)
                and (state = 'stopped' or (state = 'probing' and refused is not null))))
    ) t
",
    in_order!()
);

/// Of the chains themselves.
pub(super) const OF_CHAIN: &str = concat!(
    told_of!(),
    r"
    cross join lateral (
        (select * from chain.transfers t
        where $9::int8 < 0 and t.chain = k.chain
            and (t.block, t.log_index, t.batch_index) < (k.block, k.log_index, k.batch_index)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
            and t.contract_id not in (select id from chain.contracts where chain = any ($1)
                and (state = 'stopped' or (state = 'probing' and refused is not null)))
        order by t.block desc, t.log_index desc, t.batch_index desc
        limit $10)
        union all
        (select * from chain.transfers t
        where $9::int8 > 0 and t.chain = k.chain
            and (t.block, t.log_index, t.batch_index) > (k.block, k.log_index, k.batch_index)
            and t.block between k.low and k.high
            and chain.transfer_fits(t.from_addr, t.to_addr, $11, $12, $13, $14)
            and t.contract_id not in (select id from chain.contracts where chain = any ($1)
                and (state = 'stopped' or (state = 'probing' and refused is not null)))
        order by t.block, t.log_index, t.batch_index
        limit $10)
    ) t
",
    in_order!()
);
