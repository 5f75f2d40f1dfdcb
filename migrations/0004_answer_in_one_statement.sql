-- What one statement needs to answer a read: the block that is asked for found inside it, and the
-- contract beside the rows; and the secrets that all replicas share.
-- compatible_from: 0.3.0
-- Locks: `blocks` and `holdings_past`, against writers only, while an index of each is built; then
-- `holdings_past`, against readers too, for a moment.

set local lock_timeout = '10s';

create index blocks_by_time on chain.blocks (time, number);

-- In the order of a wallet's list, so that a page at an old block passes over what is no longer or not
-- yet held, and sorts nothing.
create index holdings_past_in_order on chain.holdings_past (owner, contract_id, token_id, until, since);
drop index chain.holdings_past_of_owner;

-- Made once for a database: what one replica signs, every other one and every later start accepts.
create table platform.secrets (
    name text primary key,
    value bytea not null constraint secrets_length check (octet_length(value) = 32),
    created_at timestamptz not null default clock_timestamp()
);
-- Three random UUIDs hold 366 bits of the server's strong randomness.
insert into platform.secrets (name, value)
select 'cursors', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

-- The block of a chain that a question is about: `mode` is `now` (the largest number), `block`,
-- `time` (the last stored block at or before `until`: ownership changes in stored blocks only),
-- `safe` or `finalized`. Null where there is no such mark; -1 for a time before the first stored
-- block; one below the largest number for a time after the checkpoint, at which blocks may be
-- missing yet.
create function chain.moment(of_chain int2, mode text, block int8, until timestamptz) returns int8
language sql stable as $$
    select case mode
        when 'now' then 9223372036854775807
        when 'block' then block
        when 'safe' then (select least(c.safe, c.checkpoint) from chain.chains c
            where c.id = of_chain and c.safe is not null and c.checkpoint is not null)
        when 'finalized' then (select least(c.finalized, c.checkpoint) from chain.chains c
            where c.id = of_chain and c.finalized is not null and c.checkpoint is not null)
        when 'time' then (
            select case when until > b.time then 9223372036854775806 else coalesce((
                select n.number from chain.blocks n
                where n.chain = of_chain and n.time <= until
                order by n.time desc, n.number desc limit 1), -1) end
            from chain.chains c
            join chain.blocks b on b.chain = c.id and b.number = c.checkpoint
            where c.id = of_chain)
    end
$$;

-- Whether transfers are stored whose indexes are not built yet: to look for one would read them all.
create function chain.indexing(of_chain int2) returns bool language sql stable as $$
    select c.indexes <> 'ready' and exists (
        select from chain.contracts j where j.chain = c.id and j.live_from is not null)
    from chain.chains c where c.id = of_chain
$$;

-- The standing of these chains, each with the block of it that is asked for (`ats`, same order) and
-- that block's stored hash. A row set, so that the planner takes it into the statement that asks.
create or replace function chain.as_of(chains int2[], ats int8[]) returns table (as_of json)
language sql stable as $$
    select coalesce(json_agg(x order by x.chain), '[]')
    from (
        select s.*, k.at, '0x' || encode(b.hash, 'hex') as at_hash,
            c.indexes <> 'ready' and exists (select from chain.contracts j
                where j.chain = c.id and j.live_from is not null) as indexing
        from unnest(chains, ats) as k (chain, at)
        join chain.standing s on s.chain = k.chain
        join chain.chains c on c.id = k.chain
        left join chain.blocks b on b.chain = k.chain and b.number = k.at
    ) x
$$;

-- The contract as people see it; null where there is none.
create function chain.contract(of_contract int4) returns table (contract json) language sql stable as $$
    select (
        select json_build_object('id', c.id, 'chain', c.chain, 'address', '0x' || encode(c.address, 'hex'),
            'standard', c.standard, 'state', c.state, 'origin', c.origin, 'start_block', c.start_block,
            'wanted_start', c.wanted_start, 'name', c.name, 'symbol', c.symbol, 'supply', c.supply,
            'holders', c.holders, 'transfers', c.transfers, 'irregular', c.irregular,
            'live_to', c.live_to, 'folded', c.folded_to is not null, 'refused', c.refused,
            'refused_detail', c.refused_detail, 'purging', c.purging, 'purged', c.purged,
            'undecided', c.state = 'probing' and c.refused is null
                and (c.probe_at is not null or c.start_block is null),
            'loaded_percent', case when c.state in ('probing', 'loading', 'folding')
                then chain.loaded_percent(c.id, c.chain) end)
        from chain.contracts c where c.id = of_contract)
$$;

insert into platform.migrations (version, compatible_from) values (4, '0.3.0');
