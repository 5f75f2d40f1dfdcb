-- The dataset: one chain whose transfers, holdings and past holdings follow from the same moves.
-- Everything is drawn by number, so that whoever asks can make the keys of what is there.
-- Steps are divided by lines `-- step: <what is done>`; each is sent as one text.

-- step: sizes and draws
create schema bench;
-- One row; `finished` stands once all the rest does.
create table bench.dataset (
    version int4 not null,
    transfers int8 not null,
    tokens int8 not null,
    contracts int8 not null,
    blocks int8 not null,
    wallets int8 not null,
    -- Wallets with the lowest numbers, which take as many tokens as all others together.
    collectors int8 not null,
    finished bool not null default false
);
insert into bench.dataset (version, transfers, tokens, contracts, blocks, wallets, collectors)
select current_setting('bench.version')::int4, n, n / 10, 20, n / 10, n / 100, n / 4000 * 2
from (select current_setting('bench.transfers')::int8 as n) x;
-- Some number from 0 to 2^63-1, the same every time.
create function bench.draw(n int8, seed int8) returns int8 language sql immutable parallel safe as
    'select hashint8extended(n, seed) & 9223372036854775807';
create function bench.hash(n int8) returns bytea language sql immutable parallel safe as
    'select sha256(int8send(n))';
-- The address of a wallet by its number; nobody where there is none.
create function bench.wallet(n int8) returns bytea language sql immutable parallel safe as $$
    select case when n is null then '\x0000000000000000000000000000000000000000'::bytea
        else substring(sha256(int8send(n)) from 1 for 20) end
$$;

-- step: chain and contracts
insert into chain.chains (caip2, name, status, indexes, head, head_at, safe, finalized, checkpoint,
    checkpoint_hash, checkpoint_at, log_kinds)
select 'eip155:1', 'ethereum', 'live', 'ready', blocks, now(), blocks - 32, blocks - 64, blocks,
    bench.hash(blocks), now(), array['erc721.transfer', 'erc2309.transfer', 'erc1155.transfer']
from bench.dataset;
-- The last tenth of them is ERC-1155. Addresses are drawn beside those of wallets.
insert into chain.contracts (chain, address, standard, state, origin, start_block, live_from, folded_to,
    name, symbol, describe_at)
select 1, bench.wallet(-1 - c), case when c >= d.contracts * 9 / 10 then 'erc1155' else 'erc721' end,
    'ready', 'config', 0, blocks, blocks, 'Contract ' || c, 'C' || c, null
from bench.dataset d, generate_series(0, d.contracts - 1) c
order by c;

-- step: moves
-- Token `t` moves 1 to 19 times, 10 on average: it is minted in the first two fifths of the blocks and
-- moves at even distances, give or take, until the end. The givers and takers of a token are even and
-- odd by turns, so that nobody gives to himself; one token in fifty is burned at last.
create unlogged table bench.moves as
select t, block, giver, taker, until,
    (row_number() over (partition by block order by t) - 1)::int4 as log_index
from (
    select t, block, taker, lag(taker) over w as giver, lead(block) over w as until
    from (
        select t, j,
            case when j = 0 then mint
                else mint + 1 + (j - 1) * width + bench.draw(t * 32 + j, 2) % width end as block,
            case when j = moves - 1 and j > 0 and bench.draw(t, 3) % 50 = 0 then null
                else j % 2 + 2 * case when pick % 100 < 45 then pick / 100 % (collectors / 2)
                    else collectors / 2 + floor((wallets - collectors) / 2
                        * power((pick / 100 % 1000003) / 1000003.0::float8, 3))::int8 end
            end as taker
        from (
            select d.*, t, j, moves, mint, (blocks - mint) / moves as width, bench.draw(t * 32 + j, 4) as pick
            from bench.dataset d
            cross join generate_series(0, d.tokens - 1) t
            cross join lateral (
                select 10 + (t / 2 % 10) * (1 - 2 * (t % 2)) as moves,
                    1 + bench.draw(t, 1) % (d.blocks * 2 / 5) as mint
            ) m
            cross join lateral generate_series(0, moves - 1) j
        ) x
    ) y
    window w as (partition by t order by j)
) z;

-- step: blocks
create table chain.blocks_1 (like chain.blocks including defaults including constraints);
insert into chain.blocks_1 (number, time, chain, hash, parent_hash)
select n, timestamptz '2024-01-01T00:00:00Z' + n * interval '12 s', 1, bench.hash(n), bench.hash(n - 1)
from (
    select block as n from bench.moves
    union
    select generate_series(blocks - 64, blocks) from bench.dataset
) b
order by n;
alter table chain.blocks attach partition chain.blocks_1 for values in (1);

-- step: transfers
create table chain.transfers_1 (like chain.transfers including defaults including constraints);
insert into chain.transfers_1 (block, contract_id, log_index, batch_index, chain, token_id, amount,
    from_addr, to_addr, tx_hash)
select block, c.id, log_index, 0, 1, t % (tokens / contracts),
    case c.standard when 'erc1155' then 1 + bench.draw(t, 5) % 100 end,
    bench.wallet(giver), bench.wallet(taker), bench.hash(block * 1000 + log_index)
from bench.dataset d
cross join bench.moves m
join chain.contracts c on c.id = 1 + t / (tokens / contracts)
order by block, log_index;

-- step: primary key of transfers
alter table chain.transfers attach partition chain.transfers_1 for values in (1);

-- step: indexes of transfers
do $$
declare
    i record;
begin
    for i in select * from chain.transfer_indexes() loop
        execute format('create index %I on chain.transfers_1 %s', 'transfers_1_by_' || i.suffix, i.definition);
    end loop;
end
$$;

-- step: holdings
create table chain.holdings_1 (like chain.holdings including defaults including constraints)
    with (fillfactor = 80);
insert into chain.holdings_1 (since, acquired, contract_id, since_log, chain, token_id, balance, owner)
select block, block, c.id, log_index, 1, t % (tokens / contracts),
    case c.standard when 'erc1155' then 1 + bench.draw(t, 5) % 100 end, bench.wallet(taker)
from bench.dataset d
cross join bench.moves m
join chain.contracts c on c.id = 1 + t / (tokens / contracts)
where until is null and taker is not null;
alter table chain.holdings attach partition chain.holdings_1 for values in (1);

-- step: past holdings
create table chain.holdings_past_1 (like chain.holdings_past including defaults including constraints);
insert into chain.holdings_past_1 (since, until, acquired, contract_id, since_log, chain, token_id, balance,
    owner)
select block, until, block, c.id, log_index, 1, t % (tokens / contracts),
    case c.standard when 'erc1155' then 1 + bench.draw(t, 5) % 100 end, bench.wallet(taker)
from bench.dataset d
cross join bench.moves m
join chain.contracts c on c.id = 1 + t / (tokens / contracts)
where until is not null;
alter table chain.holdings_past attach partition chain.holdings_past_1 for values in (1);

-- step: counters and the other partitions
select chain.create_partitions(1::int2);
update chain.contracts c set supply = h.supply, holders = h.holders, transfers = t.transfers
from (
    select contract_id, count(*) as supply, count(distinct owner) as holders
    from chain.holdings_1 group by contract_id
) h
join (
    select contract_id, count(*) as transfers from chain.transfers_1 group by contract_id
) t using (contract_id)
where c.id = h.contract_id;
drop table bench.moves;

-- step: statistics
vacuum (analyze, freeze) chain.chains, chain.contracts, chain.blocks_1, chain.transfers_1, chain.holdings_1,
    chain.holdings_past_1, chain.token_ranges_1, chain.events_1;

-- step: mark
update bench.dataset set finished = true;
checkpoint;
