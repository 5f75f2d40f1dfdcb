//! What integration tests share.
//!
//! Reading order: `sim` is a chain that forks, lags and lies by seed, `replay` the truth about it
//! worked out without any code of Herald, `feed` what a subscriber of the outbox ends up
//! believing, `compare` tells two such answers apart, `trie` checks the simulator itself.

pub(crate) mod sim;
pub(crate) mod replay;
pub(crate) mod feed;
pub(crate) mod compare;
pub(crate) mod trie;
