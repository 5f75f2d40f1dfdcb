//! `herald dev`: two chains on this machine with contracts, traffic and reorgs, the daemon beside
//! them, and a comparison of every owner at the end. For trying Herald out, and for its own tests.
//!
//! Reading order: `stage` sets everything up; `anvil` is one node, `replicas` are more daemons, `leftovers` those of a demo
//! that was killed, `node` what the demo asks of them; `contracts` puts the contracts on a
//! chain, `chains` is a node with its contracts. `actions` chooses what happens next, `items` where
//! that is an ERC-1155 contract, `cast` who does it, `traffic` makes it happen. `demo` is the
//! course of it all beside the daemon, which `herald` asks over HTTP like any user and `lists`
//! reads its lists from; `show` is what a person sees of it. At the end `seen` names from the
//! chains' logs what `truth` asks the contracts for, `compare` holds Herald's answers against that
//! and finds each `difference`, `verify` does so for every contract, and `report` is what it says.

pub mod stage;
pub mod anvil;
pub mod replicas;
pub mod leftovers;
pub mod node;
pub mod contracts;
pub mod chains;
pub mod actions;
pub mod items;
mod cast;
pub mod traffic;
pub mod demo;
pub mod herald;
mod lists;
pub mod show;
mod seen;
pub mod truth;
pub mod difference;
pub mod compare;
mod report;
pub mod verify;

pub use demo::{Course, Ending, run};
pub use replicas::Replicas;
pub use report::Report;
pub use stage::{Stage, free_address};
