//! Pure: what a rewind tells.

use std::collections::HashMap;

use alloy::primitives::Address;

use super::commit::subjects;
use super::rewind::Order;
use super::{Context, tell};
use crate::store::blocks::GoneBlock;
use crate::store::contracts::Contract;
use crate::store::events::{EventBlock, NewEvent};
use crate::store::holdings::{Holding, TokenKey};
use crate::store::transfers::StoredTransfer;
use crate::types::{ContractKey, ContractState};

/// The reorg itself, then the removals, newest first: of every event that was told, and of every
/// transfer of a ready contract, because who began from a snapshot holds those for true as well.
pub(super) fn told(
    context: &Context,
    order: &Order<'_>,
    (gone_blocks, gone): (&[GoneBlock], &[StoredTransfer]),
    (concerned, now): (&[Contract], &HashMap<TokenKey, Holding>),
) -> Vec<NewEvent> {
    let blocks: HashMap<u64, EventBlock> = gone_blocks
        .iter()
        .map(|gone| {
            let GoneBlock { number, hash, time, epoch } = *gone;
            (number, EventBlock { number, hash, time, epoch })
        })
        .collect();
    let (number, hash) = order.expected;
    let top = blocks.get(&number).copied();
    let top = top.unwrap_or(EventBlock { number, hash, time: None, epoch: 0 });
    let mut events = vec![tell::reorged(context.id, top, order.to, gone.len() as u64)];
    let owners = owners(concerned, gone, now);
    let subjects = subjects(concerned);
    let known_from: HashMap<ContractKey, u64> = concerned
        .iter()
        .filter_map(|contract| match contract.state {
            ContractState::Ready => Some((contract.key, 0)),
            _ => Some((contract.key, contract.live_from?)),
        })
        .collect();
    for stored in gone {
        let number = stored.transfer.position.block;
        let told = known_from.get(&stored.contract).is_some_and(|from| number >= *from);
        let (Some(block), Some(subject), true) =
            (blocks.get(&number), subjects.get(&stored.contract), told)
        else {
            continue;
        };
        let token = (stored.contract, stored.transfer.token_id);
        let now = (order.shown.get(&number).copied(), owners.get(&token).copied().flatten());
        events.push(tell::removed(context.id, *subject, *block, stored, now));
    }
    events
}

/// Who holds each token now. The holdings of a contract that is not ready are not built yet; there
/// the giver of the oldest removed transfer holds the token again, as custody has it.
fn owners(
    concerned: &[Contract],
    gone: &[StoredTransfer],
    now: &HashMap<TokenKey, Holding>,
) -> HashMap<TokenKey, Option<Address>> {
    let ready =
        |key| concerned.iter().any(|one| one.key == key && one.state == ContractState::Ready);
    let mut owners = HashMap::new();
    for stored in gone {
        let token = (stored.contract, stored.transfer.token_id);
        let owner = if ready(stored.contract) {
            now.get(&token).map(|holding| holding.owner)
        } else {
            Some(stored.transfer.from)
        };
        owners.insert(token, owner);
    }
    owners
}
