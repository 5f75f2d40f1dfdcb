//! Herald: an NFT indexer and chain-sync daemon. One binary beside a Postgres follows NFT
//! contracts on many EVM chains, keeps who owns what and how it got there, and answers over HTTP.
//!
//! The modules, in reading order: what things are, what an operator decides, the three edges that
//! do not know each other (nodes, tables, people), the workflows between them, and the parts that
//! put it all together.

pub mod types;
pub mod config;
pub mod telemetry;
pub mod chain;
pub mod decode;
pub mod store;
pub mod work;
pub mod index;
pub mod pin;
pub mod upkeep;
pub mod merkle;
pub mod account;
pub mod api;
pub mod postgres;
#[cfg(feature = "dev")]
pub mod devnet;
pub mod supervisor;
pub mod app;
pub mod cli;
