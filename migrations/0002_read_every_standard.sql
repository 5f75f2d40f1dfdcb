-- Balances of ERC-1155, ranges of ERC-2309, and contracts whose standard is found in their logs.
-- compatible_from: 0.2.0
-- Locks: first transfers, against writers only, while the new index reads every partition once; then
-- each altered table for as long as its definition changes.

set local lock_timeout = '10s';

create index transfers_of_range on chain.transfers (contract_id, block, log_index, batch_index)
    where token_id_to is not null;

-- `standard` null: not said, and not shown by a log yet. `id_in_data`: whether a `Transfer` with
-- three topics moves a token of this contract; null until such a log was seen. `has_ranges`: whether
-- ERC-2309 ranges were ever seen; never taken back, it only says that it is worth looking.
alter table chain.contracts alter column standard drop not null;
alter table chain.contracts
    add column id_in_data bool,
    add column has_ranges bool not null default false;
create index contracts_with_ranges on chain.contracts (chain, id) where has_ranges;

-- Exact sums: a contract that breaks the rules may give more than 2^256-1, or take what nobody had.
alter table chain.holdings alter column balance type numeric;
alter table chain.holdings_past alter column balance type numeric;

-- Tokens that a range gave to one owner and that have not moved on their own since; like a holding,
-- valid at the end of every block b with since <= b < until. At any block the rows of a contract
-- overlap neither each other nor its holdings. `acquired`, `acquired_log`: block and log of the
-- range's own transfer.
-- `listed` false: part of a range too long to be enumerated, answered by token only.
create table chain.token_ranges (
    since int8 not null,
    until int8 not null default 9223372036854775807,
    acquired int8 not null,
    contract_id int4 not null,
    acquired_log int4 not null,
    chain int2 not null,
    listed bool not null,
    first numeric(78, 0) not null constraint token_ranges_first_range check (first >= 0),
    last numeric(78, 0) not null constraint token_ranges_last_range
        check (last < 115792089237316195423570985008687907853269984665640564039457584007913129639936),
    owner bytea not null constraint token_ranges_owner_length check (octet_length(owner) = 20),
    primary key (contract_id, first, since, chain),
    constraint token_ranges_order check (last >= first),
    constraint token_ranges_interval check (until > since)
) partition by list (chain);
create index token_ranges_now on chain.token_ranges (contract_id, first)
    where until = 9223372036854775807;
create index token_ranges_past on chain.token_ranges (contract_id, first, until)
    where until < 9223372036854775807;
create index token_ranges_of_owner on chain.token_ranges (owner, contract_id, first)
    where until = 9223372036854775807;
create index token_ranges_since on chain.token_ranges (contract_id, since);
create index token_ranges_until on chain.token_ranges (contract_id, until)
    where until < 9223372036854775807;
create index token_ranges_unlisted on chain.token_ranges (contract_id, until) where not listed;
create index token_ranges_past_of_owner on chain.token_ranges (owner, until, since)
    where until < 9223372036854775807;

-- Transfers that the rules of their standard do not allow; `contracts.irregular` counts them.
create table chain.irregularities (
    block int8 not null,
    contract_id int4 not null references chain.contracts (id),
    log_index int4 not null,
    batch_index int4 not null,
    chain int2 not null references chain.chains (id),
    reason text not null,
    primary key (chain, contract_id, block, log_index, batch_index)
);
create index irregularities_of_block on chain.irregularities (chain, block);

-- Makes the partitions of a chain: apart first, then attached, so that readers are not locked out.
create or replace function chain.create_partitions(chain_id int2) returns void language plpgsql as $$
declare
    parent text;
begin
    foreach parent in array array[
        'blocks', 'transfers', 'holdings', 'holdings_past', 'token_ranges', 'events'
    ] loop
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
select chain.create_partitions(id) from chain.chains;

-- The contracts of these chains (or the one) whose ownership is not answered, or only in part: some
-- of their tokens lie in ranges that are not listed. At most 1000 are named.
create or replace function chain.incomplete(chains int2[], contract int4) returns table (incomplete json)
language sql stable as $$
    select coalesce(json_agg(x order by x.id), '[]')
    from (
        select c.id, c.chain, '0x' || encode(c.address, 'hex') as address, c.state,
            chain.loaded_percent(c.id, c.chain) as loaded_percent
        from chain.contracts c
        where c.chain = any (chains) and (contract is null or c.id = contract) and c.state <> 'ready'
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

-- Contracts were read for one shape of log, and taken for ERC-721 whatever they are. What their logs
-- say otherwise is read now: their transfers stay readable, and are replaced step by step.
delete from chain.spans;
delete from chain.load_sets;
update chain.contracts set standard = null;
update chain.contracts c set state = 'loading', live_from = h.checkpoint + 1, folded_to = null
from chain.chains h
where h.id = c.chain and c.state in ('loading', 'folding', 'ready');
with sets as (
    insert into chain.load_sets (chain, contract_ids, log_kinds)
    select chain, array[id], array['erc721.transfer', 'erc2309.transfer', 'erc1155.transfer']
    from chain.contracts where state = 'loading' and start_block < live_from
    returning id, log_kinds, contract_ids[1] as contract_id
)
insert into chain.spans (set_id, chain, log_kinds, from_block, next_block, to_block)
select s.id, c.chain, s.log_kinds, c.start_block, c.start_block, c.live_from - 1
from sets s join chain.contracts c on c.id = s.contract_id;
update chain.chains set filter_version = filter_version + 1;

insert into platform.migrations (version, compatible_from) values (2, '0.2.0');
