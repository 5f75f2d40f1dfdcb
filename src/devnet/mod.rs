//! `herald dev`: two chains on this machine with contracts, traffic and reorgs, the daemon beside
//! them, and a comparison of every owner at the end. For trying Herald out, and for its own tests.
//!
//! Reading order: `stage` sets everything up; `anvil` is one node, `leftovers` those of a demo
//! that was killed, `node` what the demo asks of them; `contracts` puts the collectibles on a
//! chain, `chains` is a node with its contracts. `actions` chooses what happens next, `cast` who
//! does it, `traffic` makes it happen. `demo` is the course of it all beside the daemon, which
//! `herald` reads over HTTP like any user; `show` is what a person sees of it. At the end `truth`
//! asks the chains, `compare` holds Herald's answers against that, and `verify` reports.

pub mod stage;
pub mod anvil;
pub mod leftovers;
pub mod node;
pub mod contracts;
pub mod chains;
pub mod actions;
mod cast;
pub mod traffic;
pub mod demo;
pub mod herald;
pub mod show;
pub mod truth;
pub mod compare;
pub mod verify;

pub use demo::{Course, Ending, run};
pub use stage::{Stage, free_address};
