//! The block that a stream shows: found once, before its first page, and held against every page.

use crate::api::asked::Asked;
use crate::api::codes::Code;
use crate::api::cursor::Pin;
use crate::api::found::Found;
use crate::api::moment::{When, stands};
use crate::api::params;
use crate::api::problem::Problem;
use crate::api::scope::ContractScope;
use crate::store::Pool;
use crate::store::contract_row::ContractRow;
use crate::store::read::contracts::contract_at;
use crate::store::read::export::{Shown, standing};
use crate::store::read::{NOW, Standing};
use crate::types::{ChainKey, Finality};

/// A block of a chain.
#[derive(Clone, Debug)]
pub(in crate::api) struct Fixed {
    /// How the chain stood when the block was found.
    pub standing: Standing,
    /// The block.
    pub pin: Pin,
    /// What the histories of the contracts were at the first page.
    stamp: Option<String>,
}

/// The block at which the ownership of a contract is asked, and the contract.
pub(in crate::api) async fn of_ownership(
    pool: &Pool,
    asked: &Asked,
    scope: &ContractScope,
) -> Result<(Fixed, ContractRow), Problem> {
    let when = When::read(asked, None)?;
    let read = contract_at(pool, scope.keys(), when.at).await?;
    let found = Found::of(&read)?.owned(&when)?;
    let pins = when.check(pool, &read.as_of).await?;
    let (standing, contract) = (found.begun()?.chain.clone(), found.contract.clone());
    let none =
        || Problem::new(Code::NotIndexed, format!("no block of {} is indexed", standing.caip2));
    let pin = pins.into_iter().next().ok_or_else(none)?;
    let fixed = Fixed { standing, pin, stamp: None };
    fixed.expected(asked)?;
    Ok((fixed, contract))
}

/// The last block of the transfers that are asked for, by `to_block` and `min_finality`, and no later
/// than `whole_to`.
pub(in crate::api) async fn of_transfers(
    pool: &Pool,
    asked: &Asked,
    chain: &Standing,
    whole_to: i64,
) -> Result<Fixed, Problem> {
    let finality = params::query(asked, "min_finality", params::finality)?;
    let mark = match finality.unwrap_or(Finality::Latest) {
        Finality::Latest => chain.indexed,
        Finality::Safe => chain.safe,
        Finality::Finalized => chain.finalized,
    };
    let last = [mark, chain.indexed].into_iter().min().flatten().ok_or_else(|| {
        Problem::new(Code::NotIndexed, format!("no block of {} is that final yet", chain.caip2))
    })?;
    let to_block = params::query(asked, "to_block", params::block)?.unwrap_or(i64::MAX);
    fix(pool, asked, chain, last.min(to_block).min(whole_to)).await
}

/// The block `at` as it stands now; the checkpoint for [`NOW`].
async fn fix(pool: &Pool, asked: &Asked, chain: &Standing, at: i64) -> Result<Fixed, Problem> {
    let gone = || Problem::new(Code::ChainUnknown, format!("{} is gone", chain.caip2));
    let standing = standing(pool, ChainKey(chain.chain), at).await?.ok_or_else(gone)?;
    let none = || Problem::new(Code::NotIndexed, format!("no block of {} is indexed", chain.caip2));
    let indexed = standing.indexed.ok_or_else(none)?;
    let block = if at == NOW { indexed } else { at };
    let stored = if block == indexed { &standing.block_hash } else { &standing.at_hash };
    let pin = Pin { chain: chain.chain, block, hash: stored.clone(), epoch: standing.epoch };
    let fixed = Fixed { standing, pin, stamp: None };
    fixed.expected(asked)?;
    stands(pool, &fixed.pin, &fixed.standing).await?;
    Ok(fixed)
}

impl Fixed {
    /// The block, for statements.
    pub(in crate::api) fn shown(&self) -> Shown {
        Shown { chain: ChainKey(self.pin.chain), block: self.pin.block }
    }

    /// Refuses another block than the one whose hash was sent: that one was taken back. Of a final
    /// block without transfers only the height is stored.
    fn expected(&self, asked: &Asked) -> Result<(), Problem> {
        let sent = params::query(asked, "block_hash", params::hash)?.map(|hash| hash.to_string());
        match (&self.pin.hash, sent) {
            (Some(hash), Some(sent)) if *hash != sent => {
                let (block, chain) = (self.pin.block, &self.standing.caip2);
                let detail = format!("block {block} of {chain} is {hash}: {sent} was taken back");
                Err(Problem::new(Code::SnapshotGone, detail))
            }
            _ => Ok(()),
        }
    }

    /// Checks what a page saw beside its rows: that the block stands, and that the contracts'
    /// histories are whole and those of the first page.
    pub(super) async fn check(
        &mut self,
        pool: &Pool,
        now: &Standing,
        stamp: Option<&str>,
    ) -> Result<(), Problem> {
        stands(pool, &self.pin, now).await?;
        let Some(stamp) = stamp else {
            let detail = "the history of a contract is being read anew or removed";
            return Err(Problem::new(Code::ContractNotReady, detail));
        };
        if self.stamp.get_or_insert_with(|| stamp.to_owned()) != stamp {
            let detail = "the history of a contract was read anew meanwhile";
            return Err(Problem::new(Code::SnapshotGone, detail));
        }
        Ok(())
    }
}
