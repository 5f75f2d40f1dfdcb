//! What the statements about one contract share: the block that is asked for, a page of its holdings,
//! and of its ranges.
//!
//! Parameters: `$1` chain, `$2` contract, `$3` to `$5` what `chain.moment` takes; of pages `$6` and
//! `$7` token and owner that the page begins behind, `$8` last token, `$9` most rows, `$10` whether
//! one token is asked and not a list. `k.at` is the block that was found. Branches are limited one by
//! one: only then does Postgres read each in the order of its index, and no more of it than the page
//! needs. What is about ranges asks first whether the contract has any, so that others pay one look
//! at its row.

/// The block asked for as `k.at`, the standing of the chain as `a`, the contract as `c`, and as `o.open`
/// whether its ownership is known: one row, with which a statement's `from` begins. Where it is not,
/// no row is looked for: there may be no index yet to find one by.
macro_rules! asked {
    () => {
        r"
        from (
            select case when $3::text in ('now', 'block') then $4::int8
                else (select chain.moment($1::int2, $3, $4, $5::timestamptz)) end as at
            offset 0
        ) k
        cross join lateral chain.as_of(array[$1::int2], array[k.at]) a
        cross join chain.contract($2) c
        cross join (select exists (select from chain.contracts where id = $2
            and (state = 'ready' or (state = 'stopped' and folded_to is not null))) as open) o
        "
    };
}
pub(super) use asked;

/// The holdings of a page: token, owner, units (null: one), block of arrival and no log. Ended ones are
/// looked for no further than those of the present reach.
macro_rules! holdings {
    () => {
        r"
        with present as materialized (
            select token_id, owner, balance, acquired, null::int4 as acquired_log from chain.holdings
            where chain = $1 and contract_id = $2 and since <= k.at
                and (token_id, owner) > ($6, $7) and token_id <= $8
                and (balance is null or balance > 0)
            order by token_id, owner
            limit $9
        )
        select token_id, owner, balance, acquired, acquired_log from present
        union all
        (select token_id, owner, balance, acquired, null from chain.holdings_past
        where k.at < 9223372036854775807 and chain = $1 and contract_id = $2
            and since <= k.at and until > k.at and (token_id, owner) > ($6, $7)
            and token_id <= coalesce((select token_id from present offset $9 - 1), $8)
            and (balance is null or balance > 0)
        order by token_id, owner
        limit $9)
        "
    };
}
pub(super) use holdings;

/// The tokens of a page that ranges hold: token, owner, units (null: one), block and log of arrival.
///
/// At any block the rows of `chain.token_ranges` do not overlap, so the one that covers `$6` is the
/// one that begins next below it. Each gives at least one token: the first `$9` are enough, and of
/// them only as many tokens are written out as the page has room for.
macro_rules! tokens_of_ranges {
    () => {
        r"
        select n.token_id, p.owner, null::numeric as balance, p.acquired, p.acquired_log
        from (
            select r.owner, r.acquired, r.acquired_log, r.first, r.last,
                sum(r.last - r.first + 1) over (order by r.first) - (r.last - r.first + 1) as before
            from (
                select s.owner, s.acquired, s.acquired_log, s.first, s.last
                from (
                    select v.owner, v.acquired, v.acquired_log, v.listed, least(v.last, $8) as last,
                        greatest(v.first, case when v.owner > $7 then $6 else $6 + 1 end) as first
                    from (
                        (select owner, acquired, acquired_log, listed, first, last from chain.token_ranges
                        where until = 9223372036854775807 and chain = $1 and contract_id = $2
                            and since <= k.at and first <= $6
                        order by first desc
                        limit 1)
                        union all
                        (select owner, acquired, acquired_log, listed, first, last from chain.token_ranges
                        where until < 9223372036854775807 and k.at < 9223372036854775807
                            and chain = $1 and contract_id = $2
                            and since <= k.at and until > k.at and first <= $6
                        order by first desc
                        limit 1)
                        union all
                        (select owner, acquired, acquired_log, listed, first, last from chain.token_ranges
                        where until = 9223372036854775807 and chain = $1 and contract_id = $2
                            and since <= k.at and first > $6 and first <= $8 and listed
                        order by first
                        limit $9)
                        union all
                        (select owner, acquired, acquired_log, listed, first, last from chain.token_ranges
                        where until < 9223372036854775807 and k.at < 9223372036854775807
                            and chain = $1 and contract_id = $2
                            and since <= k.at and until > k.at and first > $6 and first <= $8 and listed
                        order by first
                        limit $9)
                    ) v
                ) s
                where s.first <= s.last and (s.listed or $10)
                order by s.first
                limit $9
            ) r
        ) p
        cross join lateral generate_series(p.first, least(p.last, p.first + ($9 - 1 - p.before)))
            as n (token_id)
        where p.before < $9 and (select has_ranges from chain.contracts where id = $2)
        "
    };
}
pub(super) use tokens_of_ranges;

/// The contract as incomplete where tokens of it lie in ranges that are too long to be listed.
macro_rules! irregular {
    () => {
        r"
        select coalesce(json_agg(json_build_object('chain', c.chain,
            'address', '0x' || encode(c.address, 'hex'), 'state', 'irregular')), '[]') as incomplete
        from chain.contracts c
        where c.id = $2 and c.has_ranges and exists (
            select from chain.token_ranges r
            where r.chain = $1 and r.contract_id = $2 and not r.listed
                and r.since <= k.at and (r.until > k.at or r.until = 9223372036854775807)
        )
        "
    };
}
pub(super) use irregular;
