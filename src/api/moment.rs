//! At which block ownership is answered, and whether that block still stands.
//!
//! A list without `at_block` shows the checkpoint of its first page on every page: the first
//! statement reads the present and names the block it saw, the later ones ask for that block. The
//! check comes after the statement, against what the same statement saw.

use super::asked::Asked;
use super::codes::Code;
use super::cursor::Pin;
use super::params;
use super::problem::Problem;
use crate::store::read::{NOW, Standing};
use crate::types::Finality;

/// The block that each chain of an answer is asked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// One entry a chain, in their order: a height, or [`NOW`].
    pub ats: Vec<i64>,
    /// The blocks of the pages before, to be checked.
    pins: Vec<Pin>,
}

/// The moment that the query and the cursor's pins ask for. `start_block` is the first block of
/// the only contract that is asked, where there is one.
pub(super) fn moment(
    asked: &Asked,
    chains: &[Standing],
    start_block: Option<i64>,
    pins: Option<Vec<Pin>>,
) -> Result<Moment, Problem> {
    let block = params::query(asked, "at_block", params::block)?;
    let finality = params::query(asked, "min_finality", params::finality)?;
    if block.is_some() && finality.is_some() {
        let detail = "send either at_block or min_finality";
        return Err(Problem::new(Code::InvalidRequest, detail).at("query", "min_finality"));
    }
    if let Some(pins) = pins {
        return pinned(chains, pins);
    }
    let mut ats = Vec::with_capacity(chains.len());
    for chain in chains {
        let at = match (block, finality.unwrap_or(Finality::Latest)) {
            (Some(block), _) => reached(chain, block)?,
            (None, Finality::Latest) => NOW,
            (None, Finality::Safe) => mark(chain, chain.safe)?,
            (None, Finality::Finalized) => mark(chain, chain.finalized)?,
        };
        if let Some(start) = start_block.filter(|start| at < *start) {
            let detail = format!(
                "block {at} of {} lies before the contract's start_block {start}",
                chain.caip2
            );
            return Err(Problem::new(Code::NotIndexed, detail));
        }
        ats.push(at);
    }
    Ok(Moment { ats, pins: Vec::new() })
}

fn pinned(chains: &[Standing], pins: Vec<Pin>) -> Result<Moment, Problem> {
    let at = |chain: &Standing| {
        pins.iter().find(|pin| pin.chain == chain.chain).map_or(NOW, |pin| pin.block)
    };
    if pins.iter().any(|pin| pin.block < 0) {
        return Err(super::cursor::invalid("cursor"));
    }
    Ok(Moment { ats: chains.iter().map(at).collect(), pins })
}

fn mark(chain: &Standing, mark: Option<i64>) -> Result<i64, Problem> {
    let below = mark.zip(chain.indexed).map(|(mark, indexed)| mark.min(indexed));
    below.ok_or_else(|| {
        let detail = format!("no block of {} is that final yet", chain.caip2);
        Problem::new(Code::NotIndexed, detail)
    })
}

fn reached(chain: &Standing, block: i64) -> Result<i64, Problem> {
    match chain.indexed {
        Some(indexed) if block <= indexed => Ok(block),
        indexed => {
            let there = indexed.map_or("none".to_owned(), |indexed| indexed.to_string());
            let detail =
                format!("block {block} of {} is not indexed; newest: {there}", chain.caip2);
            Err(Problem::new(Code::BlockAhead, detail))
        }
    }
}

impl Moment {
    /// The one height that was asked for, where it is not the present.
    pub(super) fn block(&self) -> Option<i64> {
        match self.ats.as_slice() {
            [at] if *at != NOW => Some(*at),
            _ => None,
        }
    }

    /// What the only chain is asked at.
    pub(super) fn at(&self) -> i64 {
        self.ats.first().copied().unwrap_or(NOW)
    }

    /// The moment of later pages of one chain's list that was begun at `pin`.
    pub(super) fn pinned(pin: Pin) -> Self {
        Self { ats: vec![pin.block], pins: vec![pin] }
    }

    /// Checks the answered chains against what was asked, and gives the pins of the next page.
    pub(super) fn check(&self, as_of: &[Standing]) -> Result<Vec<Pin>, Problem> {
        let mut pins = Vec::with_capacity(as_of.len());
        for (chain, at) in as_of.iter().zip(&self.ats) {
            if let Some(pin) = self.pins.iter().find(|pin| pin.chain == chain.chain) {
                if !stands(pin, chain) {
                    let detail = format!("block {} of {} was taken back", pin.block, chain.caip2);
                    return Err(Problem::new(Code::SnapshotGone, detail));
                }
                pins.push(pin.clone());
            } else if *at == NOW {
                pins.extend(chain.indexed.map(|block| Pin {
                    chain: chain.chain,
                    block,
                    hash: chain.block_hash.clone(),
                    epoch: chain.epoch,
                }));
            } else {
                let block = reached(chain, *at)?;
                let hash = chain.at_hash.clone();
                pins.push(Pin { chain: chain.chain, block, hash, epoch: chain.epoch });
            }
        }
        Ok(pins)
    }
}

/// Whether a pinned block is still part of the chain. Blocks at or below finality may no longer
/// be stored; then they stand if nothing was taken back since.
fn stands(pin: &Pin, chain: &Standing) -> bool {
    if chain.indexed.is_none_or(|indexed| pin.block > indexed) {
        return false;
    }
    let stored = if chain.indexed == Some(pin.block) { &chain.block_hash } else { &chain.at_hash };
    match (stored, &pin.hash) {
        (Some(stored), Some(pinned)) => stored == pinned,
        _ => pin.epoch == chain.epoch && chain.finalized.is_some_and(|mark| pin.block <= mark),
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
            (Some("0xa"), chain(60, 40, 3, Some("0xa")), true, "same hash"),
            (Some("0xa"), chain(60, 40, 9, Some("0xa")), true, "same hash after a reorg elsewhere"),
            (Some("0xa"), chain(60, 40, 4, Some("0xb")), false, "other hash"),
            (Some("0xa"), chain(49, 40, 4, None), false, "above the checkpoint"),
            (Some("0xa"), chain(60, 40, 3, None), false, "missing above finality"),
            (Some("0xa"), chain(60, 55, 3, None), true, "pruned below finality"),
            (Some("0xa"), chain(60, 55, 4, None), false, "pruned, but something was taken back"),
            (Some("0xhead"), chain(50, 40, 4, None), true, "the checkpoint itself"),
            (None, chain(60, 55, 3, None), true, "never stored, final"),
        ] {
            assert_eq!(stands(&pin(hash), &chain), expected, "{what}");
        }
    }
}
