//! What one pass of the live edge has looked at: facts for the plan, headers for the fetch.

use std::collections::BTreeMap;

use alloy::primitives::B256;

use super::Context;
use super::plan::Facts;
use crate::chain::{Head, Header};
use crate::store::blocks;
use crate::store::chains::ChainRow;

/// What one pass has looked at.
pub(super) struct View {
    pub(super) facts: Facts,
    pub(super) headers: BTreeMap<u64, Header>,
}

impl View {
    pub(super) fn new(row: &ChainRow, checkpoint: (u64, B256), head: &Head) -> Self {
        let mut facts = Facts {
            checkpoint,
            floor: row.finalized.unwrap_or(0),
            head: head.latest.number,
            ..Facts::default()
        };
        if head.latest.number == checkpoint.0 {
            // The usual pass without news needs no further request.
            facts.seen.insert(head.latest.number, Some(head.latest));
        }
        Self { facts, headers: BTreeMap::new() }
    }

    pub(super) async fn look(
        &mut self,
        context: &Context,
        (from, to): (u64, u64),
    ) -> anyhow::Result<()> {
        let numbers: Vec<u64> = (from..=to).collect();
        let headers = context.chain.headers(&numbers).await?;
        for (number, header) in numbers.iter().zip(headers) {
            self.facts.seen.insert(*number, header.as_ref().map(|header| header.block));
            if let Some(header) = header {
                self.headers.insert(*number, header);
            }
        }
        if from <= self.facts.checkpoint.0 {
            let stored = blocks::hashes(&context.pool, context.key, (from, to)).await?;
            self.facts.stored.extend(stored);
        }
        Ok(())
    }
}
