//! What the statements about one contract share: a page of its holdings, and of its ranges.
//!
//! Parameters: `$1` chain, `$2` contract, `$3` block, `$4` and `$5` token and owner that the page
//! begins behind, `$6` last token, `$7` most rows, `$8` whether one token is asked and not a list.
//! Branches are limited one by one: only then does Postgres read each in the order of its index, and
//! no more of it than the page needs. What is about ranges asks first whether the contract has any,
//! so that others pay one look at its row.

/// The holdings of a page: token, owner, units (null: one), block of arrival and no log. Ended ones are
/// looked for no further than those of the present reach.
macro_rules! holdings {
    () => {
        r"
        with present as materialized (
            select token_id, owner, balance, acquired, null::int4 as acquired_log from chain.holdings
            where chain = $1 and contract_id = $2 and since <= $3
                and (token_id, owner) > ($4, $5) and token_id <= $6
                and (balance is null or balance > 0)
            order by token_id, owner
            limit $7
        )
        select token_id, owner, balance, acquired, acquired_log from present
        union all
        (select token_id, owner, balance, acquired, null from chain.holdings_past
        where $3 < 9223372036854775807 and chain = $1 and contract_id = $2
            and since <= $3 and until > $3 and (token_id, owner) > ($4, $5)
            and token_id <= coalesce((select token_id from present offset $7 - 1), $6)
            and (balance is null or balance > 0)
        order by token_id, owner
        limit $7)
        "
    };
}
pub(super) use holdings;

/// The tokens of a page that ranges hold: token, owner, units (null: one), block and log of arrival.
///
/// At any block the rows of `chain.token_ranges` do not overlap, so the one that covers `$4` is the
/// one that begins next below it. Each gives at least one token: the first `$7` are enough, and of
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
                    select v.owner, v.acquired, v.acquired_log, v.listed, least(v.last, $6) as last,
                        greatest(v.first, case when v.owner > $5 then $4 else $4 + 1 end) as first
                    from (
                        (select owner, acquired, acquired_log, listed, first, last from chain.token_ranges
                        where until = 9223372036854775807 and chain = $1 and contract_id = $2
                            and since <= $3 and first <= $4
                        order by first desc
                        limit 1)
                        union all
                        (select owner, acquired, acquired_log, listed, first, last from chain.token_ranges
                        where until < 9223372036854775807 and $3 < 9223372036854775807
                            and chain = $1 and contract_id = $2
                            and since <= $3 and until > $3 and first <= $4
                        order by first desc
                        limit 1)
                        union all
                        (select owner, acquired, acquired_log, listed, first, last from chain.token_ranges
                        where until = 9223372036854775807 and chain = $1 and contract_id = $2
                            and since <= $3 and first > $4 and first <= $6 and listed
                        order by first
                        limit $7)
                        union all
                        (select owner, acquired, acquired_log, listed, first, last from chain.token_ranges
                        where until < 9223372036854775807 and $3 < 9223372036854775807
                            and chain = $1 and contract_id = $2
                            and since <= $3 and until > $3 and first > $4 and first <= $6 and listed
                        order by first
                        limit $7)
                    ) v
                ) s
                where s.first <= s.last and (s.listed or $8)
                order by s.first
                limit $7
            ) r
        ) p
        cross join lateral generate_series(p.first, least(p.last, p.first + ($7 - 1 - p.before)))
            as n (token_id)
        where p.before < $7 and (select has_ranges from chain.contracts where id = $2)
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
                and r.since <= $3 and (r.until > $3 or r.until = 9223372036854775807)
        )
        "
    };
}
pub(super) use irregular;
