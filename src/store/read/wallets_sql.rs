//! The statement of [`super::wallets_tokens`].
//!
//! Parameters: `$1`, `$3` arrays, one entry a chain: chain and block; `$2` and `$4` with the block what
//! `chain.moment` takes; `$5` owners, in the order of the answer; `$6` to `$8` contract, standard and
//! time of arrival that are wanted, or null; `$9` to `$12` owner's place, chain, contract and token
//! that the page begins behind; `$13` contract and `$14` token that other owners and chains begin
//! behind; `$15` most rows.

/// Owners and chains come in the order of the answer, each with its rows in order and no more of them
/// than the page has: Postgres sorts group by group and stops with the page (`incremental sort`), and
/// would be right, but slower, if it did not.
///
/// What is current is looked for by bounds and order of (owner, contract, token) and not by an equal
/// owner: no other index has that order. See [`super::page_sql`] for how pieces of ranges become rows.
pub(super) const OF_WALLETS: &str = r"
with moments as materialized (
    select n.chain, chain.moment(n.chain, $2::text, n.block, $4::timestamptz) as at
    from unnest($1::int2[], $3::int8[]) as n (chain, block)
)
select a.as_of, c.contract, i.incomplete, j.irregular, h.token_id is not null as present, h.place,
    h.chain, h.contract_id, h.address,
    case when h.balance is null then 'erc721' else 'erc1155' end as standard,
    h.token_id, h.balance, h.acquired, h.acquired_at, t.tx_hash
from chain.as_of($1, array(select at from moments order by array_position($1, chain))) a
cross join chain.contract($6) c
cross join chain.incomplete($1, $6) i
cross join (
    select coalesce(json_agg(json_build_object('chain', c.chain,
        'address', '0x' || encode(c.address, 'hex'), 'state', 'irregular') order by c.id), '[]')
        as irregular
    from moments k
    join chain.contracts c on c.chain = k.chain and c.has_ranges and c.state = 'ready'
    where ($6::int4 is null or c.id = $6) and exists (
        select from chain.token_ranges r
        where r.chain = k.chain and r.contract_id = c.id and not r.listed
            and r.since <= k.at and (r.until > k.at or r.until = 9223372036854775807)
    )
) j
left join lateral (
    select k.place, k.owner, k.chain, w.*
    from (
        select n.place::int4 as place, n.owner, m.chain, m.at,
            case when (n.place, m.chain) = ($9, $10::int2) then $11 else $13::int4 end as contract_id,
            case when (n.place, m.chain) = ($9, $10) then $12 else $14::numeric end as token_id
        from unnest($5::bytea[]) with ordinality as n (owner, place)
        cross join moments m
        where (n.place, m.chain) >= ($9::int8, $10::int2)
        order by n.place::int4, m.chain
    ) k
    cross join lateral (
        (select h.contract_id, h.token_id, h.balance, h.acquired, null::int4 as acquired_log, c.address,
            b.time as acquired_at
        from chain.holdings h
        join chain.contracts c on c.id = h.contract_id and c.state = 'ready'
        left join chain.blocks b on b.chain = k.chain and b.number = h.acquired
        where h.chain = k.chain and h.since <= k.at
            and (h.owner, h.contract_id) <= (k.owner, coalesce($6, 2147483647))
            and (h.owner, h.contract_id, h.token_id) > (k.owner, k.contract_id, k.token_id)
            and (h.balance is null or h.balance > 0) and ($6::int4 is null or h.contract_id = $6)
            and ($7::text is null or $7 = case when h.balance is null then 'erc721' else 'erc1155' end)
            and ($8::timestamptz is null or b.time > $8)
        order by h.owner, h.contract_id, h.token_id
        limit $15)
        union all
        (select h.contract_id, h.token_id, h.balance, h.acquired, null::int4 as acquired_log, c.address,
            b.time as acquired_at
        from chain.holdings_past h
        join chain.contracts c on c.id = h.contract_id and c.state = 'ready'
        left join chain.blocks b on b.chain = k.chain and b.number = h.acquired
        where k.at < 9223372036854775807 and h.chain = k.chain and h.since <= k.at and h.until > k.at
            and (h.owner, h.contract_id) <= (k.owner, coalesce($6, 2147483647))
            and (h.owner, h.contract_id, h.token_id) > (k.owner, k.contract_id, k.token_id)
            and (h.balance is null or h.balance > 0) and ($6::int4 is null or h.contract_id = $6)
            and ($7::text is null or $7 = case when h.balance is null then 'erc721' else 'erc1155' end)
            and ($8::timestamptz is null or b.time > $8)
        order by h.owner, h.contract_id, h.token_id
        limit $15)
        union all
        (select p.contract_id, n.token_id, null, p.acquired, p.acquired_log, p.address, p.acquired_at
        from (
            select r.*, sum(r.last - r.first + 1) over (order by r.contract_id, r.first)
                - (r.last - r.first + 1) as before
            from (
                (select r.contract_id, k.token_id + 1 as first, r.last, r.acquired, r.acquired_log, c.address,
                    b.time as acquired_at
                from (
                    (select r.contract_id, r.last, r.acquired, r.acquired_log, r.listed
                    from chain.token_ranges r
                    where r.until = 9223372036854775807
                        and r.chain = k.chain and r.owner >= k.owner and r.since <= k.at
                        and (r.owner, r.contract_id, r.first) <= (k.owner, k.contract_id, k.token_id)
                    order by r.owner desc, r.contract_id desc, r.first desc
                    limit 1)
                    union all
                    (select r.contract_id, r.last, r.acquired, r.acquired_log, r.listed
                    from chain.token_ranges r
                    where k.at < 9223372036854775807 and r.until < 9223372036854775807
                        and r.chain = k.chain and r.owner = k.owner and r.contract_id = k.contract_id
                        and r.first <= k.token_id and r.since <= k.at and r.until > k.at
                    order by r.first desc
                    limit 1)
                ) r
                join chain.contracts c on c.id = r.contract_id and c.state = 'ready'
                left join chain.blocks b on b.chain = k.chain and b.number = r.acquired
                where r.contract_id = k.contract_id and r.last > k.token_id and r.listed
                    and ($6::int4 is null or r.contract_id = $6)
                    and ($8::timestamptz is null or b.time > $8))
                union all
                (select r.contract_id, r.first, r.last, r.acquired, r.acquired_log, c.address,
                    b.time as acquired_at
                from chain.token_ranges r
                join chain.contracts c on c.id = r.contract_id and c.state = 'ready'
                left join chain.blocks b on b.chain = k.chain and b.number = r.acquired
                where r.until = 9223372036854775807
                    and r.chain = k.chain and r.since <= k.at and r.listed
                    and (r.owner, r.contract_id) <= (k.owner, coalesce($6, 2147483647))
                    and (r.owner, r.contract_id, r.first) > (k.owner, k.contract_id, k.token_id)
                    and ($6::int4 is null or r.contract_id = $6)
                    and ($8::timestamptz is null or b.time > $8)
                order by r.owner, r.contract_id, r.first
                limit $15)
                union all
                (select r.contract_id, r.first, r.last, r.acquired, r.acquired_log, c.address,
                    b.time as acquired_at
                from chain.token_ranges r
                join chain.contracts c on c.id = r.contract_id and c.state = 'ready'
                left join chain.blocks b on b.chain = k.chain and b.number = r.acquired
                where k.at < 9223372036854775807 and r.until < 9223372036854775807
                    and r.chain = k.chain and r.owner = k.owner and r.since <= k.at and r.until > k.at
                    and r.listed and (r.contract_id, r.first) > (k.contract_id, k.token_id)
                    and ($6::int4 is null or r.contract_id = $6)
                    and ($8::timestamptz is null or b.time > $8)
                order by r.contract_id, r.first
                limit $15)
                order by contract_id, first
                limit $15
            ) r
        ) p
        cross join lateral generate_series(p.first, least(p.last, p.first + ($15 - 1 - p.before)))
            as n (token_id)
        where p.before < $15 and ($7::text is null or $7 = 'erc721')
            and exists (select from chain.contracts where chain = k.chain and has_ranges))
        order by contract_id, token_id
        limit $15
    ) w
    order by k.place, k.chain, w.contract_id, w.token_id
    limit $15
) h on true
left join lateral (
    (select t.tx_hash from chain.transfers t
    where h.acquired_log is null
        and t.chain = h.chain and t.contract_id = h.contract_id and t.token_id = h.token_id
        and t.block = h.acquired and t.to_addr = h.owner and t.amount is distinct from 0
    order by t.log_index desc, t.batch_index desc
    limit 1)
    union all
    (select t.tx_hash from chain.transfers t
    where t.chain = h.chain and t.block = h.acquired and t.log_index = h.acquired_log
        and t.batch_index = 0)
) t on true
order by h.place, h.chain, h.contract_id, h.token_id";
