//! The last step of a fold, under the chain's lock: what came since, and the contract is ready.

use sqlx::PgConnection;

use super::parts::replay;
use super::{Sizes, may_fold};
use crate::index::commit::subjects;
use crate::index::{Context, count_told, tell};
use crate::store::chains;
use crate::store::contracts::Contract;
use crate::store::folds::{self, Folding};
use crate::store::transfers::Blocks;
use crate::store::{StoreError, blocks, counters, events, fold, loaded};
use crate::types::{ChainKey, EventKind};
use crate::work::Pass;

/// Builds the rest and says that the contract is ready.
pub(super) async fn step(
    context: &Context,
    sizes: &Sizes,
    folding: &Folding,
) -> Result<Pass, StoreError> {
    let mut tx = context.pool.begin().await?;
    let row = chains::lock(&mut tx, context.key).await?;
    let (Some((number, _)), true) = (row.checkpoint, may_fold(context, &row)) else {
        return Ok(Pass::Idle);
    };
    folds::check(&mut tx, folding).await?;
    let kinds = context.kinds_named(|kind| kind.moves_tokens);
    let key = (context.key, folding.contract);
    folds::end(&mut tx, folding.contract).await?;
    let Some(contract) = loaded::still_whole(&mut *tx, key, &kinds).await? else {
        // It begins anew once its past is whole again.
        tx.commit().await?;
        return Ok(Pass::Worked);
    };
    let Some(block) = blocks::named(&mut *tx, context.key, number).await? else {
        return Err(StoreError::Corrupt { column: "chains.checkpoint" });
    };
    let rest = Blocks { after: Some(folding.to_block), to: number };
    apply(&mut tx, context.key, (&contract, rest), sizes).await?;
    fold::finish(&mut tx, contract.key, number).await?;
    let subject = subjects(std::slice::from_ref(&contract))[&contract.key];
    let kind = EventKind::ContractReady;
    let turn = (contract.start_block, row.filter_version);
    let told = [tell::contract(context.id, kind, subject, turn, block)];
    events::append(&mut tx, (context.key, context.id), &told).await?;
    tx.commit().await?;
    count_told(context, &told);
    tracing::info!(
        chain.id = %context.id,
        contract = %contract.address,
        block.number = number,
        "{} has the whole history of {} up to block {number}", context.name, contract.address
    );
    Ok(Pass::Worked)
}

/// Goes through the transfers of these blocks, some at a time, which bounds the memory.
async fn apply(
    tx: &mut PgConnection,
    chain: ChainKey,
    (contract, mut blocks): (&Contract, Blocks),
    sizes: &Sizes,
) -> Result<(), StoreError> {
    while blocks.after < Some(blocks.to) {
        let (reached, counts) = replay(tx, chain, (contract, blocks), sizes).await?;
        counters::count(tx, &counts).await?;
        blocks.after = Some(reached);
    }
    Ok(())
}
