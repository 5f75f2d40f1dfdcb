//! A simulated EVM chain: deterministic by seed, with valid headers, forks and faults.
//!
//! Reading order: `cast` names contracts and wallets, `logs` builds what contracts emit and
//! `lookalikes` what only looks like it, `block` seals transactions into a valid block, `chain` is
//! the tree of blocks with one canonical branch, `tags` its finality. `faults` are the ways in
//! which one node misbehaves and `view` what it answers then, `answer` for its contracts; `node` is
//! that node behind `trait Chain`, `rpc`, `json` and `serve` the same node over JSON-RPC on loopback. `custody` knows
//! who holds what at the head, and `traffic` invents transfers of kinds that `weights` choose:
//! `singles`, `ranges` and `amounts`. `world` holds all of it together, to be moved by random
//! `steps`.

mod cast;
mod logs;
mod lookalikes;
mod block;
mod chain;
mod tags;
mod faults;
mod view;
mod answer;
mod node;
mod json;
mod rpc;
mod serve;
mod custody;
mod weights;
mod traffic;
mod singles;
mod ranges;
mod amounts;
mod world;
mod steps;

pub(crate) use block::{Move, SimBlock, SimTx};
pub(crate) use cast::{Contract, Sort, coin, tracked, wallets};
pub(crate) use chain::SimChain;
pub(crate) use faults::Flaky;
pub(crate) use logs::{
    Layout, bare_transfer, consecutive_transfer, erc721_transfer, from_only_transfer,
    in_data_transfer, sprawling_batch, sprawling_single, transfer_batch, transfer_single,
};
pub(crate) use lookalikes::{
    all as lookalikes, anonymous, approval, erc20_transfer, transfer_with_data,
};
pub(crate) use node::SimNode;
pub(crate) use serve::{Served, serve, serve_at};
pub(crate) use steps::Step;
pub(crate) use tags::{Tag, Tags};
pub(crate) use weights::Weights;
pub(crate) use world::World;
