-- Pasts that are loaded together and shared out, contracts that come and go, ownership built in
-- parts, and indexes built after a chain's first load.
-- compatible_from: 0.3.0
-- Locks: first the partitions of transfers, against writers only, while their indexes are built once
-- more; then, against readers too, transfers and each altered table from the moment that it changes
-- until the end, which is near.

set local lock_timeout = '10s';

-- Secondary indexes of a chain's transfers. They belong to each partition alone, so that a chain's
-- first load can do without.
create function chain.transfer_indexes() returns table (suffix text, definition text)
language sql immutable as $$
    values
        ('of_token', 'using btree (contract_id, token_id, block, log_index, batch_index)'),
        ('of_contract', 'using btree (contract_id, block, log_index, batch_index)'),
        ('to', 'using btree (to_addr, block, log_index, batch_index)'),
        ('from', 'using btree (from_addr, block, log_index, batch_index) where from_addr <> ''\x0000000000000000000000000000000000000000''::bytea'),
        ('of_tx', 'using hash (tx_hash)'),
        ('of_range', 'using btree (contract_id, block, log_index, batch_index) where token_id_to is not null')
$$;
do $$
declare
    c record;
    i record;
begin
    for c in select id from chain.chains loop
        for i in select * from chain.transfer_indexes() loop
            execute format('create index %I on chain.%I %s',
                'transfers_' || c.id || '_by_' || i.suffix, 'transfers_' || c.id, i.definition);
        end loop;
    end loop;
end
$$;
drop index chain.transfers_of_token, chain.transfers_to, chain.transfers_from, chain.transfers_of_contract,
    chain.transfers_of_tx, chain.transfers_of_range;

-- `log_kinds`: what the live edge reads; a release that does not know one of them stands by.
-- `indexes`: `absent` until a chain's first load is done. `load_*`: the newest measurement of how
-- fast the past is read.
alter table chain.chains
    add column log_kinds text[] not null default '{}',
    add column load_done int8,
    add column load_at timestamptz,
    add column load_rate float8,
    drop constraint chains_indexes_known;
alter table chain.chains alter column indexes set default 'absent',
    add constraint chains_indexes_known check (indexes in ('absent', 'building', 'ready'));
update chain.chains set log_kinds = array['erc721.transfer', 'erc2309.transfer', 'erc1155.transfer'];

-- Widest range of blocks that the endpoint was seen to take.
alter table chain.endpoints add column range_max int8;

-- `start_block` null: to be found by the probe. `wanted_start`: a lower start that was asked for and
-- is not applied yet. `probe_at`: when the probe looks at it next; null once it is accepted.
-- `refused`: why it was not. `describe_at`: when its name and symbol are asked for next; null once
-- they are known or it has none. `purging`: stopped, and its facts are being removed. `purged`: they
-- are gone.
alter table chain.contracts
    alter column start_block drop not null,
    add column wanted_start int8 constraint contracts_wanted_start_positive check (wanted_start >= 0),
    add column refused text,
    add column refused_detail text,
    add column probe_at timestamptz,
    add column describe_at timestamptz default clock_timestamp(),
    add column stopped_at timestamptz,
    add column purging bool not null default false,
    add column purged bool not null default false,
    add constraint contracts_start_known check (state in ('probing', 'stopped') or start_block is not null),
    add constraint contracts_purge_stopped check (state = 'stopped' or not (purging or purged));
alter table chain.contracts drop constraint contracts_joined,
    add constraint contracts_joined check (state in ('probing', 'stopped') or live_from is not null);
create index contracts_of_chain on chain.contracts (chain, id);
create index contracts_to_describe on chain.contracts (chain, describe_at) where describe_at is not null;
create index contracts_purging on chain.contracts (chain, id) where purging;

-- Which contracts a set loads together, each from a block of its own on.
create table chain.load_members (
    set_id int4 not null references chain.load_sets (id) on delete cascade,
    contract_id int4 not null references chain.contracts (id),
    from_block int8 not null,
    primary key (contract_id, set_id)
);
create index load_members_of_set on chain.load_members (set_id);
insert into chain.load_members (set_id, contract_id, from_block)
select s.id, c.id, c.start_block
from chain.load_sets s join chain.contracts c on c.id = any (s.contract_ids);

-- Blocks of a contract's past whose logs of these kinds are stored; grows when a set is whole.
create table chain.loaded (
    contract_id int4 not null references chain.contracts (id),
    chain int2 not null references chain.chains (id),
    log_kinds text[] not null,
    blocks int8multirange not null,
    primary key (contract_id, log_kinds)
);
create index loaded_of_chain on chain.loaded (chain, (upper(blocks)));

-- `finished_at`: every span is done and the blocks stand in `loaded`.
alter table chain.load_sets drop column contract_ids, drop column loaded,
    add column planned_at timestamptz not null default clock_timestamp(),
    add column finished_at timestamptz;
create index load_sets_unfinished on chain.load_sets (chain, id) where finished_at is null;
alter table chain.spans
    add column failures int4 not null default 0,
    drop constraint spans_set_id_fkey,
    add constraint spans_set_id_fkey foreign key (set_id) references chain.load_sets (id) on delete cascade;
create index spans_of_owner on chain.spans (lease_owner) where state = 'pending' and lease_owner is not null;

-- Ownership being built from the transfers up to `to_block`, which is final, part by part.
-- `cleared`: what was built before is gone. `after_token`, `after_block`: how far it is, by tokens
-- or, for a contract that moves ranges, by blocks.
create table chain.folds (
    contract_id int4 primary key references chain.contracts (id),
    chain int2 not null references chain.chains (id),
    to_block int8 not null,
    cleared bool not null default false,
    done bool not null default false,
    after_token numeric,
    after_block int8,
    lease_owner text,
    lease_until timestamptz,
    lease_token int8 not null default 0
) with (fillfactor = 70);
create index folds_of_chain on chain.folds (chain, contract_id);

-- Which part of a contract's past is loaded, in percent; null where nothing is to be loaded.
create or replace function chain.loaded_percent(contract int4, of_chain int2) returns float8
language sql stable as $$
    select (100 * sum(greatest(0, p.next_block - greatest(p.from_block, m.from_block)))
        / nullif(sum(greatest(0, p.to_block - greatest(p.from_block, m.from_block) + 1)), 0))::float8
    from chain.load_members m
    join chain.spans p on p.set_id = m.set_id
    where m.contract_id = contract and p.chain = of_chain
$$;

-- The contracts of these chains (or the one) whose ownership is not answered, or only in part: some
-- of their tokens lie in ranges that are not listed. At most 1000 are named.
create or replace function chain.incomplete(chains int2[], contract int4) returns table (incomplete json)
language sql stable as $$
    select coalesce(json_agg(x order by x.id), '[]')
    from (
        select c.id, c.chain, '0x' || encode(c.address, 'hex') as address, c.state,
            chain.loaded_percent(c.id, c.chain) as loaded_percent
        from (
            select * from chain.contracts
            where chain = any (chains) and (contract is null or id = contract)
                and state not in ('ready', 'stopped') and refused is null
            order by id limit 1000
        ) c
        union all
        select c.id, c.chain, '0x' || encode(c.address, 'hex'), 'irregular', null
        from chain.contracts c
        where c.chain = any (chains) and (contract is null or c.id = contract) and c.has_ranges
            and c.state = 'ready' and exists (
                select from chain.token_ranges r
                where r.chain = c.chain and r.contract_id = c.id and not r.listed
                    and r.until = 9223372036854775807
            )
        order by id
        limit 1000
    ) x
$$;

-- A rewind clipped spans and left `live_from` above them: the live edge has written what lies between.
update chain.contracts c set live_from = p.above
from (
    select m.contract_id, max(s.to_block) + 1 as above
    from chain.load_members m join chain.spans s on s.set_id = m.set_id
    group by m.contract_id
) p
where p.contract_id = c.id and c.live_from > p.above;

-- What is planned of a past goes on as it was planned; what is whole is noted.
insert into chain.loaded (contract_id, chain, log_kinds, blocks)
select m.contract_id, s.chain, s.log_kinds,
    range_agg(int8range(greatest(p.from_block, m.from_block), p.next_block))
from chain.load_sets s
join chain.load_members m on m.set_id = s.id
join chain.spans p on p.set_id = s.id
where not exists (select from chain.spans q where q.set_id = s.id and q.state = 'pending')
    and p.next_block > greatest(p.from_block, m.from_block)
group by m.contract_id, s.chain, s.log_kinds;
update chain.load_sets s set finished_at = clock_timestamp()
where not exists (select from chain.spans q where q.set_id = s.id and q.state = 'pending');

insert into platform.migrations (version, compatible_from) values (3, '0.3.0');
