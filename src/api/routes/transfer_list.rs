//! The common part of every list of transfers: bounds, pages, and the shape of a transfer.

use alloy::primitives::U256;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::answer::{self, Addresses, Meta, instant};
use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::cursor::{Cursor, Pin};
use crate::api::found::Found;
use crate::api::moment::stands;
use crate::api::problem::Problem;
use crate::api::{ApiState, params, shapes};
use crate::store::read::at::At;
use crate::store::read::names::ChainName;
use crate::store::read::transfers::{
    ChainPart, Fits, TransferRow, TransfersAsked, TransfersOf, transfers,
};
use crate::store::read::{Read, Standing};
use crate::types::{Finality, TransferKind};

/// A transfer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Transfer")]
pub(super) struct TransferView {
    #[schemars(with = "shapes::TransferId")]
    id: String,
    #[schemars(with = "shapes::ChainId")]
    chain: String,
    #[schemars(with = "shapes::Address")]
    contract: String,
    /// The token, or the first of a range.
    #[schemars(with = "shapes::TokenId")]
    token_id: String,
    /// Last token of a range, inclusive; absent for one token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<shapes::TokenId>")]
    token_id_to: Option<String>,
    #[schemars(with = "shapes::Standard")]
    standard: String,
    #[schemars(with = "shapes::Kind")]
    kind: &'static str,
    /// `null` on a mint.
    #[schemars(with = "Option<shapes::Address>")]
    from: Option<String>,
    /// `null` on a burn.
    #[schemars(with = "Option<shapes::Address>")]
    to: Option<String>,
    /// Units that moved, for a range of each of its tokens.
    #[schemars(with = "shapes::Units")]
    amount: String,
    block: BlockView,
    #[schemars(with = "shapes::Hash")]
    tx_hash: String,
    /// Place of the log in its block.
    log_index: i32,
    /// Place in a batch of ERC-1155; 0 for any other log.
    batch_index: i32,
    #[schemars(with = "shapes::Finality")]
    finality: &'static str,
}

/// A block.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Block")]
struct BlockView {
    number: i64,
    #[schemars(with = "Option<shapes::Hash>")]
    hash: Option<String>,
    /// `null` where it is not known.
    #[schemars(with = "Option<shapes::Time>")]
    time: Option<String>,
}

/// Key of a row in a cursor: chain, block, log index, batch index.
type Key = (i16, i64, i32, i32);

fn view(as_of: &[Standing], addresses: &mut Addresses, row: &TransferRow) -> TransferView {
    let standing = as_of.iter().find(|standing| standing.chain == row.chain);
    let mark = |mark: Option<i64>| mark.and_then(|mark| u64::try_from(mark).ok());
    let finality = standing.map_or(Finality::Latest, |chain| {
        Finality::of(row.block.unsigned_abs(), mark(chain.safe), mark(chain.finalized))
    });
    let chain = answer::caip2(as_of, row.chain).to_owned();
    let tx_hash = answer::hash(row.tx_hash);
    TransferView {
        id: format!("{chain}:{tx_hash}:{}:{}", row.log_index, row.batch_index),
        chain,
        contract: addresses.write(row.address),
        token_id: row.token_id.0.to_string(),
        token_id_to: row.token_id_to.map(|last| last.0.to_string()),
        standard: row.standard.clone(),
        kind: TransferKind::of(row.from_addr.into(), row.to_addr.into()).as_str(),
        from: addresses.party(row.from_addr),
        to: addresses.party(row.to_addr),
        amount: row.amount.map_or(U256::ONE, |amount| amount.0).to_string(),
        block: BlockView {
            number: row.block,
            hash: row.block_hash.map(answer::hash),
            time: row.block_time.map(instant),
        },
        tx_hash,
        log_index: row.log_index,
        batch_index: row.batch_index,
        finality: finality.as_str(),
    }
}

/// Blocks and direction of a question.
struct Bounds {
    from_block: i64,
    to_block: i64,
    finality: At,
    descending: bool,
    after: Option<Key>,
    /// The newest block of each chain that the pages before have told of.
    pins: Vec<Pin>,
}

impl Bounds {
    fn read(asked: &Asked) -> Result<Self, Problem> {
        let sent = Cursor::<Key>::read(asked, "cursor")?;
        let (after, pins) = sent.map(|cursor| (cursor.k, cursor.p)).unzip();
        let finality = params::query(asked, "min_finality", params::finality)?;
        Ok(Self {
            from_block: params::query(asked, "from_block", params::block)?.unwrap_or(0),
            to_block: params::query(asked, "to_block", params::block)?.unwrap_or(i64::MAX),
            finality: match finality.unwrap_or(Finality::Latest) {
                Finality::Latest => At::Now,
                Finality::Safe => At::Safe,
                Finality::Finalized => At::Finalized,
            },
            descending: params::descending(asked)?,
            after,
            pins: pins.unwrap_or_default(),
        })
    }

    /// What is left to tell of each chain.
    fn parts(&self, chains: &[ChainName]) -> Vec<ChainPart> {
        let start = if self.descending { (i64::MAX, 0, 0) } else { (-1, 0, 0) };
        let part = |chain: &ChainName| {
            let after = match self.after {
                Some((last, ..)) if chain.chain < last => return None,
                Some((last, block, log, batch)) if chain.chain == last => (block, log, batch),
                _ => start,
            };
            Some(ChainPart { chain: chain.chain, after, low: self.from_block, high: self.to_block })
        };
        chains.iter().filter_map(part).collect()
    }

    fn pinned(&self, chains: &[ChainName]) -> Vec<Option<i64>> {
        let pin = |chain: &ChainName| self.pins.iter().find(|pin| pin.chain == chain.chain);
        chains.iter().map(|chain| pin(chain).map(|pin| pin.block)).collect()
    }

    /// Refuses to go on where something that was told is no longer true, and gives the pins of the next
    /// page: of each chain the newest block that was told of by then.
    async fn told(
        mut self,
        state: &ApiState,
        read: &Read<TransferRow>,
    ) -> Result<Vec<Pin>, Problem> {
        for chain in &read.as_of {
            if let Some(pin) = self.pins.iter().find(|pin| pin.chain == chain.chain) {
                stands(&state.pool, pin, chain).await?;
            }
        }
        for row in &read.rows {
            let epoch = read.as_of.iter().find(|chain| chain.chain == row.chain);
            let epoch = epoch.map_or(0, |chain| chain.epoch);
            let hash = row.block_hash.map(answer::hash);
            let new = Pin { chain: row.chain, block: row.block, hash, epoch };
            match self.pins.iter_mut().find(|pin| pin.chain == row.chain) {
                Some(pin) if pin.block < new.block => *pin = new,
                Some(_) => {}
                None => self.pins.push(new),
            }
        }
        Ok(self.pins)
    }
}

/// What names the transfers of a question.
pub(super) struct Named {
    /// What finds them.
    pub of: TransfersOf,
    /// The contract of the question.
    pub contract: Option<i32>,
    /// Filters beside.
    pub fits: Fits,
}

/// Refuses a question that no chain can answer yet: without indexes it would read every transfer.
fn indexed(chains: &[Standing]) -> Result<(), Problem> {
    match chains.first() {
        Some(chain) if chains.iter().all(|chain| chain.indexing) => {
            let detail = format!(
                "the indexes of {} are built once its first load is done; its transfers are listed \
                 then",
                chain.caip2
            );
            Err(Problem::new(Code::ChainIndexing, detail))
        }
        _ => Ok(()),
    }
}

/// One page of the transfers of these chains.
///
/// Going on behind the last row tells each transfer once as long as no block that was told of is
/// taken back: what lies between two rows never changes while the newer one stands.
pub(super) async fn answer(
    state: &ApiState,
    asked: &Asked,
    chains: &[ChainName],
    named: Named,
) -> Result<Response, Problem> {
    let limit = params::limit(asked)?;
    let bounds = Bounds::read(asked)?;
    let keys: Vec<i16> = chains.iter().map(|chain| chain.chain).collect();
    let question = TransfersAsked {
        of: named.of,
        chains: &keys,
        parts: &bounds.parts(chains),
        contract: named.contract,
        finality: bounds.finality,
        pinned: &bounds.pinned(chains),
        descending: bounds.descending,
        fits: named.fits,
        limit: limit + 1,
    };
    let mut read = transfers(&state.pool, &question).await?;
    if named.contract.is_some() {
        Found::of(&read)?.kept()?;
    }
    indexed(&read.as_of)?;
    let more = answer::page(&mut read.rows, limit);
    let pins = bounds.told(state, &read).await?;
    let key = |row: &TransferRow| (row.chain, row.block, row.log_index, row.batch_index);
    let last = read.rows.last().filter(|_| more).map(key);
    let next = last.map(|last| Cursor::write(asked, last, pins));
    let meta = Meta::of(&read.as_of).without(&read.as_of, &read.incomplete)?;
    let mut addresses = Addresses::default();
    let data = read.rows.iter().map(|row| view(&read.as_of, &mut addresses, row)).collect();
    answer::list::<TransferView>(data, limit, next, meta)
}
