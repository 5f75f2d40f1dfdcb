//! How each contract's logs are read, where nobody has said it: shown by the logs themselves.
//!
//! A contract without a stated standard gets that of its first transfers. Only where logs of both are
//! among them does its own word count (ERC-165), often given wrongly or not at all, and then which are
//! more.
//! A `Transfer` with three topics is ERC-20's, and that of some early collections: the contract is
//! asked whether the number in such a log is a token with an owner, or whether it is a coin. What
//! was found is stored, so that every replica reads the same.
//!
//! A contract that answers neither shows nothing: its tokens may be burnt, or the node be behind the
//! log, or unable to call. Its three-topic logs are passed over then and the next ones ask again;
//! once they turn out to move tokens, the contract's past is read anew.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use alloy::primitives::{Address, Bytes, U256, hex};

use super::{Context, allot};
use crate::decode::{self, Decoded, Reading, Skip};
use crate::store::contracts::{self, Contract};
use crate::store::{chains, readings};
use crate::types::{ContractKey, RawLog, Standard};

/// Most tokens of three-topic logs that a contract is asked about: a burnt one has no owner.
const SAMPLES_MAX: usize = 4;

/// How often each contract that shows neither tokens nor a coin was in turn to be asked; losing it
/// costs some questions.
#[derive(Debug, Default)]
pub struct Asked(Mutex<HashMap<ContractKey, u64>>);

impl Asked {
    fn turn(&self, contract: ContractKey) -> u64 {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(contract).or_default();
        *turn += 1;
        *turn
    }
}

/// Steps whose logs are all asked about; later ones ever more seldom. A coin that answers no
/// question would cost some in each block.
const ASKED_ALWAYS: u64 = 64;

fn is_due(turn: u64) -> bool {
    turn <= ASKED_ALWAYS || turn.is_power_of_two()
}

/// What logs of one contract have shown.
#[derive(Default)]
struct Shown {
    /// Logs of ERC-721 and of ERC-1155 transfers.
    tokens: u64,
    balances: u64,
    /// Numbers in three-topic logs that were not burnt since, newest last.
    samples: Vec<U256>,
}

/// How the logs of these contracts are read; one of which nothing is known is left out.
pub(super) async fn readings(
    context: &Context,
    contracts: &[Contract],
    logs: &[RawLog],
) -> anyhow::Result<HashMap<ContractKey, Reading>> {
    let doubtful: HashSet<Address> =
        logs.iter().filter(|log| log.topics.len() == 3).map(|log| log.address).collect();
    let open: HashMap<Address, &Contract> = contracts
        .iter()
        .filter(|contract| is_open(contract, &doubtful))
        .map(|contract| (contract.address, contract))
        .collect();
    let mut shown: BTreeMap<ContractKey, (&Contract, Shown)> = BTreeMap::new();
    for log in logs {
        let Some(contract) = open.get(&log.address) else { continue };
        if log.block >= contract.start_block {
            let entry = shown.entry(contract.key).or_insert_with(|| (contract, Shown::default()));
            entry.1.note(log);
        }
    }
    let mut readings: HashMap<ContractKey, Reading> =
        contracts.iter().filter_map(|contract| Some((contract.key, known(contract)?))).collect();
    for (key, (contract, shown)) in shown {
        let found = find(context, contract, &shown).await;
        if found.0 != contract.standard || found.1.is_some() {
            let stored = store(context, key, found).await?;
            readings.extend(reading(stored).map(|reading| (key, reading)));
        }
    }
    Ok(readings)
}

/// Whether these logs may show something new of the contract. `doubtful` have logs of three topics:
/// without any, an ERC-721 contract leaves nothing to be found, and its logs are decoded once.
fn is_open(contract: &Contract, doubtful: &HashSet<Address>) -> bool {
    match contract.standard {
        None => true,
        Some(Standard::Erc721) => {
            contract.id_in_data.is_none() && doubtful.contains(&contract.address)
        }
        Some(Standard::Erc1155) => false,
    }
}

fn known(contract: &Contract) -> Option<Reading> {
    reading((contract.standard, contract.id_in_data))
}

fn reading((standard, id_in_data): (Option<Standard>, Option<bool>)) -> Option<Reading> {
    Some(Reading { standard: standard?, id_in_data: id_in_data.unwrap_or(false) })
}

impl Shown {
    fn note(&mut self, log: &RawLog) {
        for standard in [Standard::Erc721, Standard::Erc1155] {
            match decode::decode(Reading { standard, id_in_data: false }, log) {
                Decoded::Transfers(_) => match standard {
                    Standard::Erc721 => self.tokens += 1,
                    Standard::Erc1155 => self.balances += 1,
                },
                Decoded::Skipped(Skip::Erc20) if standard == Standard::Erc721 => {
                    let number = U256::try_from_be_slice(&log.data).unwrap_or_default();
                    self.samples.retain(|sample| *sample != number);
                    let burnt = log.topics.get(2).is_some_and(|to| to.is_zero());
                    self.samples.extend((!burnt).then_some(number));
                    if self.samples.len() > SAMPLES_MAX {
                        self.samples.remove(0);
                    }
                }
                _ => {}
            }
        }
    }
}

async fn find(
    context: &Context,
    contract: &Contract,
    shown: &Shown,
) -> (Option<Standard>, Option<bool>) {
    let standard = match (contract.standard, shown.tokens, shown.balances) {
        (Some(standard), ..) => Some(standard),
        (None, 0, 0) => None,
        (None, _, 0) => Some(Standard::Erc721),
        (None, 0, _) => Some(Standard::Erc1155),
        (None, tokens, balances) => {
            let says = supports(context, contract.address, ERC1155).await;
            Some(if says || balances > tokens { Standard::Erc1155 } else { Standard::Erc721 })
        }
    };
    let asked = contract.id_in_data.is_some();
    if asked || standard == Some(Standard::Erc1155) || shown.samples.is_empty() {
        return (standard, None);
    }
    // Whoever logs ids as topics has no reason to log others as data.
    let turn = context.asked.turn(contract.key);
    let id_in_data = match shown.tokens > 0 {
        true => Some(false),
        false if is_due(turn) => moves_tokens(context, contract.address, &shown.samples).await,
        false => None,
    };
    if id_in_data != Some(true) && turn == 1 {
        tracing::warn!(
            chain.id = %context.id,
            contract = %contract.address,
            "{} logs transfers as ERC-20 does, and knows no owner for their numbers: they are not \
             read as tokens",
            contract.address
        );
    }
    let tokens = id_in_data == Some(true);
    (standard.or(tokens.then_some(Standard::Erc721)), id_in_data)
}

/// Whether the numbers are tokens, by what only tokens have, an owner, and what only coins have,
/// decimals and allowances; none where the contract shows neither.
async fn moves_tokens(context: &Context, address: Address, samples: &[U256]) -> Option<bool> {
    if word(context, address, &DECIMALS).await.is_some_and(|decimals| !decimals.is_zero()) {
        return Some(false);
    }
    for sample in samples.iter().rev() {
        let data = [&OWNER_OF[..], &sample.to_be_bytes::<32>()].concat();
        let owner = word(context, address, &data).await;
        if owner.is_some_and(|owner| !owner.is_zero() && owner.bit_len() <= 160) {
            return Some(true);
        }
    }
    let data = [&ALLOWANCE[..], &[0; 64]].concat();
    word(context, address, &data).await.map(|_| false)
}

/// The contract's past begins anew: it holds logs that were passed over.
#[derive(Debug, thiserror::Error)]
#[error("a contract turned out to log its tokens as data, and is read again")]
pub(super) struct ReadAgain;

/// Stores what was found and answers what holds. That three topics move tokens is new at most once,
/// and makes the pass that found it void, because its contract is read again from its first block.
async fn store(
    context: &Context,
    key: ContractKey,
    found: (Option<Standard>, Option<bool>),
) -> anyhow::Result<(Option<Standard>, Option<bool>)> {
    if found.1 != Some(true) {
        return Ok(readings::note(&context.pool, key, found).await?);
    }
    let mut tx = context.pool.begin().await?;
    let row = chains::lock(&mut tx, context.key).await?;
    let is_new =
        contracts::by_keys(&mut *tx, &[key]).await?.iter().all(|it| it.id_in_data.is_none());
    let Some((checkpoint, _)) = row.checkpoint.filter(|_| is_new) else {
        let stored = readings::note(&mut *tx, key, found).await?;
        tx.commit().await?;
        return Ok(stored);
    };
    if readings::begin_again(&mut tx, key, checkpoint).await? {
        allot::plan(&mut tx, context, &row.log_kinds, &[key]).await?;
    }
    readings::note(&mut *tx, key, found).await?;
    chains::bump_filter(&mut tx, context.key).await?;
    tx.commit().await?;
    Err(ReadAgain.into())
}

/// Selector of `supportsInterface(bytes4)` (EIP-165).
pub(super) const SUPPORTS_INTERFACE: [u8; 4] = hex!("01ffc9a7");
/// Selector of `ownerOf(uint256)` (EIP-721).
const OWNER_OF: [u8; 4] = hex!("6352211e");
/// Selector of `decimals()` (EIP-20).
pub(super) const DECIMALS: [u8; 4] = hex!("313ce567");
/// Selector of `allowance(address,address)` (EIP-20), which every coin answers.
const ALLOWANCE: [u8; 4] = hex!("dd62ed3e");
/// Interface id of ERC-1155 (EIP-1155).
pub(super) const ERC1155: [u8; 4] = hex!("d9b67a26");

async fn supports(context: &Context, address: Address, interface: [u8; 4]) -> bool {
    let data = [&SUPPORTS_INTERFACE[..], &interface, &[0; 28]].concat();
    word(context, address, &data).await == Some(U256::ONE)
}

/// The one word that the contract answers.
async fn word(context: &Context, address: Address, data: &[u8]) -> Option<U256> {
    // What a contract makes of a call must not end a pass that holds the logs of others.
    let answer = context.chain.call(address, Bytes::copy_from_slice(data)).await;
    let answer = answer.unwrap_or_else(|error| {
        tracing::debug!(chain.id = %context.id, "{address} could not be called: {error}");
        None
    });
    answer.filter(|word| word.len() == 32).map(|word| U256::from_be_slice(&word))
}
