//! What a wish to follow a contract makes of what is stored. Pure.

use crate::store::wishes::{Change, Stored, Tracked, Turn};
use crate::types::{ContractState, Standard};

/// Who wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The configuration, at each start: it adds contracts and never brings back a stopped one.
    Config,
    /// A request to the API.
    Api,
    /// A person at a terminal.
    Cli,
}

/// What a wish came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The contract was not known.
    New,
    /// It was stopped or refused, and is asked for anew.
    Again,
    /// Its past is loaded from a lower block on.
    Changed,
    /// It is followed, or about to be, as it is wished.
    Same,
    /// It was stopped, which the configuration does not undo.
    Stopped,
    /// Its facts are being removed; nothing was written.
    Purging,
    /// It is followed with other settings; nothing was written.
    Conflict,
}

/// The outcome, and what the contract is followed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wished {
    /// What the wish came to.
    pub outcome: Outcome,
    /// First block; `None` until it is found.
    pub start_block: Option<u64>,
    /// Standard; `None` until it is found.
    pub standard: Option<Standard>,
}

impl Wished {
    /// In what the contract differs from the wish: the name of the setting, and how it is tracked.
    pub fn differences(&self, wish: &Tracked) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if let (Some(stored), Some(wanted)) = (self.start_block, wish.start_block)
            && stored != wanted
        {
            found.push(("start_block", format!("tracked with start_block {stored}")));
        }
        if let (Some(stored), Some(wanted)) = (self.standard, wish.standard)
            && stored != wanted
        {
            found.push(("standard", format!("tracked with standard {stored}")));
        }
        found
    }
}

/// The outcome with what is stored; a lower start that waits to be applied counts.
pub(super) fn wished(outcome: Outcome, row: &Stored) -> Wished {
    let start_block = row.start_block.min(row.wanted_start.or(row.start_block));
    Wished { outcome, start_block, standard: row.standard }
}

/// What a wish makes of a row that is there.
pub(super) fn decide(row: &Stored, wish: &Tracked, origin: Origin) -> (Wished, Option<Change>) {
    let stored = wished(Outcome::Same, row);
    let of = |outcome| (Wished { outcome, ..stored }, None);
    let stopped = row.state == ContractState::Stopped;
    if stopped && origin == Origin::Config {
        return of(Outcome::Stopped);
    }
    if stopped && row.purging {
        return of(Outcome::Purging);
    }
    // Of these nothing is stored that could contradict the wish.
    if row.refused || row.purged {
        let start_block = wish.start_block.or(stored.start_block.filter(|_| row.purged));
        return again(row, wish, start_block, origin);
    }
    let higher = matches!((wish.start_block, stored.start_block), (Some(w), Some(s)) if w > s);
    let other = matches!((wish.standard, row.standard), (Some(w), Some(s)) if w != s);
    if (higher || other) && origin != Origin::Config {
        return of(Outcome::Conflict);
    }
    let lower = wish.start_block.filter(|_| !higher && wish.start_block != stored.start_block);
    if stopped {
        return again(row, wish, lower.or(stored.start_block), origin);
    }
    adjust(row, wish, lower, origin == Origin::Config && !higher)
}

/// A contract that was stopped or refused is asked for anew.
fn again(
    row: &Stored,
    wish: &Tracked,
    start_block: Option<u64>,
    origin: Origin,
) -> (Wished, Option<Change>) {
    let turn = match row.state {
        // What was joined once was accepted, and a verdict could only take away what is stored.
        ContractState::Stopped if row.joined && !row.purged && start_block.is_some() => {
            Turn::Return
        }
        ContractState::Stopped => Turn::Anew,
        _ if origin == Origin::Config && start_block.is_some() => Turn::Join,
        _ => Turn::Probe,
    };
    let standard = wish.standard.or(row.standard);
    let change = Change { key: row.key, standard, start_block, wanted_start: None, turn };
    (Wished { outcome: Outcome::Again, start_block, standard }, Some(change))
}

/// A contract that is followed or about to be takes a standard that it has not, and a lower start.
fn adjust(
    row: &Stored,
    wish: &Tracked,
    lower: Option<u64>,
    trusted: bool,
) -> (Wished, Option<Change>) {
    let standard = row.standard.or(wish.standard);
    let probing = row.state == ContractState::Probing;
    let turn = match (probing && row.undecided, lower) {
        (true, _) if trusted && wish.start_block.is_some() => Turn::Join,
        // A verdict on what was stated before is void.
        (true, _) if lower.is_some() || standard != row.standard => Turn::Probe,
        _ => Turn::Stay,
    };
    let (start_block, wanted_start) = match lower {
        Some(lower) if probing => (Some(lower), None),
        Some(lower) => (row.start_block, Some(lower)),
        None => (row.start_block, row.wanted_start),
    };
    let change = Change { key: row.key, standard, start_block, wanted_start, turn };
    let is_new = lower.is_some() || standard != row.standard || turn != Turn::Stay;
    let outcome = if lower.is_some() { Outcome::Changed } else { Outcome::Same };
    let start_block = lower.or(wished(outcome, row).start_block);
    (Wished { outcome, start_block, standard }, is_new.then_some(change))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;

    use super::*;
    use crate::types::{ChainKey, ContractKey};

    fn row(state: ContractState, start_block: Option<u64>) -> Stored {
        Stored {
            key: ContractKey(1),
            address: Address::ZERO,
            state,
            standard: None,
            start_block,
            wanted_start: None,
            refused: false,
            undecided: false,
            purging: false,
            purged: false,
            joined: false,
        }
    }

    /// The outcome, with start, lower start and turn of the change.
    type Asked = (Outcome, Option<(Option<u64>, Option<u64>, Turn)>);

    /// What a wish from this block on comes to.
    fn asked(row: Stored, start_block: Option<u64>, origin: Origin) -> Asked {
        let wish =
            Tracked { chain: ChainKey(1), address: Address::ZERO, standard: None, start_block };
        let (wished, change) = decide(&row, &wish, origin);
        (wished.outcome, change.map(|it| (it.start_block, it.wanted_start, it.turn)))
    }

    #[test]
    fn a_followed_contract_goes_lower_and_never_higher() {
        use Outcome::{Changed, Conflict, Same};
        for state in [ContractState::Loading, ContractState::Folding, ContractState::Ready] {
            let followed = row(state, Some(50));
            for origin in [Origin::Config, Origin::Api, Origin::Cli] {
                let lower = Some((Some(50), Some(7), Turn::Stay));
                assert_eq!(asked(followed, Some(7), origin), (Changed, lower));
                assert_eq!(asked(followed, Some(50), origin), (Same, None));
                assert_eq!(asked(followed, None, origin), (Same, None));
                let lowered = Stored { wanted_start: Some(7), ..followed };
                assert_eq!(asked(lowered, Some(7), origin), (Same, None));
                let lowest = Some((Some(50), Some(3), Turn::Stay));
                assert_eq!(asked(lowered, Some(3), origin), (Changed, lowest));
            }
            let waiting = Stored { wanted_start: Some(7), ..followed };
            for (row, start) in [(followed, 51), (waiting, 8), (waiting, 50)] {
                assert_eq!(asked(row, Some(start), Origin::Api), (Conflict, None), "{start}");
                assert_eq!(asked(row, Some(start), Origin::Config), (Same, None), "{start}");
            }
        }
    }

    #[test]
    fn what_was_stopped_comes_back_but_not_by_the_configuration() {
        let stopped = Stored { joined: true, ..row(ContractState::Stopped, Some(50)) };
        let back = |start| (Outcome::Again, Some((start, None, Turn::Return)));
        let anew = |start| (Outcome::Again, Some((start, None, Turn::Anew)));
        assert_eq!(asked(stopped, Some(7), Origin::Config), (Outcome::Stopped, None));
        let lowered = Stored { wanted_start: Some(7), ..stopped };
        assert_eq!(asked(lowered, None, Origin::Cli), back(Some(7)));
        assert_eq!(asked(stopped, None, Origin::Api), back(Some(50)));
        assert_eq!(asked(stopped, Some(7), Origin::Cli), back(Some(7)));
        assert_eq!(asked(stopped, Some(51), Origin::Api), (Outcome::Conflict, None));
        let purging = Stored { purging: true, ..stopped };
        assert_eq!(asked(purging, None, Origin::Api), (Outcome::Purging, None));
        let purged = Stored { purged: true, ..stopped };
        assert_eq!(asked(purged, Some(51), Origin::Api), anew(Some(51)));
        assert_eq!(asked(purged, None, Origin::Api), anew(Some(50)));
        assert_eq!(asked(row(stopped.state, Some(50)), None, Origin::Api), anew(Some(50)));
        assert_eq!(asked(row(ContractState::Stopped, None), None, Origin::Api), anew(None));
    }

    #[test]
    fn what_was_refused_is_asked_for_anew_by_anybody() {
        let refused = Stored { refused: true, ..row(ContractState::Probing, Some(50)) };
        let again = |start, turn| (Outcome::Again, Some((start, None, turn)));
        assert_eq!(asked(refused, Some(99), Origin::Api), again(Some(99), Turn::Probe));
        assert_eq!(asked(refused, None, Origin::Api), again(None, Turn::Probe));
        assert_eq!(asked(refused, None, Origin::Config), again(None, Turn::Probe));
        assert_eq!(asked(refused, Some(99), Origin::Config), again(Some(99), Turn::Join));
    }

    #[test]
    fn what_the_probe_has_not_seen_is_looked_at_again_when_it_changes() {
        use Outcome::{Changed, Conflict, Same};
        let waiting = |start| Stored { undecided: true, ..row(ContractState::Probing, start) };
        let (unknown, named) = (waiting(None), waiting(Some(50)));
        let accepted = row(ContractState::Probing, Some(50));
        let to = |start, turn| Some((Some(start), None, turn));
        assert_eq!(asked(unknown, Some(9), Origin::Api), (Changed, to(9, Turn::Probe)));
        assert_eq!(asked(unknown, Some(9), Origin::Config), (Changed, to(9, Turn::Join)));
        assert_eq!(asked(unknown, None, Origin::Config), (Same, None));
        assert_eq!(asked(named, Some(50), Origin::Config), (Same, to(50, Turn::Join)));
        assert_eq!(asked(named, Some(51), Origin::Config), (Same, None));
        assert_eq!(asked(named, Some(51), Origin::Api), (Conflict, None));
        assert_eq!(asked(named, None, Origin::Api), (Same, None));
        assert_eq!(asked(accepted, Some(9), Origin::Api), (Changed, to(9, Turn::Stay)));
    }
}
