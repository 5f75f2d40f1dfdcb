-- Read-only views for SQL users and their tools, with a promise: a column stays, with its name, type
-- and meaning; columns and views are added. Beside an address or hash as text stands the stored form
-- (`…_bytes`), by which indexes find. New objects only; locks nothing.
-- compatible_from: 0.3.0

create schema herald_v1;
comment on schema herald_v1 is 'What Herald knows of chains; columns are added, never removed or retyped';

create view herald_v1.chains as
select s.caip2 as chain, s.alias as name, s.status, s.head, s.indexed, s.block_hash as indexed_hash,
    s.safe, s.finalized, s.lag_ms, s.epoch as reorgs, c.indexes as transfer_indexes
from chain.standing s join chain.chains c on c.id = s.chain;
comment on view herald_v1.chains is 'The chains and how far each is';
comment on column herald_v1.chains.chain is 'CAIP-2 id, such as eip155:1';
comment on column herald_v1.chains.name is 'Alias in configuration and API';
comment on column herald_v1.chains.status is 'loading, live, stalled, halted or paused';
comment on column herald_v1.chains.head is 'Newest block that a node has shown';
comment on column herald_v1.chains.indexed is 'Newest block whose facts are stored: what the other views are true of';
comment on column herald_v1.chains.indexed_hash is 'Hash of that block, 0x and lower-case hex';
comment on column herald_v1.chains.safe is 'Newest block that the node calls safe';
comment on column herald_v1.chains.finalized is 'Newest final block';
comment on column herald_v1.chains.lag_ms is 'Milliseconds since the last commit; 0 at the head';
comment on column herald_v1.chains.reorgs is 'How many times blocks were taken back';
comment on column herald_v1.chains.transfer_indexes is 'ready, or absent and building during a first load: then every query of transfers reads all of them';

create view herald_v1.contracts as
select h.caip2 as chain, c.id as contract_id, '0x' || encode(c.address, 'hex') as contract,
    c.address as contract_bytes, c.state as status, c.state = 'ready' as whole, c.standard, c.name,
    c.symbol, c.origin, c.start_block, case when c.state = 'ready' then c.supply end as supply,
    case when c.state = 'ready' then c.holders end as holders,
    case when c.state = 'ready' then c.transfers end as transfers, c.irregular, c.has_ranges,
    c.added_at
from chain.contracts c join chain.chains h on h.id = c.chain
where c.refused is null and not c.purging and not c.purged;
comment on view herald_v1.contracts is 'The contracts that are followed or were; those whose facts are or were removed are left out';
comment on column herald_v1.contracts.chain is 'CAIP-2 id of its chain';
comment on column herald_v1.contracts.contract_id is 'Number of the contract in this database; never given again';
comment on column herald_v1.contracts.contract is 'Address, 0x and lower-case hex';
comment on column herald_v1.contracts.contract_bytes is 'Address, 20 bytes; with chain found by an index';
comment on column herald_v1.contracts.status is 'probing, loading, folding, ready or stopped';
comment on column herald_v1.contracts.whole is 'Whether its history is whole: only then it has holdings';
comment on column herald_v1.contracts.standard is 'erc721, erc1155, or null where no log has shown it yet';
comment on column herald_v1.contracts.name is 'Its own name, once known';
comment on column herald_v1.contracts.symbol is 'Its own symbol, once known';
comment on column herald_v1.contracts.origin is 'Who asked for it: config, api or cli';
comment on column herald_v1.contracts.start_block is 'First block that is read';
comment on column herald_v1.contracts.supply is 'Tokens that somebody holds, but for those of ranges too long to be listed; null unless whole';
comment on column herald_v1.contracts.holders is 'Owners of at least one token; null unless whole';
comment on column herald_v1.contracts.transfers is 'Transfers; null unless whole';
comment on column herald_v1.contracts.irregular is 'Transfers that its standard does not allow';
comment on column herald_v1.contracts.has_ranges is 'Whether ranges of tokens (ERC-2309) were ever seen';
comment on column herald_v1.contracts.added_at is 'When it was asked for';

-- The tokens of ranges stand beside the others, each by itself; what is too long to be listed is in
-- `token_ranges` only.
create view herald_v1.holdings as
select k.caip2 as chain, c.id as contract_id, '0x' || encode(c.address, 'hex') as contract,
    c.address as contract_bytes, h.token_id, '0x' || encode(h.owner, 'hex') as owner,
    h.owner as owner_bytes, coalesce(h.balance, 1) as balance,
    case when h.balance is null then 'erc721' else 'erc1155' end as standard,
    h.acquired as acquired_block, b.time as acquired_time, h.since as changed_block
from chain.holdings h
join chain.contracts c on c.id = h.contract_id and c.chain = h.chain and c.state = 'ready'
join chain.chains k on k.id = h.chain
left join chain.blocks b on b.chain = h.chain and b.number = h.acquired
where h.balance is null or h.balance > 0
union all
select k.caip2, c.id, '0x' || encode(c.address, 'hex'), c.address, n.token_id::numeric(78, 0),
    '0x' || encode(r.owner, 'hex'), r.owner, 1::numeric, 'erc721', r.acquired, b.time, r.since
from chain.token_ranges r
join chain.contracts c on c.id = r.contract_id and c.chain = r.chain and c.state = 'ready'
join chain.chains k on k.id = r.chain
left join chain.blocks b on b.chain = r.chain and b.number = r.acquired
cross join lateral generate_series(r.first, r.last) as n (token_id)
where r.until = 9223372036854775807 and r.listed;
comment on view herald_v1.holdings is 'Who holds what now: one row a token and owner, of contracts whose history is whole';
comment on column herald_v1.holdings.chain is 'CAIP-2 id of the chain';
comment on column herald_v1.holdings.contract_id is 'Number of the contract; found by an index';
comment on column herald_v1.holdings.contract is 'Address of the contract, 0x and lower-case hex';
comment on column herald_v1.holdings.contract_bytes is 'The same, 20 bytes';
comment on column herald_v1.holdings.token_id is 'The token; with contract_id found by an index';
comment on column herald_v1.holdings.owner is 'Who holds it, 0x and lower-case hex';
comment on column herald_v1.holdings.owner_bytes is 'The same, 20 bytes; found by an index';
comment on column herald_v1.holdings.balance is 'Units held, above 0; 1 of an ERC-721 token';
comment on column herald_v1.holdings.standard is 'erc721 or erc1155';
comment on column herald_v1.holdings.acquired_block is 'Block from which the owner has held it without a pause';
comment on column herald_v1.holdings.acquired_time is 'Time of that block, once known';
comment on column herald_v1.holdings.changed_block is 'Block of the newest change of the balance';

create view herald_v1.holdings_history as
select k.caip2 as chain, c.id as contract_id, '0x' || encode(c.address, 'hex') as contract,
    c.address as contract_bytes, h.token_id, '0x' || encode(h.owner, 'hex') as owner,
    h.owner as owner_bytes, coalesce(h.balance, 1) as balance,
    case when h.balance is null then 'erc721' else 'erc1155' end as standard,
    h.acquired as acquired_block, h.since as valid_from, null::int8 as valid_to
from chain.holdings h
join chain.contracts c on c.id = h.contract_id and c.chain = h.chain and c.state = 'ready'
join chain.chains k on k.id = h.chain
where h.balance is null or h.balance > 0
union all
select k.caip2, c.id, '0x' || encode(c.address, 'hex'), c.address, h.token_id,
    '0x' || encode(h.owner, 'hex'), h.owner, coalesce(h.balance, 1),
    case when h.balance is null then 'erc721' else 'erc1155' end, h.acquired, h.since, h.until
from chain.holdings_past h
join chain.contracts c on c.id = h.contract_id and c.chain = h.chain and c.state = 'ready'
join chain.chains k on k.id = h.chain
where h.balance is null or h.balance > 0
union all
select k.caip2, c.id, '0x' || encode(c.address, 'hex'), c.address, n.token_id::numeric(78, 0),
    '0x' || encode(r.owner, 'hex'), r.owner, 1::numeric, 'erc721', r.acquired, r.since,
    nullif(r.until, 9223372036854775807)
from chain.token_ranges r
join chain.contracts c on c.id = r.contract_id and c.chain = r.chain and c.state = 'ready'
join chain.chains k on k.id = r.chain
cross join lateral generate_series(r.first, r.last) as n (token_id)
where r.listed;
comment on view herald_v1.holdings_history is 'Who held what at the end of block b: rows with valid_from <= b and (valid_to > b or valid_to is null), of contracts whose history is whole';
comment on column herald_v1.holdings_history.chain is 'CAIP-2 id of the chain';
comment on column herald_v1.holdings_history.contract_id is 'Number of the contract; found by an index';
comment on column herald_v1.holdings_history.contract is 'Address of the contract, 0x and lower-case hex';
comment on column herald_v1.holdings_history.contract_bytes is 'The same, 20 bytes';
comment on column herald_v1.holdings_history.token_id is 'The token; with contract_id found by an index';
comment on column herald_v1.holdings_history.owner is 'Who held it, 0x and lower-case hex';
comment on column herald_v1.holdings_history.owner_bytes is 'The same, 20 bytes; found by an index';
comment on column herald_v1.holdings_history.balance is 'Units held, above 0; 1 of an ERC-721 token';
comment on column herald_v1.holdings_history.standard is 'erc721 or erc1155';
comment on column herald_v1.holdings_history.acquired_block is 'Block from which the owner held it without a pause';
comment on column herald_v1.holdings_history.valid_from is 'First block at whose end the row held';
comment on column herald_v1.holdings_history.valid_to is 'First block at whose end it no longer did; null while it does';

create view herald_v1.token_ranges as
select k.caip2 as chain, c.id as contract_id, '0x' || encode(c.address, 'hex') as contract,
    c.address as contract_bytes, r.first as first_token_id, r.last as last_token_id,
    '0x' || encode(r.owner, 'hex') as owner, r.owner as owner_bytes, r.listed,
    r.acquired as acquired_block, r.since as valid_from,
    nullif(r.until, 9223372036854775807) as valid_to
from chain.token_ranges r
join chain.contracts c on c.id = r.contract_id and c.chain = r.chain and c.state = 'ready'
join chain.chains k on k.id = r.chain;
comment on view herald_v1.token_ranges is 'Tokens that one log (ERC-2309) gave to an owner and that have not moved on their own since';
comment on column herald_v1.token_ranges.chain is 'CAIP-2 id of the chain';
comment on column herald_v1.token_ranges.contract_id is 'Number of the contract; found by an index';
comment on column herald_v1.token_ranges.contract is 'Address of the contract, 0x and lower-case hex';
comment on column herald_v1.token_ranges.contract_bytes is 'The same, 20 bytes';
comment on column herald_v1.token_ranges.first_token_id is 'First token; with contract_id found by an index';
comment on column herald_v1.token_ranges.last_token_id is 'Last token, inclusive';
comment on column herald_v1.token_ranges.owner is 'Who holds or held them, 0x and lower-case hex';
comment on column herald_v1.token_ranges.owner_bytes is 'The same, 20 bytes';
comment on column herald_v1.token_ranges.listed is 'Whether holdings and holdings_history list its tokens one by one; false where there are too many';
comment on column herald_v1.token_ranges.acquired_block is 'Block of the range''s own transfer';
comment on column herald_v1.token_ranges.valid_from is 'First block at whose end the row held';
comment on column herald_v1.token_ranges.valid_to is 'First block at whose end it no longer did; null while it does';

create view herald_v1.transfers as
select k.caip2 as chain, c.id as contract_id, '0x' || encode(c.address, 'hex') as contract,
    c.address as contract_bytes, t.token_id, t.token_id_to,
    case when t.amount is null then 'erc721' else 'erc1155' end as standard,
    case when t.to_addr = '\x0000000000000000000000000000000000000000'::bytea then 'burn'
        when t.from_addr = '\x0000000000000000000000000000000000000000'::bytea then 'mint'
        else 'transfer' end as kind,
    '0x' || encode(nullif(t.from_addr, '\x0000000000000000000000000000000000000000'::bytea), 'hex') as from_address,
    t.from_addr as from_bytes,
    '0x' || encode(nullif(t.to_addr, '\x0000000000000000000000000000000000000000'::bytea), 'hex') as to_address,
    t.to_addr as to_bytes, coalesce(t.amount, 1) as amount, t.block, b.time as block_time,
    '0x' || encode(b.hash, 'hex') as block_hash, '0x' || encode(t.tx_hash, 'hex') as tx_hash,
    t.tx_hash as tx_hash_bytes, t.log_index, t.batch_index,
    case when t.block <= k.finalized then 'finalized' when t.block <= k.safe then 'safe' else 'latest' end
        as finality,
    c.state = 'ready' as whole
from chain.transfers t
join chain.contracts c on c.id = t.contract_id and c.chain = t.chain and c.state <> 'stopped'
    and c.refused is null
join chain.chains k on k.id = t.chain
left join chain.blocks b on b.chain = t.chain and b.number = t.block;
comment on view herald_v1.transfers is 'Transfers of the contracts that are followed; chain, block, log_index and batch_index name one and order them';
comment on column herald_v1.transfers.chain is 'CAIP-2 id of the chain';
comment on column herald_v1.transfers.contract_id is 'Number of the contract; with block found by an index';
comment on column herald_v1.transfers.contract is 'Address of the contract, 0x and lower-case hex';
comment on column herald_v1.transfers.contract_bytes is 'The same, 20 bytes';
comment on column herald_v1.transfers.token_id is 'The token, or the first of a range; with contract_id found by an index';
comment on column herald_v1.transfers.token_id_to is 'Last token of a range (ERC-2309), inclusive; else null';
comment on column herald_v1.transfers.standard is 'erc721 or erc1155';
comment on column herald_v1.transfers.kind is 'mint, transfer or burn';
comment on column herald_v1.transfers.from_address is 'Who gave, 0x and lower-case hex; null on a mint';
comment on column herald_v1.transfers.from_bytes is 'The same, 20 bytes, all zero on a mint; found by an index';
comment on column herald_v1.transfers.to_address is 'Who received, 0x and lower-case hex; null on a burn';
comment on column herald_v1.transfers.to_bytes is 'The same, 20 bytes, all zero on a burn; found by an index';
comment on column herald_v1.transfers.amount is 'Units moved; 1 of each ERC-721 token';
comment on column herald_v1.transfers.block is 'Number of the block';
comment on column herald_v1.transfers.block_time is 'Time of the block, once known';
comment on column herald_v1.transfers.block_hash is 'Hash of the block, 0x and lower-case hex; null where it is not stored';
comment on column herald_v1.transfers.tx_hash is 'Hash of the transaction, 0x and lower-case hex';
comment on column herald_v1.transfers.tx_hash_bytes is 'The same, 32 bytes; found by an index';
comment on column herald_v1.transfers.log_index is 'Number of the log in its block';
comment on column herald_v1.transfers.batch_index is 'Number within the log: above 0 in ERC-1155 batches only';
comment on column herald_v1.transfers.finality is 'finalized, safe or latest';
comment on column herald_v1.transfers.whole is 'Whether the contract''s history is whole; while it is not, transfers are missing';

create view herald_v1.blocks as
select k.caip2 as chain, b.number, '0x' || encode(b.hash, 'hex') as hash,
    '0x' || encode(b.parent_hash, 'hex') as parent_hash, b.time,
    case when b.number <= k.finalized then 'finalized' when b.number <= k.safe then 'safe' else 'latest' end
        as finality
from chain.blocks b join chain.chains k on k.id = b.chain
where b.number <= k.checkpoint;
comment on view herald_v1.blocks is 'Stored blocks: all above the finalized one, below it those with transfers';
comment on column herald_v1.blocks.chain is 'CAIP-2 id of the chain';
comment on column herald_v1.blocks.number is 'Number; with chain found by an index';
comment on column herald_v1.blocks.hash is 'Hash, 0x and lower-case hex';
comment on column herald_v1.blocks.parent_hash is 'Hash of the block before, once known';
comment on column herald_v1.blocks.time is 'Time, once known';
comment on column herald_v1.blocks.finality is 'finalized, safe or latest';

create view herald_v1.reorgs as
select k.caip2 as chain, r.id as reorg_id, r.at, r.cause, r.depth, r.from_block,
    '0x' || encode(r.from_hash, 'hex') as from_hash, r.to_block,
    '0x' || encode(r.to_hash, 'hex') as to_hash, r.transfers_removed, r.events_appended
from chain.rewinds r join chain.chains k on k.id = r.chain;
comment on view herald_v1.reorgs is 'The journal of reorgs';
comment on column herald_v1.reorgs.chain is 'CAIP-2 id of the chain';
comment on column herald_v1.reorgs.reorg_id is 'Number in the journal; rises';
comment on column herald_v1.reorgs.at is 'When Herald took the blocks back';
comment on column herald_v1.reorgs.cause is 'reorg, or operator for a decision of a person';
comment on column herald_v1.reorgs.depth is 'How many blocks were taken back';
comment on column herald_v1.reorgs.from_block is 'Newest block before';
comment on column herald_v1.reorgs.from_hash is 'Its hash, 0x and lower-case hex';
comment on column herald_v1.reorgs.to_block is 'Newest block that both branches share';
comment on column herald_v1.reorgs.to_hash is 'Its hash, 0x and lower-case hex';
comment on column herald_v1.reorgs.transfers_removed is 'Transfers that were removed';
comment on column herald_v1.reorgs.events_appended is 'Events that told of it';

create view herald_v1.events as
select k.caip2 as chain, s.name as stream, e.seq, 'evt_' || encode(e.id, 'hex') as id,
    e.id as id_bytes, e.type, e.block, '0x' || encode(e.block_hash, 'hex') as block_hash,
    e.block_time, e.recorded_at, e.contract_id, '0x' || encode(c.address, 'hex') as contract,
    e.data::json as data
from chain.events e
join chain.chains k on k.id = e.chain
join chain.streams s on s.id = e.stream_id and s.name not like 'account:%'
left join chain.contracts c on c.id = e.contract_id;
comment on view herald_v1.events is 'The public feed, as /v1/events tells it';
comment on column herald_v1.events.chain is 'CAIP-2 id of the chain';
comment on column herald_v1.events.stream is 'The sequence it belongs to';
comment on column herald_v1.events.seq is 'Place in its stream, without gaps';
comment on column herald_v1.events.id is 'Id, as the API gives it';
comment on column herald_v1.events.id_bytes is 'The same without evt_, 16 bytes; found by an index';
comment on column herald_v1.events.type is 'Such as token.transferred';
comment on column herald_v1.events.block is 'Number of its block, where it has one';
comment on column herald_v1.events.block_hash is 'Hash of that block, 0x and lower-case hex';
comment on column herald_v1.events.block_time is 'Time of that block, once known';
comment on column herald_v1.events.recorded_at is 'When it was appended';
comment on column herald_v1.events.contract_id is 'Number of the contract it is about, where there is one';
comment on column herald_v1.events.contract is 'Address of that contract, 0x and lower-case hex';
comment on column herald_v1.events.data is 'What happened, as the API gives it';

-- Roles belong to the whole server: another database may have made it, and where this user may not
-- make roles, an operator does (docs/SQL.md).
do $$
begin
    create role herald_reader nologin;
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then
        raise warning 'the role herald_reader was not made: this user may not create roles (docs/SQL.md)';
end
$$;
do $$
begin
    if exists (select from pg_roles where rolname = 'herald_reader') then
        grant usage on schema herald_v1 to herald_reader;
        grant select on all tables in schema herald_v1 to herald_reader;
        alter default privileges in schema herald_v1 grant select on tables to herald_reader;
    end if;
end
$$;

insert into platform.migrations (version, compatible_from) values (5, '0.3.0');
