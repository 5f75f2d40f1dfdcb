//! `chain.transfers`: what the contracts logged, decoded.

use alloy::primitives::{Address, B256};
use sqlx::PgConnection;

use super::copy::CopyRows;
use super::{StoreError, Uint256, height, number};
use crate::types::{ChainKey, ContractKey, Position, Transfer};

/// A transfer with the surrogate number of its contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTransfer {
    /// Surrogate number of the contract.
    pub contract: ContractKey,
    /// The transfer; its `contract` address is left zero by reads, which know the number only.
    pub transfer: Transfer,
}

/// Adds transfers.
pub async fn append(
    connection: &mut PgConnection,
    chain: ChainKey,
    transfers: &[StoredTransfer],
) -> Result<u64, StoreError> {
    if transfers.is_empty() {
        return Ok(0);
    }
    let mut rows = CopyRows::new(11);
    for StoredTransfer { contract, transfer } in transfers {
        rows.row()
            .int8(height(transfer.position.block))
            .int4(contract.0)
            .int4(transfer.position.log_index.cast_signed())
            .int4(transfer.position.batch_index.cast_signed())
            .int2(chain.0)
            .numeric(Some(Uint256(transfer.token_id)))
            .numeric(transfer.token_id_to.map(Uint256))
            .numeric(transfer.amount.map(Uint256))
            .bytes(transfer.from.as_slice())
            .bytes(transfer.to.as_slice())
            .bytes(transfer.tx_hash.as_slice());
    }
    let statement = "copy chain.transfers (block, contract_id, log_index, batch_index, chain, \
         token_id, token_id_to, amount, from_addr, to_addr, tx_hash) from stdin (format binary)";
    rows.send(connection, statement).await
}

/// Removes what these contracts have in the blocks `from..=to`, each from its own first block on: the
/// first half of replacing an interval, which makes loading it twice harmless.
pub async fn delete_interval(
    connection: &mut PgConnection,
    chain: ChainKey,
    contracts: &[(ContractKey, u64)],
    (from, to): (u64, u64),
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        delete from chain.transfers t
        using unnest($2::int4[], $5::int8[]) as read (contract_id, from_block)
        where t.chain = $1 and t.contract_id = read.contract_id
            and t.block between $3 and $4 and t.block >= read.from_block
        ",
    )
    .bind(chain.0)
    .bind(contracts.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
    .bind(height(from))
    .bind(height(to))
    .bind(contracts.iter().map(|(_, from)| height(*from)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    block: i64,
    contract_id: i32,
    log_index: i32,
    batch_index: i32,
    token_id: Uint256,
    token_id_to: Option<Uint256>,
    amount: Option<Uint256>,
    from_addr: [u8; 20],
    to_addr: [u8; 20],
    tx_hash: [u8; 32],
}

/// Removes every transfer above block `above` and answers them, newest first.
pub async fn take_back(
    connection: &mut PgConnection,
    chain: ChainKey,
    above: u64,
) -> Result<Vec<StoredTransfer>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        r"
        with gone as (
            delete from chain.transfers where chain = $1 and block > $2
            returning block, contract_id, log_index, batch_index, token_id, token_id_to, amount,
                from_addr, to_addr, tx_hash
        )
        select * from gone order by block desc, log_index desc, batch_index desc
        ",
    )
    .bind(chain.0)
    .bind(height(above))
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(StoredTransfer::from).collect())
}

/// A contract's transfers above block `after`, in order: whole blocks, as many as hold about `most`
/// transfers, at least one block.
pub async fn following(
    connection: &mut PgConnection,
    chain: ChainKey,
    contract: ContractKey,
    (after, most): (Option<u64>, i64),
) -> Result<Vec<StoredTransfer>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select block, contract_id, log_index, batch_index, token_id, token_id_to, amount,
            from_addr, to_addr, tx_hash
        from chain.transfers
        where chain = $1 and contract_id = $2 and block > $3 and block <= (
            select max(block) from (
                select block from chain.transfers
                where chain = $1 and contract_id = $2 and block > $3 order by block limit $4
            ) part
        )
        order by block, log_index, batch_index
        ",
    )
    .bind(chain.0)
    .bind(contract.0)
    .bind(after.map_or(-1, height))
    .bind(most)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(StoredTransfer::from).collect())
}

impl From<Row> for StoredTransfer {
    fn from(row: Row) -> Self {
        Self {
            contract: ContractKey(row.contract_id),
            transfer: Transfer {
                contract: Address::ZERO,
                position: Position {
                    block: number(row.block),
                    log_index: row.log_index.cast_unsigned(),
                    batch_index: row.batch_index.cast_unsigned(),
                },
                tx_hash: B256::from(row.tx_hash),
                token_id: row.token_id.0,
                token_id_to: row.token_id_to.map(|last| last.0),
                amount: row.amount.map(|amount| amount.0),
                from: Address::from(row.from_addr),
                to: Address::from(row.to_addr),
            },
        }
    }
}
