//! What the demo asks of an anvil: blocks on command, transactions of accounts that the node holds
//! the keys of, reorgs, and the contracts' own word about owners.
//!
//! Herald itself never speaks to a node this way; its questions are those of `chain::Chain`.

use alloy::primitives::{Address, B256, Bytes, U64};
use alloy::sol_types::SolCall;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::chain::{ChainError, Rpc};

/// Gas of every transaction: a mint of ten or a path of six needs about a third of it, and a
/// block of 30 million holds more transactions than the traffic ever puts into one.
const GAS_PER_TRANSACTION: u64 = 2_000_000;

/// Gas of a transaction that creates a contract: 200 for each byte of code, and ranges to store.
const GAS_PER_CREATION: u64 = 10_000_000;

/// An anvil.
pub struct Node {
    rpc: Rpc,
}

/// A block as the node tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct NodeBlock {
    number: U64,
    /// Hash of the block.
    pub hash: B256,
    timestamp: U64,
    /// Hashes of its transactions, in their order.
    pub transactions: Vec<B256>,
}

impl NodeBlock {
    /// Height.
    pub fn number(&self) -> u64 {
        self.number.to()
    }

    /// Seconds since the Unix epoch.
    pub fn time(&self) -> u64 {
        self.timestamp.to()
    }
}

/// A log as the node tells it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeLog {
    /// Up to four.
    pub topics: Vec<B256>,
    /// What is not in the topics.
    pub data: Bytes,
    block_number: U64,
}

impl NodeLog {
    /// Height of its block.
    pub fn block(&self) -> u64 {
        self.block_number.to()
    }
}

/// What became of a transaction.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The contract that it created.
    pub contract_address: Option<Address>,
    block_number: U64,
    status: U64,
}

impl Receipt {
    /// Height of the block that holds the transaction.
    pub fn block(&self) -> u64 {
        self.block_number.to()
    }

    /// Whether it did what it was sent for.
    pub fn succeeded(&self) -> bool {
        self.status == U64::ONE
    }
}

/// A transaction to be sent.
#[derive(Clone, Debug)]
pub struct Sending {
    /// An account that the node holds the key of.
    pub from: Address,
    /// A contract, or none to create one.
    pub to: Option<Address>,
    /// Calldata, or the code and arguments of the new contract.
    pub data: Bytes,
}

impl Sending {
    fn to_json(&self) -> Value {
        let gas = if self.to.is_some() { GAS_PER_TRANSACTION } else { GAS_PER_CREATION };
        let mut fields = json!({"from": self.from, "data": self.data, "gas": U64::from(gas)});
        if let Some(to) = self.to {
            fields["to"] = json!(to);
        }
        fields
    }
}

/// What a contract answered to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// It returned this.
    Returned(T),
    /// It reverted; the words of the node name the error's selector.
    Reverted(String),
}

impl Node {
    /// The node that answers at `url` over HTTP.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self { rpc: Rpc::new(url)? })
    }

    /// Accounts that the node signs for.
    pub async fn accounts(&self) -> Result<Vec<Address>> {
        Ok(self.rpc.call("eth_accounts", json!([])).await?)
    }

    /// Stops the node from writing a line for every request.
    pub async fn be_quiet(&self) -> Result<()> {
        self.command("anvil_setLoggingEnabled", json!([false])).await
    }

    /// The newest block.
    pub async fn head(&self) -> Result<NodeBlock> {
        Ok(self.rpc.call("eth_getBlockByNumber", json!(["latest", false])).await?)
    }

    /// The block of this height, which the node must have.
    pub async fn block(&self, number: u64) -> Result<NodeBlock> {
        let block = self.rpc.call("eth_getBlockByNumber", json!([U64::from(number), false]));
        Ok(block.await?)
    }

    /// Puts a transaction into the node's pool.
    pub async fn send(&self, sending: &Sending) -> Result<B256> {
        Ok(self.rpc.call("eth_sendTransaction", json!([sending.to_json()])).await?)
    }

    /// Puts a signed transaction into the node's pool.
    pub async fn send_raw(&self, signed: &Bytes) -> Result<B256> {
        Ok(self.rpc.call("eth_sendRawTransaction", json!([signed])).await?)
    }

    /// The signed bytes of a transaction that the node has.
    pub async fn raw_transaction(&self, hash: B256) -> Result<Bytes> {
        Ok(self.rpc.call("eth_getRawTransactionByHash", json!([hash])).await?)
    }

    /// What became of a mined transaction.
    pub async fn receipt(&self, hash: B256) -> Result<Receipt> {
        let receipt: Option<Receipt> =
            self.rpc.call("eth_getTransactionReceipt", json!([hash])).await?;
        receipt.with_context(|| format!("transaction {hash} is not mined"))
    }

    /// Forgets what waits in the pool.
    pub async fn empty_pool(&self) -> Result<()> {
        self.command("anvil_dropAllTransactions", json!([])).await
    }

    /// Makes a block of what waits in the pool, in order of arrival, with this time.
    pub async fn mine(&self, time: u64) -> Result<()> {
        self.command("evm_setNextBlockTimestamp", json!([time])).await?;
        self.command("evm_mine", json!([])).await
    }

    /// Replaces the `depth` newest blocks by as many others. Each of `transactions` goes into the
    /// replacement of its offset, from 0 to `depth - 1`; those of the old blocks are lost.
    pub async fn reorg(&self, depth: u64, transactions: &[(Sending, u64)]) -> Result<()> {
        let transactions: Vec<Value> = transactions
            .iter()
            .map(|(sending, offset)| json!([sending.to_json(), offset]))
            .collect();
        self.command("anvil_reorg", json!([depth, transactions])).await
    }

    /// Takes the `depth` newest blocks away. Says nothing to subscribers.
    pub async fn roll_back(&self, depth: u64) -> Result<()> {
        self.command("anvil_rollback", json!([depth])).await
    }

    /// Every log of a contract, from the first block to the newest, in order.
    pub async fn logs(&self, contract: Address) -> Result<Vec<NodeLog>> {
        let filter = json!({"fromBlock": "0x0", "toBlock": "latest", "address": contract});
        Ok(self.rpc.call("eth_getLogs", json!([filter])).await?)
    }

    /// What `contract` answers to `call` in the state after the block `at` (EIP-1898).
    pub async fn call<C: SolCall>(
        &self,
        contract: Address,
        call: &C,
        at: B256,
    ) -> Result<Answer<C::Return>> {
        answer::<C>(self.rpc.call("eth_call", question(contract, call, at)).await)
    }

    /// What `contract` answers to each of `calls`, in their order: many questions in one request.
    pub async fn call_all<C: SolCall>(
        &self,
        contract: Address,
        calls: &[C],
        at: B256,
    ) -> Result<Vec<Answer<C::Return>>> {
        let questions = calls.iter().map(|call| question(contract, call, at)).collect();
        let replies = self.rpc.call_all("eth_call", questions).await?;
        replies.into_iter().map(answer::<C>).collect()
    }

    async fn command(&self, method: &'static str, params: Value) -> Result<()> {
        let _: Value = self.rpc.call(method, params).await.context(method)?;
        Ok(())
    }
}

fn question<C: SolCall>(contract: Address, call: &C, at: B256) -> Value {
    json!([{"to": contract, "data": Bytes::from(call.abi_encode())}, {"blockHash": at}])
}

fn answer<C: SolCall>(reply: Result<Bytes, ChainError>) -> Result<Answer<C::Return>> {
    match reply {
        Ok(bytes) => Ok(Answer::Returned(C::abi_decode_returns(&bytes)?)),
        Err(err) => match err.to_string() {
            words if words.contains("execution reverted") => Ok(Answer::Reverted(words)),
            _ => Err(err.into()),
        },
    }
}
