//! What the statements about one chain share: its standing, the contract of the question, and what is not
//! whole. `$1` is the chain. It stands in each statement as a parameter of its own, so that the
//! partitions of other chains are left out before the statement begins.
//!
//! An answer begins with a row of these, whose `present` is false; the rows follow. They are in the
//! order of the index that they were found by, which the caller makes sure of.

/// The standing as `a`, with the block that is asked for. Once for the statement: `offset 0` keeps it
/// from being written out for each row.
macro_rules! standing {
    ($at:literal) => {
        concat!(
            r"
        (select json_build_array(row_to_json(x)) as as_of, x.indexing, x.at
        from (
            select s.*, ",
            $at,
            r" as at,
                (select '0x' || encode(b.hash, 'hex') from chain.blocks b
                where b.chain = $1 and b.number = ",
            $at,
            r") as at_hash,
                n.indexes <> 'ready' and exists (
                    select from chain.contracts j where j.chain = n.id and j.live_from is not null
                ) as indexing
            from chain.standing s
            join chain.chains n on n.id = s.chain
            where s.chain = $1
        ) x
        offset 0) a
        "
        )
    };
}
pub(super) use standing;

/// The contracts of the chain, or the one, whose ownership is not answered, as `i`; at most 1000.
macro_rules! unready {
    ($contract:literal) => {
        concat!(
            r"
        (select coalesce(json_agg(x order by x.id), '[]') as incomplete
        from (
            select c.id, c.chain, '0x' || encode(c.address, 'hex') as address, c.state,
                chain.loaded_percent(c.id, c.chain) as loaded_percent
            from chain.contracts c
            where c.chain = $1 and (",
            $contract,
            "::int4 is null or c.id = ",
            $contract,
            r") and c.state not in ('ready', 'stopped') and c.refused is null
            order by c.id
            limit 1000
        ) x) i
        "
        )
    };
}
pub(super) use unready;
