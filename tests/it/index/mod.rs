//! The indexer against the simulated chain, compared with the naive replay.

mod battery;
