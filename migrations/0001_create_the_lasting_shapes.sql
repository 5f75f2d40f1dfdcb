-- The first schema: what Herald knows of chains (`chain`, can be rebuilt from the chains) and what
-- only the platform knows (`platform`, must be in every backup). New objects only; locks nothing.
-- compatible_from: 0.1.0

create schema chain;
create schema platform;

-- The oldest release that can run on the schema as each migration left it.
create table platform.migrations (
    version int8 primary key,
    compatible_from text not null,
    applied_at timestamptz not null default clock_timestamp()
);

-- One row a chain; `for update` on it is the lock of every writer of ownership.
create table chain.chains (
    id int2 generated always as identity primary key,
    caip2 text not null constraint chains_caip2_key unique,
    name text not null,
    genesis_hash bytea constraint chains_genesis_hash_length check (octet_length(genesis_hash) = 32),
    head int8,
    head_at timestamptz,
    safe int8,
    finalized int8,
    checkpoint int8,
    checkpoint_hash bytea constraint chains_checkpoint_hash_length check (octet_length(checkpoint_hash) = 32),
    checkpoint_at timestamptz,
    filter_version int8 not null default 0,
    epoch int4 not null default 0,
    indexes text not null default 'ready' constraint chains_indexes_known check (indexes in ('building', 'ready')),
    status text not null default 'loading' constraint chains_status_known
        check (status in ('loading', 'live', 'stalled', 'halted', 'paused')),
    status_detail text,
    status_since timestamptz not null default clock_timestamp(),
    constraint chains_checkpoint_whole check ((checkpoint is null) = (checkpoint_hash is null))
) with (fillfactor = 50);

-- What the endpoints of a chain were seen to do, for people; written by the process that asks them.
create table chain.endpoints (
    chain int2 not null references chain.chains (id),
    name text not null,
    head int8,
    requests int8 not null default 0,
    failures int8 not null default 0,
    latency_ms float8,
    status text not null default 'unknown',
    detail text,
    seen_at timestamptz not null default clock_timestamp(),
    primary key (chain, name)
) with (fillfactor = 50);

create table chain.contracts (
    id int4 generated always as identity primary key,
    chain int2 not null references chain.chains (id),
    address bytea not null constraint contracts_address_length check (octet_length(address) = 20),
    standard text not null,
    state text not null default 'probing' constraint contracts_state_known
        check (state in ('probing', 'loading', 'folding', 'ready', 'stopped')),
    origin text not null constraint contracts_origin_known check (origin in ('config', 'api', 'cli')),
    start_block int8 not null constraint contracts_start_block_positive check (start_block >= 0),
    -- Blocks from here on are written by the live edge, those below by spans.
    live_from int8,
    live_to int8,
    folded_to int8,
    name text,
    symbol text,
    supply int8 not null default 0,
    holders int8 not null default 0,
    transfers int8 not null default 0,
    irregular int4 not null default 0,
    added_at timestamptz not null default clock_timestamp(),
    constraint contracts_chain_address_key unique (chain, address),
    constraint contracts_joined check (state = 'probing' or live_from is not null)
) with (fillfactor = 70);
create index contracts_not_ready on chain.contracts (chain, id) where state <> 'ready';

-- Contracts that are loaded together, and which blocks of them are in `transfers`.
create table chain.load_sets (
    id int4 generated always as identity primary key,
    chain int2 not null references chain.chains (id),
    contract_ids int4[] not null,
    log_kinds text[] not null,
    loaded int8multirange not null default '{}'
);

create index load_sets_of_contracts on chain.load_sets using gin (contract_ids);

-- Blocks of the past still to be read. `next_block` is the cursor: blocks below it are stored.
create table chain.spans (
    id int8 generated always as identity primary key,
    set_id int4 not null references chain.load_sets (id),
    chain int2 not null references chain.chains (id),
    log_kinds text[] not null,
    from_block int8 not null,
    next_block int8 not null,
    to_block int8 not null,
    state text not null default 'pending' constraint spans_state_known check (state in ('pending', 'done', 'doubt')),
    detail text,
    lease_owner text,
    lease_until timestamptz,
    lease_token int8 not null default 0,
    first_parent_hash bytea,
    last_hash bytea,
    constraint spans_cursor_inside check (next_block >= from_block and next_block <= to_block + 1)
) with (fillfactor = 70);
create index spans_claimable on chain.spans (chain, id) where state = 'pending';
create index spans_of_set on chain.spans (set_id);

-- Dense above the finalized block; below it blocks without transfers are forgotten in time.
create table chain.blocks (
    number int8 not null,
    time timestamptz,
    epoch int4 not null default 0,
    chain int2 not null,
    hash bytea not null constraint blocks_hash_length check (octet_length(hash) = 32),
    parent_hash bytea constraint blocks_parent_hash_length check (octet_length(parent_hash) = 32),
    primary key (chain, number)
) partition by list (chain);

-- How often a block was taken back; it makes the ids of its events new when it returns.
create table chain.taken_back (
    chain int2 not null references chain.chains (id),
    number int8 not null,
    hash bytea not null constraint taken_back_hash_length check (octet_length(hash) = 32),
    times int4 not null,
    primary key (chain, hash)
);

-- What the contracts logged, decoded; append-only but for rewinds and replaced intervals.
create table chain.transfers (
    block int8 not null,
    contract_id int4 not null,
    log_index int4 not null,
    batch_index int4 not null,
    chain int2 not null,
    token_id numeric(78, 0) not null constraint transfers_token_id_range
        check (token_id >= 0 and token_id < 115792089237316195423570985008687907853269984665640564039457584007913129639936),
    token_id_to numeric(78, 0) constraint transfers_token_id_to_range check (token_id_to >= token_id),
    amount numeric(78, 0) constraint transfers_amount_range check (amount >= 0),
    from_addr bytea not null constraint transfers_from_length check (octet_length(from_addr) = 20),
    to_addr bytea not null constraint transfers_to_length check (octet_length(to_addr) = 20),
    tx_hash bytea not null constraint transfers_tx_hash_length check (octet_length(tx_hash) = 32),
    primary key (chain, block, log_index, batch_index)
) partition by list (chain);
create index transfers_of_token on chain.transfers (contract_id, token_id, block, log_index, batch_index);
create index transfers_to on chain.transfers (to_addr, block, log_index, batch_index);
create index transfers_from on chain.transfers (from_addr, block, log_index, batch_index)
    where from_addr <> '\x0000000000000000000000000000000000000000'::bytea;
create index transfers_of_contract on chain.transfers (contract_id, block, log_index, batch_index);
create index transfers_of_tx on chain.transfers using hash (tx_hash);

-- Who holds what now. `balance` null means one. `since`: the block of the newest change; `acquired`:
-- the block from which the owner has held without a pause.
create table chain.holdings (
    since int8 not null,
    acquired int8 not null,
    contract_id int4 not null,
    since_log int4 not null,
    chain int2 not null,
    token_id numeric(78, 0) not null,
    balance numeric(78, 0),
    owner bytea not null constraint holdings_owner_length check (octet_length(owner) = 20),
    primary key (contract_id, token_id, owner, chain)
) partition by list (chain);
create index holdings_of_owner on chain.holdings (owner, contract_id, token_id);

-- Holdings that ended: valid at the end of every block b with since <= b < until.
create table chain.holdings_past (
    since int8 not null,
    until int8 not null,
    acquired int8 not null,
    contract_id int4 not null,
    since_log int4 not null,
    chain int2 not null,
    token_id numeric(78, 0) not null,
    balance numeric(78, 0),
    owner bytea not null constraint holdings_past_owner_length check (octet_length(owner) = 20),
    primary key (contract_id, token_id, owner, since, chain),
    constraint holdings_past_interval check (until > since)
) partition by list (chain);
create index holdings_past_of_owner on chain.holdings_past (owner, until, since);

-- Counters of the sequences without gaps; taken last in a transaction.
create table chain.streams (
    id int4 generated always as identity primary key,
    name text not null constraint streams_name_key unique,
    chain int2 not null references chain.chains (id),
    next_seq int8 not null default 1
) with (fillfactor = 50);

-- The outbox. `data` is the event's JSON, kept to the byte.
create table chain.events (
    seq int8 not null,
    block int8,
    recorded_at timestamptz not null default clock_timestamp(),
    block_time timestamptz,
    stream_id int4 not null,
    contract_id int4,
    epoch int4,
    chain int2 not null,
    id bytea not null constraint events_id_length check (octet_length(id) = 16),
    block_hash bytea constraint events_block_hash_length check (octet_length(block_hash) = 32),
    type text not null,
    data text not null,
    primary key (chain, stream_id, seq)
) partition by list (chain);
create index events_by_id on chain.events (id);

-- The journal of reorgs.
create table chain.rewinds (
    id int8 generated always as identity primary key,
    chain int2 not null references chain.chains (id),
    at timestamptz not null default clock_timestamp(),
    from_block int8 not null,
    from_hash bytea not null,
    to_block int8 not null,
    to_hash bytea not null,
    depth int8 not null,
    transfers_removed int8 not null,
    events_appended int8 not null,
    cause text not null default 'reorg'
);
create index rewinds_of_chain on chain.rewinds (chain, id);

-- Who may act on what, by the database's clock; `token` grows with every new owner.
create table chain.leases (
    name text primary key,
    owner text not null,
    until timestamptz not null,
    token int8 not null
) with (fillfactor = 50);

-- Makes the partitions of a chain: apart first, then attached, so that readers are not locked out.
create function chain.create_partitions(chain_id int2) returns void language plpgsql as $$
declare
    parent text;
begin
    foreach parent in array array['blocks', 'transfers', 'holdings', 'holdings_past', 'events'] loop
        if to_regclass(format('chain.%I', parent || '_' || chain_id)) is null then
            execute format('create table chain.%I (like chain.%I including all)', parent || '_' || chain_id, parent);
            execute format('alter table chain.%I attach partition chain.%I for values in (%s)',
                parent, parent || '_' || chain_id, chain_id);
            if parent = 'holdings' then
                execute format('alter table chain.%I set (fillfactor = 80)', parent || '_' || chain_id);
            end if;
        end if;
    end loop;
end
$$;

-- How far each chain is, as every answer of the API says it. `lag_ms`: how long ago the newest
-- committed block was committed, while blocks above it are known; 0 at the head.
create view chain.standing as
select c.id as chain, c.caip2, c.name as alias, c.status, c.epoch, c.head, c.safe, c.finalized,
    c.checkpoint as indexed, '0x' || encode(c.checkpoint_hash, 'hex') as block_hash,
    case when c.checkpoint is null then null
        when c.checkpoint >= c.head then 0
        else greatest(0, extract(epoch from statement_timestamp() - c.checkpoint_at) * 1000)::int8
    end as lag_ms
from chain.chains c;

-- The standing of these chains, each with the stored hash of one block of it (`ats`, same order).
-- A row set, so that the planner takes it into the statement that asks for it.
create function chain.as_of(chains int2[], ats int8[]) returns table (as_of json) language sql stable as $$
    select coalesce(json_agg(x order by x.chain), '[]')
    from (
        select s.*, '0x' || encode(b.hash, 'hex') as at_hash
        from unnest(chains, ats) as k (chain, at)
        join chain.standing s on s.chain = k.chain
        left join chain.blocks b on b.chain = k.chain and b.number = k.at
    ) x
$$;

-- Which part of a contract's past is loaded, in percent; null where nothing was to be loaded.
create function chain.loaded_percent(contract int4, of_chain int2) returns float8 language sql stable as $$
    select (100 * sum(s.next_block - s.from_block) / nullif(sum(s.to_block - s.from_block + 1), 0))::float8
    from chain.load_sets l
    join chain.spans s on s.set_id = l.id
    where l.chain = of_chain and l.contract_ids @> array[contract]
$$;

-- The contracts of these chains (or the one) whose ownership is not answered; at most 1000 are named.
create function chain.incomplete(chains int2[], contract int4) returns table (incomplete json)
language sql stable as $$
    select coalesce(json_agg(x order by x.id), '[]')
    from (
        select c.id, c.chain, '0x' || encode(c.address, 'hex') as address, c.state,
            chain.loaded_percent(c.id, c.chain) as loaded_percent
        from chain.contracts c
        where c.chain = any (chains) and (contract is null or c.id = contract) and c.state <> 'ready'
        order by c.id
        limit 1000
    ) x
$$;

-- Whether a transfer passes filters that no index serves; null means any.
create function chain.transfer_fits(
    giver bytea, taker bytea, wanted_from bytea, wanted_to bytea, wallet bytea, kind text
) returns bool language sql immutable parallel safe as $$
    select (wanted_from is null or giver = wanted_from)
        and (wanted_to is null or taker = wanted_to)
        and (wallet is null or giver = wallet or taker = wallet)
        and case kind
            when 'burn' then taker = '\x0000000000000000000000000000000000000000'::bytea
            when 'mint' then giver = '\x0000000000000000000000000000000000000000'::bytea
                and taker <> '\x0000000000000000000000000000000000000000'::bytea
            when 'transfer' then giver <> '\x0000000000000000000000000000000000000000'::bytea
                and taker <> '\x0000000000000000000000000000000000000000'::bytea
            else true
        end
$$;

create table platform.accounts (
    id int8 generated always as identity primary key,
    name text not null constraint accounts_name_key unique,
    created_at timestamptz not null default clock_timestamp()
);

-- `hash` is SHA-256 of the whole key: keys carry 32 random bytes, so no slow hash is needed.
create table platform.api_keys (
    id int8 generated always as identity primary key,
    account_id int8 not null references platform.accounts (id),
    prefix text not null constraint api_keys_prefix_key unique,
    hash bytea not null constraint api_keys_hash_length check (octet_length(hash) = 32),
    name text not null,
    scopes text[] not null,
    rate_class text not null default 'standard',
    allowed_networks cidr[],
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz not null default clock_timestamp()
);

insert into platform.migrations (version, compatible_from) values (1, '0.1.0');
