//! Pure: what a rewind tells.

use std::collections::{HashMap, HashSet};

use super::commit::subjects;
use super::now::Now as After;
use super::ownership::{Held, Owners};
use super::rewind::Order;
use super::{Context, tell};
use crate::store::contracts::Contract;
use crate::store::events::{EventBlock, NewEvent};
use crate::store::taken_back::GoneBlock;
use crate::store::transfers::StoredTransfer;
use crate::types::{ContractKey, ContractState, Standard};

/// The reorg itself, then the removals, newest first: of every event that was told, and of every
/// transfer of a ready contract, because who began from a snapshot holds those for true as well.
pub(super) fn told(
    context: &Context,
    order: &Order<'_>,
    (gone_blocks, gone): (&[GoneBlock], &[StoredTransfer]),
    (concerned, held): (&[Contract], &Held),
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
    let mut now = Now::of(concerned, gone, held);
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
        let shown = order.shown.get(&number).copied();
        events.push(tell::removed(
            context.id,
            *subject,
            *block,
            stored,
            (shown, now.after(stored)),
        ));
    }
    events
}

/// Most parts that `now` of a removed range lists; of more it says nothing, and the API answers.
const PARTS_MAX: usize = 64;

/// Most parts that all removals of one rewind list: some megabytes.
const PARTS_IN_ALL: usize = 20_000;

/// What holds after the rewind.
struct Now<'a> {
    held: &'a Held,
    ready: HashSet<ContractKey>,
    owners: Owners,
    /// Parts that may still be listed.
    left: usize,
}

impl<'a> Now<'a> {
    /// The holdings of a contract that is not ready are not built yet; there a token goes back to
    /// the giver of its oldest removed transfer, and balances are not known.
    fn of(concerned: &[Contract], gone: &[StoredTransfer], held: &'a Held) -> Self {
        let ready = concerned.iter().filter(|contract| contract.state == ContractState::Ready);
        let ready: HashSet<ContractKey> = ready.map(|contract| contract.key).collect();
        let mut owners = Owners::of(held);
        owners.give_back(gone.iter().filter(|stored| !ready.contains(&stored.contract)));
        Self { held, ready, owners, left: PARTS_IN_ALL }
    }

    fn after(&mut self, stored: &StoredTransfer) -> After {
        let StoredTransfer { contract, transfer } = stored;
        match transfer.standard() {
            Standard::Erc721 => {
                if self.held.crowded && transfer.token_id_to.is_some() {
                    return After::Unsaid;
                }
                let most = PARTS_MAX.min(self.left);
                let parts = self.owners.within(*contract, transfer.tokens(), most);
                match parts.as_deref() {
                    Some([(_, _, owner)]) => After::Owner(*owner),
                    Some(several) => {
                        self.left -= several.len();
                        After::Owners(several.to_vec())
                    }
                    None => After::Unsaid,
                }
            }
            Standard::Erc1155 if self.ready.contains(contract) => {
                let mut people = vec![transfer.from, transfer.to];
                people.dedup();
                people.retain(|person| !person.is_zero());
                let balance = |person| {
                    let key = ((*contract, transfer.token_id), person);
                    let holding = self.held.holdings.get(&key);
                    (person, holding.and_then(|holding| holding.balance).unwrap_or_default())
                };
                After::Balances(people.into_iter().map(balance).collect())
            }
            Standard::Erc1155 => After::Unsaid,
        }
    }
}
