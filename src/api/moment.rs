//! At which block ownership is answered, and whether that block still stands.
//!
//! A list without `at_block` shows the checkpoint of its first page on every page: the first
//! statement reads the present and names the block it saw, the later ones ask for that block. The
//! check comes after the statement, against what the same statement saw.

use time::OffsetDateTime;

use super::asked::Asked;
use super::codes::Code;
use super::cursor::Pin;
use super::params;
use super::problem::Problem;
use crate::store::Pool;
use crate::store::read::at::At;
use crate::store::read::names::ChainName;
use crate::store::read::{NOW, Standing, reorgs};
use crate::types::{ChainKey, Finality};

/// The block that the chains of an answer are asked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct When {
    /// What was asked for: of the pages after the first, the blocks of `pins`.
    pub at: At,
    /// The blocks of the pages before, to be checked.
    pins: Vec<Pin>,
}

impl When {
    /// What the query and the cursor's pins ask for.
    pub(super) fn read(asked: &Asked, pins: Option<Vec<Pin>>) -> Result<Self, Problem> {
        let block = params::query(asked, "at_block", params::block)?;
        let time = params::query(asked, "at_time", params::instant)?;
        let finality = params::query(asked, "min_finality", params::finality)?;
        let at = chosen(block, time, finality).map_err(|(first, second)| {
            let detail = format!("send either {first} or {second}");
            Problem::new(Code::InvalidRequest, detail).at("query", second)
        })?;
        Ok(pins.map_or(Self { at, pins: Vec::new() }, Self::pinned))
    }

    /// What is asked for here, of a first page.
    pub(super) fn of(at: At) -> Self {
        Self { at, pins: Vec::new() }
    }

    /// The later pages of a list that was begun at these blocks.
    pub(super) fn pinned(pins: Vec<Pin>) -> Self {
        Self { at: At::Block(pins.first().map_or(NOW, |pin| pin.block)), pins }
    }

    /// The block of each chain, where blocks are asked for. A chain that has come since the first page
    /// is shown at present.
    pub(super) fn blocks(&self, chains: &[ChainName]) -> Vec<i64> {
        let pinned = |chain: &ChainName| {
            self.pins.iter().find(|pin| pin.chain == chain.chain).map_or(NOW, |pin| pin.block)
        };
        let asked = match self.at {
            At::Block(block) if self.pins.is_empty() => Some(block),
            _ => None,
        };
        chains.iter().map(|chain| asked.unwrap_or_else(|| pinned(chain))).collect()
    }

    /// Checks the answered chains against what was asked, and gives the pins of the next page.
    pub(super) async fn check(&self, pool: &Pool, as_of: &[Standing]) -> Result<Vec<Pin>, Problem> {
        let mut pins = Vec::with_capacity(as_of.len());
        for chain in as_of {
            match self.pins.iter().find(|pin| pin.chain == chain.chain) {
                Some(pin) => {
                    stands(pool, pin, chain).await?;
                    pins.push(pin.clone());
                }
                None => pins.extend(self.first(chain)?),
            }
        }
        Ok(pins)
    }

    /// The block that the first page shows of a chain; `None` where nothing is indexed yet.
    pub(super) fn first(&self, chain: &Standing) -> Result<Option<Pin>, Problem> {
        let Some(at) = chain.at else {
            let detail = format!("no block of {} is that final yet", chain.caip2);
            return Err(Problem::new(Code::NotIndexed, detail));
        };
        let epoch = chain.epoch;
        if at == NOW {
            let hash = chain.block_hash.clone();
            return Ok(chain.indexed.map(|block| Pin { chain: chain.chain, block, hash, epoch }));
        }
        if chain.indexed.is_none_or(|indexed| at > indexed) {
            return Err(self.ahead(chain, at));
        }
        let hash = chain.at_hash.clone();
        Ok(Some(Pin { chain: chain.chain, block: at, hash, epoch }))
    }

    fn ahead(&self, chain: &Standing, at: i64) -> Problem {
        let asked = match self.at {
            At::Time(_) => "the time asked for lies after the newest indexed block".to_owned(),
            _ => format!("block {at} is not indexed"),
        };
        let there = chain.indexed.map_or("none".to_owned(), |indexed| indexed.to_string());
        let detail = format!("{asked} of {}; newest: {there}", chain.caip2);
        Problem::new(Code::BlockAhead, detail)
    }
}

/// The moment that one of three ways asks for; else the names of two that were sent.
pub(super) fn chosen(
    block: Option<i64>,
    time: Option<OffsetDateTime>,
    finality: Option<Finality>,
) -> Result<At, (&'static str, &'static str)> {
    let sent =
        [block.map(|_| "at_block"), time.map(|_| "at_time"), finality.map(|_| "min_finality")];
    let mut sent = sent.into_iter().flatten();
    if let (Some(first), Some(second)) = (sent.next(), sent.next()) {
        return Err((first, second));
    }
    Ok(match (block, time, finality) {
        (Some(block), ..) => At::Block(block),
        (_, Some(time), _) => At::Time(time),
        (.., Some(Finality::Safe)) => At::Safe,
        (.., Some(Finality::Finalized)) => At::Finalized,
        (.., Some(Finality::Latest) | None) => At::Now,
    })
}

/// Refuses to go on where the block that a list shows is no longer part of the chain.
pub(super) async fn stands(pool: &Pool, pin: &Pin, chain: &Standing) -> Result<(), Problem> {
    let stands = match verdict(pin, chain) {
        Some(stands) => stands,
        None => !reorgs::below(pool, ChainKey(pin.chain), (pin.epoch, pin.block)).await?,
    };
    if stands {
        return Ok(());
    }
    let detail = format!("block {} of {} was taken back", pin.block, chain.caip2);
    Err(Problem::new(Code::SnapshotGone, detail))
}

/// Whether a pinned block is still part of the chain; `None` where only the journal of reorgs knows:
/// blocks at or below finality may no longer be stored.
fn verdict(pin: &Pin, chain: &Standing) -> Option<bool> {
    if chain.indexed.is_none_or(|indexed| pin.block > indexed) {
        return Some(false);
    }
    let stored = if chain.indexed == Some(pin.block) { &chain.block_hash } else { &chain.at_hash };
    match (stored, &pin.hash) {
        (Some(stored), Some(pinned)) => Some(stored == pinned),
        _ if chain.finalized.is_none_or(|mark| pin.block > mark) => Some(pin.block < 0),
        _ if pin.epoch == chain.epoch => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(indexed: i64, finalized: i64, epoch: i32, at_hash: Option<&str>) -> Standing {
        Standing {
            chain: 1,
            caip2: "eip155:1".into(),
            alias: "one".into(),
            status: "live".into(),
            epoch,
            head: Some(indexed),
            safe: None,
            finalized: Some(finalized),
            indexed: Some(indexed),
            block_hash: Some("0xhead".into()),
            lag_ms: Some(0),
            at: Some(50),
            at_hash: at_hash.map(str::to_owned),
            indexing: false,
        }
    }

    #[test]
    fn a_pinned_block_stands_while_its_hash_is_stored_or_nothing_was_taken_back() {
        let pin = |hash: Option<&str>| Pin {
            chain: 1,
            block: 50,
            hash: hash.map(str::to_owned),
            epoch: 3,
        };
        for (hash, chain, expected, what) in [
            (Some("0xa"), chain(60, 40, 3, Some("0xa")), Some(true), "same hash"),
            (
                Some("0xa"),
                chain(60, 40, 9, Some("0xa")),
                Some(true),
                "same after a reorg elsewhere",
            ),
            (Some("0xa"), chain(60, 40, 4, Some("0xb")), Some(false), "other hash"),
            (Some("0xa"), chain(49, 40, 4, None), Some(false), "above the checkpoint"),
            (Some("0xa"), chain(60, 40, 3, None), Some(false), "missing above finality"),
            (Some("0xa"), chain(60, 55, 3, None), Some(true), "pruned below finality"),
            (Some("0xa"), chain(60, 55, 4, None), None, "pruned, but something was taken back"),
            (Some("0xhead"), chain(50, 40, 4, None), Some(true), "the checkpoint itself"),
            (None, chain(60, 55, 3, None), Some(true), "never stored, final"),
            (None, chain(60, 55, 4, Some("0xa")), None, "stored since, final"),
        ] {
            assert_eq!(verdict(&pin(hash), &chain), expected, "{what}");
        }
    }
}
