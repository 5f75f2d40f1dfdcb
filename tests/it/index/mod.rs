//! The indexer against the simulated chain, compared with the naive replay.

mod story;
mod reorgs;
mod halts;
mod fences;
mod leases;
mod handover;
mod finality;
mod cost;
mod trial;
mod ranges;
mod amounts;
mod battery;
mod fleet;
mod covered;
mod kinds;
mod sharing;
mod begin;
mod upgrade;
mod crowded;
mod wishes;
