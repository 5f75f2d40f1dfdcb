//! The nouns of Herald: pure values without I/O that every other module may use.

pub mod block;
pub mod chain_id;
pub mod log;
pub mod token;
pub mod transfer;
pub mod event;

pub use block::{BlockRef, Finality, Position};
pub use chain_id::{Caip2, ChainKey, ContractKey};
pub use event::{EventId, EventKind};
pub use log::RawLog;
pub use token::{ContractState, Standard};
pub use transfer::{Transfer, TransferKind};
