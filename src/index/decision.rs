//! Where Herald stops deciding: a halt, and what a person says next.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow, bail};

use super::Context;
use super::plan::Facts;
use super::rewind::{Cause, Order, Outcome, rewind};
use crate::store::leases::{self, Lease};
use crate::store::{StoreError, chains, status};
use crate::telemetry::metrics;

/// Halts the chain: store and chain differ at `differs_at`, at or below the final mark. Nothing is
/// written until a person has decided; reads go on.
pub(super) async fn halt(
    context: &Context,
    lease: &Lease,
    facts: &Facts,
    differs_at: u64,
) -> Result<(), StoreError> {
    let floor = facts.floor;
    let detail = format!(
        "the chain shows another block {differs_at} than the stored one, at or below the final \
         block {floor}; nothing is written until a person has decided: `herald rewind --chain \
         {} --to BLOCK` takes the stored blocks above BLOCK back",
        context.name
    );
    let mut tx = context.pool.begin().await?;
    let row = chains::lock(&mut tx, context.key).await?;
    leases::check(&mut tx, lease).await?;
    if row.checkpoint != Some(facts.checkpoint) || row.finalized != Some(floor) {
        return Err(StoreError::Fenced { what: "checkpoint" });
    }
    status::set_status(&mut *tx, context.key, "halted", Some(&detail)).await?;
    tx.commit().await?;
    metrics::chain_halted(&context.name).set(1.0);
    tracing::error!(chain.id = %context.id, block.number = differs_at, "{} halted: {detail}", context.name);
    Ok(())
}

/// Takes the stored blocks of the chain above `to` back, by a person's decision, and ends a halt.
/// The block itself must be the one that the chain shows.
pub async fn take_back(context: &Context, to: u64) -> anyhow::Result<Outcome> {
    let row = chains::load(&context.pool, context.key).await?;
    let expected = row.checkpoint.with_context(|| format!("{} has no block yet", context.name))?;
    if to >= expected.0 {
        bail!("block {to} is not below the newest stored one, {}", expected.0);
    }
    let shown = context.chain.headers(&[to]).await?.into_iter().next().flatten();
    let hash = shown.with_context(|| format!("the endpoint shows no block {to}"))?.block.hash;
    let order = Order { expected, to: (to, hash), shown: &BTreeMap::new(), cause: Cause::Operator };
    rewind(context, None, &order).await.map_err(|error| match error {
        StoreError::OtherBlock { .. } => {
            anyhow!("block {to} is another one on the chain than in the database: go back further")
        }
        StoreError::Fenced { .. } => {
            anyhow!("the daemon committed a block meanwhile; nothing was changed: try again")
        }
        other => other.into(),
    })
}
