//! What integration tests share.
//!
//! Reading order: `folder` keeps the files and processes of a test together, `database` gives each
//! test one of its own, `sim` is a chain that forks, lags and lies by seed, `replay` the truth
//! about it worked out without any code of Herald, over `intervals` where numbers are too many to
//! be counted, `feed` what a subscriber of the outbox ends up believing, `compare` tells two such
//! answers apart, `trie` checks the simulator itself. `indexer` moves the workers pass by pass,
//! `wishing` tells them what to follow, `listening` counts what they ask for, `tables` says what they
//! wrote in the words of the replay, `rows` as plain text, and `statements` what it took; `seeds` are
//! those of random stories. `odd` are
//! contracts of unusual logs for a real node, and `one` is such a node as the workers see it.
//! `openzeppelin` knows Merkle trees.

pub(crate) mod folder;
pub(crate) mod database;
pub(crate) mod seed;
pub(crate) mod sim;
pub(crate) mod intervals;
pub(crate) mod replay;
pub(crate) mod feed;
pub(crate) mod compare;
pub(crate) mod trie;
pub(crate) mod indexer;
mod wishing;
pub(crate) mod listening;
pub(crate) mod tables;
pub(crate) mod rows;
pub(crate) mod seeds;
pub(crate) mod statements;
pub(crate) mod odd;
pub(crate) mod one;
pub(crate) mod openzeppelin;
