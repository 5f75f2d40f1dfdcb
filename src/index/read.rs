//! Logs in, transfers out: each contract's logs as its standard has them. Logs of kinds that move no
//! tokens are passed over.

use std::collections::HashMap;

use alloy::primitives::Address;

use super::Context;
use super::reading::readings;
use crate::decode::{self, Decoded, Skip};
use crate::store::contracts::Contract;
use crate::store::transfers::StoredTransfer;
use crate::telemetry::metrics;
use crate::types::RawLog;

/// What the logs of these contracts state, in their order; the rest is counted by its reason.
pub(super) async fn decoded(
    context: &Context,
    contracts: &[Contract],
    logs: &[RawLog],
) -> anyhow::Result<Vec<StoredTransfer>> {
    let readings = readings(context, contracts, logs).await?;
    let by_address: HashMap<Address, &Contract> =
        contracts.iter().map(|contract| (contract.address, contract)).collect();
    let mut transfers = Vec::with_capacity(logs.len());
    for log in logs {
        let Some(contract) = by_address.get(&log.address) else { continue };
        let is_transfer = log.topics.first().is_some_and(|topic| decode::is_transfer(*topic));
        if log.block < contract.start_block || !is_transfer {
            continue;
        }
        let decoded = match readings.get(&contract.key) {
            Some(reading) => decode::decode(*reading, log),
            None => Decoded::Skipped(Skip::Unknown),
        };
        match decoded {
            Decoded::Transfers(found) => transfers.extend(
                found
                    .into_iter()
                    .map(|transfer| StoredTransfer { contract: contract.key, transfer }),
            ),
            Decoded::Skipped(reason) => {
                metrics::logs_skipped(reason.as_str()).increment(1);
            }
        }
    }
    Ok(transfers)
}
