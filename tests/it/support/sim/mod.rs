//! A simulated EVM chain: deterministic by seed, with valid headers, forks and faults.
//!
//! Reading order: `logs` builds what contracts emit, `block` seals transactions into a valid
//! block, `chain` is the tree of blocks with one canonical branch, `tags` its finality. `faults`
//! are the ways in which one node misbehaves and `view` what it answers then; `node` is that node
//! behind `trait Chain`, `rpc`, `json` and `serve` the same node over JSON-RPC on loopback.
//! `cast` names contracts and wallets, `custody` knows who holds what at the head, and `traffic`
//! invents transfers that respect it, of kinds that `weights` choose. `world` holds all of it
//! together, to be moved by random `steps`.

mod logs;
mod block;
mod chain;
mod tags;
mod faults;
mod view;
mod node;
mod json;
mod rpc;
mod serve;
mod cast;
mod custody;
mod weights;
mod traffic;
mod world;
mod steps;

pub(crate) use block::{Move, SimBlock, SimTx};
pub(crate) use cast::{coin, tracked, wallets};
pub(crate) use chain::SimChain;
pub(crate) use faults::Flaky;
pub(crate) use logs::{anonymous, approval, erc20_transfer, erc721_transfer, transfer_with_data};
pub(crate) use node::SimNode;
pub(crate) use serve::{Served, serve, serve_at};
pub(crate) use steps::Step;
pub(crate) use tags::{Tag, Tags};
pub(crate) use weights::Weights;
pub(crate) use world::World;
