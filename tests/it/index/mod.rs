//! The indexer against the simulated chain, compared with the naive replay.

mod story;
mod reorgs;
mod fences;
mod handover;
mod finality;
mod battery;
