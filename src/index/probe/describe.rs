//! What followed contracts call themselves.

use alloy::primitives::Address;
use futures_util::{StreamExt, stream};

use super::AT_ONCE;
use super::ask::{Ask, Calls};
use super::waits::{LONGEST, Waits};
use crate::chain::{ChainError, Code};
use crate::index::Context;
use crate::store::descriptions::{self, Description};
use crate::store::probes::Due;

/// Asks these contracts; whether there were any.
pub(super) async fn describe(
    context: &Context,
    waits: &Waits,
    due: Vec<(Due, Address)>,
) -> anyhow::Result<bool> {
    if due.is_empty() {
        return Ok(false);
    }
    if !Calls::default().work(context).await? {
        // Asking each would cost as many questions as there are contracts, for nothing.
        let later: Vec<_> = due.iter().map(|(due, _)| (*due, LONGEST)).collect();
        descriptions::put_off(&context.pool, &later).await?;
        return Ok(true);
    }
    let mut asking = Vec::with_capacity(due.len());
    for (due, address) in due {
        asking.push(of_one(context, due, (address, waits.is_patient(due.key))));
    }
    let (mut found, mut later) = (Vec::new(), Vec::new());
    let mut answers = stream::iter(asking).buffer_unordered(AT_ONCE);
    while let Some((due, answer)) = answers.next().await {
        match answer {
            Ok(Some(description)) => {
                waits.ended(due.key);
                found.push((due, description));
            }
            Ok(None) | Err(_) => later.push((due, waits.failed(due.key))),
        }
    }
    if !found.is_empty() {
        descriptions::write(&context.pool, &found).await?;
    }
    if !later.is_empty() {
        descriptions::put_off(&context.pool, &later).await?;
    }
    Ok(true)
}

async fn of_one(
    context: &Context,
    due: Due,
    (address, is_patient): (Address, bool),
) -> (Due, Result<Option<Description>, ChainError>) {
    (due, description(&Ask { context, address, is_patient }).await)
}

/// Name and symbol of one contract; none where it is not there yet.
async fn description(ask: &Ask<'_>) -> Result<Option<Description>, ChainError> {
    let found = Description { name: ask.name().await?, symbol: ask.symbol().await? };
    let is_nameless = found == Description::default();
    if is_nameless && ask.code(None).await? == Code::Absent {
        return Ok(None);
    }
    Ok(Some(found))
}
