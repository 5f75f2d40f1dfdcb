//! Pure: what a rewind tells.

use std::collections::{HashMap, HashSet};

use super::commit::subjects;
use super::now::Now as After;
use super::ownership::{Held, Owners};
use super::rewind::Order;
use super::{Context, tell};
use crate::store::contracts::Contract;
use crate::store::events::{EventBlock, NewEvent};
use crate::store::transfers::StoredTransfer;
use crate::types::{Caip2, ContractKey, EventId, Standard};

/// The contracts that are concerned by a rewind, and those of them whose ownership is built.
pub(super) struct Concerned {
    /// All of them.
    pub(super) contracts: Vec<Contract>,
    /// Those with ownership.
    pub(super) owned: HashSet<ContractKey>,
}

/// What a rewind takes back.
pub(super) struct Gone {
    /// The blocks, by their heights.
    pub(super) blocks: HashMap<u64, EventBlock>,
    /// The transfers, newest first.
    pub(super) transfers: Vec<StoredTransfer>,
}

impl Gone {
    /// The ids under which those of the transfers were told that a live edge has seen.
    pub(super) fn ids(&self, chain: Caip2) -> Vec<EventId> {
        let id = |stored: &StoredTransfer| {
            let block = self.blocks.get(&stored.transfer.position.block)?;
            Some(tell::token_id(chain, *block, stored))
        };
        self.transfers.iter().filter_map(id).collect()
    }
}

/// The reorg itself, then the removals, newest first: of every event that was told, and of every
/// transfer of a contract with ownership, because who began from a snapshot holds those for true as
/// well.
pub(super) fn told(
    context: &Context,
    order: &Order<'_>,
    (gone, told): (&Gone, &HashSet<EventId>),
    (concerned, held): (&Concerned, &Held),
) -> Vec<NewEvent> {
    let Gone { blocks, transfers: gone } = gone;
    let Concerned { contracts, owned } = concerned;
    let (number, hash) = order.expected;
    let top = blocks.get(&number).copied();
    let top = top.unwrap_or(EventBlock { number, hash, time: None, epoch: 0 });
    let mut events = vec![tell::reorged(context.id, top, order.to, gone.len() as u64)];
    let mut now = Now::of(owned, gone, held);
    let subjects = subjects(contracts);
    for stored in gone {
        let number = stored.transfer.position.block;
        let (Some(block), Some(subject)) = (blocks.get(&number), subjects.get(&stored.contract))
        else {
            continue;
        };
        let is_told = || told.contains(&tell::token_id(context.id, *block, stored));
        if !owned.contains(&stored.contract) && !is_told() {
            continue;
        }
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
    owned: &'a HashSet<ContractKey>,
    owners: Owners,
    /// Parts that may still be listed.
    left: usize,
}

impl<'a> Now<'a> {
    /// The holdings of other contracts are not built yet; there a token goes back to the giver of its
    /// oldest removed transfer, and balances are not known.
    fn of(owned: &'a HashSet<ContractKey>, gone: &[StoredTransfer], held: &'a Held) -> Self {
        let mut owners = Owners::of(held);
        owners.give_back(gone.iter().filter(|stored| !owned.contains(&stored.contract)));
        Self { held, owned, owners, left: PARTS_IN_ALL }
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
            Standard::Erc1155 if self.owned.contains(contract) => {
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
