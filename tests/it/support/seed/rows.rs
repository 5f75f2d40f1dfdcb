//! Many rows of a seeded contract at once, of every standard: transfers, holdings, ranges.

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, U256};
use herald::store::{Uint256, Units};

use super::{SeedContract, tx_hash};

/// `until` of what lasts.
pub(crate) const LASTS: i64 = i64::MAX;

/// A row of transfers; `last` for a range, `amount` for ERC-1155.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    pub(crate) block: i64,
    pub(crate) log: i32,
    pub(crate) batch: i32,
    pub(crate) first: U256,
    pub(crate) last: Option<U256>,
    pub(crate) amount: Option<U256>,
    pub(crate) from: Address,
    pub(crate) to: Address,
}

/// A version of a holding, valid in blocks `since..until`.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) since: i64,
    pub(crate) until: i64,
    pub(crate) acquired: i64,
    pub(crate) token: U256,
    pub(crate) owner: Address,
    pub(crate) balance: Option<I512>,
}

/// A version of a piece of a range, valid in blocks `since..until`.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) since: i64,
    pub(crate) until: i64,
    pub(crate) acquired: i64,
    pub(crate) log: i32,
    pub(crate) listed: bool,
    pub(crate) first: U256,
    pub(crate) last: U256,
    pub(crate) owner: Address,
}

fn each<T, R>(rows: &[T], value: impl Fn(&T) -> R) -> Vec<R> {
    rows.iter().map(value).collect()
}

impl SeedContract {
    /// Says the contract's standard, and whether it ever had ranges.
    pub(crate) async fn says(&self, standard: Option<&str>, ranges: bool) {
        sqlx::query("update chain.contracts set standard = $2, has_ranges = $3 where id = $1")
            .bind(self.id)
            .bind(standard)
            .bind(ranges)
            .execute(&self.chain.pool)
            .await
            .expect("a standard");
    }

    /// Transfers, without what follows from them.
    pub(crate) async fn moves(&self, rows: &[Move]) {
        sqlx::query(
            r"insert into chain.transfers (chain, contract_id, block, log_index, batch_index,
                token_id, token_id_to, amount, from_addr, to_addr, tx_hash)
            select $1, $2, * from unnest($3::int8[], $4::int4[], $5::int4[], $6::numeric[],
                $7::numeric[], $8::numeric[], $9::bytea[], $10::bytea[], $11::bytea[])",
        )
        .bind(self.chain.id)
        .bind(self.id)
        .bind(each(rows, |row| row.block))
        .bind(each(rows, |row| row.log))
        .bind(each(rows, |row| row.batch))
        .bind(each(rows, |row| Uint256(row.first)))
        .bind(each(rows, |row| row.last.map(Uint256)))
        .bind(each(rows, |row| row.amount.map(Uint256)))
        .bind(each(rows, |row| row.from.into_array()))
        .bind(each(rows, |row| row.to.into_array()))
        .bind(each(rows, |row| tx_hash(row.block, row.log).0))
        .execute(&self.chain.pool)
        .await
        .expect("transfers");
    }

    /// Holdings, each in the table that its `until` says.
    pub(crate) async fn held(&self, rows: &[Held]) {
        let (now, past): (Vec<Held>, Vec<Held>) =
            rows.iter().cloned().partition(|row| row.until == LASTS);
        for (statement, rows) in [
            (
                r"insert into chain.holdings
                    (chain, contract_id, since_log, since, acquired, token_id, owner, balance)
                select $1, $2, 0, since, acquired, token_id, owner, balance from unnest($3::int8[],
                    $4::int8[], $5::int8[], $6::numeric[], $7::bytea[], $8::numeric[])
                    as r (since, until, acquired, token_id, owner, balance)",
                now,
            ),
            (
                r"insert into chain.holdings_past
                    (chain, contract_id, since_log, since, until, acquired, token_id, owner, balance)
                select $1, $2, 0, * from unnest($3::int8[], $4::int8[], $5::int8[], $6::numeric[],
                    $7::bytea[], $8::numeric[])",
                past,
            ),
        ] {
            sqlx::query(statement)
                .bind(self.chain.id)
                .bind(self.id)
                .bind(each(&rows, |row| row.since))
                .bind(each(&rows, |row| row.until))
                .bind(each(&rows, |row| row.acquired))
                .bind(each(&rows, |row| Uint256(row.token)))
                .bind(each(&rows, |row| row.owner.into_array()))
                .bind(each(&rows, |row| row.balance.map(Units)))
                .execute(&self.chain.pool)
                .await
                .expect("holdings");
        }
    }

    /// Pieces of ranges.
    pub(crate) async fn pieces(&self, rows: &[Piece]) {
        sqlx::query(
            r"insert into chain.token_ranges
                (chain, contract_id, since, until, acquired, acquired_log, listed, first, last, owner)
            select $1, $2, * from unnest($3::int8[], $4::int8[], $5::int8[], $6::int4[], $7::bool[],
                $8::numeric[], $9::numeric[], $10::bytea[])",
        )
        .bind(self.chain.id)
        .bind(self.id)
        .bind(each(rows, |row| row.since))
        .bind(each(rows, |row| row.until))
        .bind(each(rows, |row| row.acquired))
        .bind(each(rows, |row| row.log))
        .bind(each(rows, |row| row.listed))
        .bind(each(rows, |row| Uint256(row.first)))
        .bind(each(rows, |row| Uint256(row.last)))
        .bind(each(rows, |row| row.owner.into_array()))
        .execute(&self.chain.pool)
        .await
        .expect("ranges");
    }
}
