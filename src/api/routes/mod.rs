//! The handlers, each beside the shape of what it answers.

pub(super) mod chains;
pub(super) mod contracts;
pub(super) mod track;
pub(super) mod untrack;
pub(super) mod ownership;
pub(super) mod tokens;
pub(super) mod token_batch;
pub(super) mod checks;
mod checks_sent;
pub(super) mod wallets;
pub(super) mod wallets_tokens;
pub(super) mod wallet_contracts;
mod transfer_list;
pub(super) mod transfers;
pub(super) mod events;
pub(super) mod snapshot;
pub(super) mod root;
pub(super) mod export;
pub(super) mod system;
pub(super) mod described;
