//! Writers of many contracts: in which order they lock, and what one does that loses a deadlock.

use alloy::primitives::Address;
use herald::index::wish::{self, Origin, Outcome};
use herald::store::counters::{self, Counts};
use herald::store::wishes::Tracked as Wish;
use herald::store::{Pool, contracts, readings};
use herald::types::ContractKey;
use sqlx::PgConnection;

use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::sim::{World, tracked};

#[tokio::test]
async fn a_wish_that_loses_a_deadlock_is_written_the_second_time() {
    let database = fresh().await;
    let pool = &database.pool;
    let indexer = Indexer::new(pool, World::new(9).node(), "one").await;
    let loses = r"
        create sequence public.tries;
        create function public.lose() returns trigger language plpgsql as $$
        begin
            if nextval('public.tries') <= tg_argv[0]::int then
                raise exception 'deadlock detected' using errcode = '40P01';
            end if;
            return new;
        end $$;
        create trigger lose before insert on chain.contracts
            for each row execute function public.lose('1')";
    sqlx::raw_sql(loses).execute(pool).await.unwrap();
    let chain = indexer.context.key;
    let wish = Wish { chain, address: tracked()[0], standard: None, start_block: Some(3) };
    let (wished, _) = wish::one(pool, &wish, Origin::Cli).await.unwrap();
    assert_eq!(wished.outcome, Outcome::New);
    let tries: i64 =
        sqlx::query_scalar("select last_value from public.tries").fetch_one(pool).await.unwrap();
    assert_eq!(tries, 2);
}

/// A writer of several contracts.
#[derive(Clone, Copy, Debug)]
enum Writer {
    Join,
    Ranges,
    Count,
}

impl Writer {
    async fn write(self, connection: &mut PgConnection, keys: &[ContractKey]) {
        match self {
            Self::Join => drop(contracts::join(connection, keys, 9).await.unwrap()),
            Self::Ranges => readings::note_ranges(connection, keys).await.unwrap(),
            Self::Count => {
                let counts = Counts { supply: 1, ..Counts::default() };
                let deltas: Vec<_> = keys.iter().map(|key| (*key, counts)).collect();
                counters::count(connection, &deltas).await.unwrap();
            }
        }
    }
}

/// Whether a row of this contract can be locked now.
async fn is_free(pool: &Pool, key: ContractKey) -> bool {
    let free = "select id from chain.contracts where id = $1 for update skip locked";
    let row: Option<i32> = sqlx::query_scalar(free).bind(key.0).fetch_optional(pool).await.unwrap();
    row.is_some()
}

#[tokio::test]
async fn writers_of_many_contracts_wait_for_the_first_before_they_hold_the_others() {
    let database = fresh().await;
    let pool = &database.pool;
    let indexer = Indexer::new(pool, World::new(9).node(), "one").await;
    let chain = indexer.context.key;
    for writer in [Writer::Join, Writer::Ranges, Writer::Count] {
        sqlx::query("delete from chain.contracts").execute(pool).await.unwrap();
        let wish = |byte| Wish {
            chain,
            address: Address::repeat_byte(byte),
            standard: None,
            start_block: Some(3),
        };
        wish::all(pool, chain, &[wish(1), wish(2)], Origin::Api).await.unwrap();
        let keys = "select id from chain.contracts order by id";
        let keys: Vec<i32> = sqlx::query_scalar(keys).fetch_all(pool).await.unwrap();
        // The first row lies behind the second one in the table now.
        let mut holder = pool.begin().await.unwrap();
        let moves = "update chain.contracts set name = 'a' where id = $1";
        sqlx::query(moves).bind(keys[0]).execute(pool).await.unwrap();
        sqlx::query(moves).bind(keys[0]).execute(&mut *holder).await.unwrap();
        let keys: Vec<ContractKey> = keys.into_iter().rev().map(ContractKey).collect();
        let mut tx = pool.begin().await.unwrap();
        sqlx::query("set local enable_indexscan = off").execute(&mut *tx).await.unwrap();
        sqlx::query("set local enable_bitmapscan = off").execute(&mut *tx).await.unwrap();
        let waiting = "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        let look = async {
            while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() == 0 {}
            let free = is_free(pool, keys[0]).await;
            holder.rollback().await.unwrap();
            free
        };
        let ((), free) = tokio::join!(writer.write(&mut tx, &keys), look);
        assert!(free, "{writer:?} holds the second and waits for the first");
        tx.rollback().await.unwrap();
    }
}
