//! The statements of [`super::wallet_contracts`].
//!
//! Parameters: `$1` and `$3` arrays, one entry a chain: chain and block; `$2` and `$4` with the block
//! what `chain.moment` takes; `$5` owner; `$6` standard that is wanted, or null. `k.at` is the block
//! that was found.

/// What the owner holds at `k.at` in contracts that `$of` picks by `contract_id`: contract, number
/// of tokens, units, block of arrival. A piece of a range counts with its length.
macro_rules! held {
    ($of:literal) => {
        concat!(
            r"
            select h.contract_id, 1::numeric as tokens, coalesce(h.balance, 1) as units, h.acquired
            from chain.holdings h
            where h.chain = k.chain and h.since <= k.at and (h.balance is null or h.balance > 0) and ",
            $of,
            r"
            union all
            select h.contract_id, 1, coalesce(h.balance, 1), h.acquired
            from chain.holdings_past h
            where k.at < 9223372036854775807 and h.chain = k.chain and h.since <= k.at
                and h.until > k.at and (h.balance is null or h.balance > 0) and ",
            $of,
            r"
            union all
            select h.contract_id, h.last - h.first + 1, h.last - h.first + 1, h.acquired
            from chain.token_ranges h
            where h.until = 9223372036854775807 and h.chain = k.chain and h.since <= k.at
                and h.listed and ",
            $of,
            r"
            union all
            select h.contract_id, h.last - h.first + 1, h.last - h.first + 1, h.acquired
            from chain.token_ranges h
            where h.until < 9223372036854775807 and k.at < 9223372036854775807
                and h.chain = k.chain and h.since <= k.at and h.until > k.at and h.listed and ",
            $of,
        )
    };
}

/// The chains with their moments and what they leave out, before the rows `h`.
macro_rules! beside {
    () => {
        r"
from chain.as_of($1, array(select at from moments order by array_position($1, chain))) a
cross join chain.incomplete($1, null) i
cross join (
    select coalesce(json_agg(json_build_object('chain', c.chain,
        'address', '0x' || encode(c.address, 'hex'), 'state', 'irregular') order by c.id), '[]')
        as irregular
    from moments k
    join chain.contracts c on c.chain = k.chain and c.has_ranges and c.state = 'ready'
    where exists (
        select from chain.token_ranges r
        where r.chain = k.chain and r.contract_id = c.id and not r.listed
            and r.since <= k.at and (r.until > k.at or r.until = 9223372036854775807)
    )
) j
"
    };
}

/// `$7` contract of each chain that the page begins behind, `$8` most rows. Each chain is walked from
/// one contract that the owner ever held anything of to the next, which takes one look into each
/// index, until the page is full.
pub(super) const CONTRACTS: &str = concat!(
    r"
with moments as materialized (
    select n.chain, chain.moment(n.chain, $2::text, n.block, $4::timestamptz) as at, n.contract_id
    from unnest($1::int2[], $3::int8[], $7::int4[]) as n (chain, block, contract_id)
)
select a.as_of, i.incomplete, j.irregular, h.contract_id is not null as present, h.chain, h.contract_id,
    h.address, h.standard, h.name, h.symbol, h.tokens, h.balance, h.first_acquired, h.last_acquired
",
    beside!(),
    r"
left join lateral (
    select k.chain, w.contract_id, c.address, c.standard, c.name, c.symbol, w.tokens, w.balance,
        w.first_acquired, w.last_acquired
    from moments k
    cross join lateral (
        with recursive walk as (
            select k.contract_id, null::numeric as tokens, null::numeric as balance,
                null::int8 as first_acquired, null::int8 as last_acquired, 0::int8 as found
            union all
            select n.contract_id, s.tokens, s.balance, s.first_acquired, s.last_acquired,
                w.found + (s.tokens is not null)::int4
            from walk w
            cross join lateral (
                select min(v.contract_id) as contract_id
                from (
                    (select h.contract_id from chain.holdings h
                    where h.chain = k.chain and (h.owner, h.contract_id) > ($5, w.contract_id)
                        and h.owner <= $5
                    order by h.owner, h.contract_id
                    limit 1)
                    union all
                    (select h.contract_id from chain.holdings_past h
                    where k.at < 9223372036854775807 and h.chain = k.chain
                        and (h.owner, h.contract_id) > ($5, w.contract_id) and h.owner <= $5
                    order by h.owner, h.contract_id
                    limit 1)
                    union all
                    (select h.contract_id from chain.token_ranges h
                    where h.until = 9223372036854775807 and h.chain = k.chain
                        and (h.owner, h.contract_id) > ($5, w.contract_id) and h.owner <= $5
                    order by h.owner, h.contract_id
                    limit 1)
                    union all
                    (select h.contract_id from chain.token_ranges h
                    where h.until < 9223372036854775807 and k.at < 9223372036854775807
                        and h.chain = k.chain and h.owner = $5 and h.contract_id > w.contract_id
                        and h.since <= k.at and h.until > k.at
                    order by h.contract_id
                    limit 1)
                ) v
            ) n
            left join lateral (
                select sum(v.tokens) as tokens, sum(v.units) as balance,
                    min(v.acquired) as first_acquired, max(v.acquired) as last_acquired
                from (
",
    held!(
        "(h.owner, h.contract_id) >= ($5, n.contract_id) and (h.owner, h.contract_id) <= ($5, n.contract_id)"
    ),
    r"
                ) v
                where exists (
                    select from chain.contracts c
                    where c.id = n.contract_id and c.state = 'ready' and ($6::text is null or c.standard = $6))
            ) s on true
            where n.contract_id is not null and w.found < $8
        )
        select * from walk where tokens is not null
    ) w
    join chain.contracts c on c.id = w.contract_id
    order by k.chain, w.contract_id
    limit $8
) h on true
order by h.chain, h.contract_id"
);

/// One row a chain in which the owner holds anything.
pub(super) const SUMMARY: &str = concat!(
    r"
with moments as materialized (
    select n.chain, chain.moment(n.chain, $2::text, n.block, $4::timestamptz) as at
    from unnest($1::int2[], $3::int8[]) as n (chain, block)
)
select a.as_of, i.incomplete, j.irregular, h.chain is not null as present, h.chain, h.contracts, h.tokens,
    h.balance, h.first_acquired, h.last_acquired
",
    beside!(),
    r"
left join lateral (
    select k.chain, s.*
    from moments k
    cross join lateral (
        select count(distinct v.contract_id) as contracts, sum(v.tokens) as tokens,
            sum(v.units) as balance, min(v.acquired) as first_acquired, max(v.acquired) as last_acquired
        from (
",
    held!("h.owner = $5"),
    r"
        ) v
        join chain.contracts c on c.id = v.contract_id and c.state = 'ready'
            and ($6::text is null or c.standard = $6)
    ) s
    where s.contracts > 0
) h on true
order by h.chain"
);
