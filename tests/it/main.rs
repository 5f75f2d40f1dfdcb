//! Integration tests: one binary, one module for each area, against real Postgres and real nodes,
//! with what they share in `support`.
#![expect(
    clippy::unwrap_used,
    reason = "clippy's exemption for tests does not reach their helpers"
)]

mod support;

mod replay;
mod brute;
mod worlds;
mod comparison;
mod sim;
mod sim_node;
mod sim_rpc;
mod chain;
mod devnet;
mod index;
mod real;
mod api;
mod progress;
mod views;
mod read_replica;
mod cli;
mod postgres;
mod documents;
mod decode;
mod merkle;
mod readme;
mod guides;
mod daemon;
