//! Integration tests: one binary, one module for each area, against real Postgres and real nodes,
//! with what they share in `support`.

mod support;

mod replay;
mod sim;
mod sim_node;
mod sim_rpc;
mod chain;
mod devnet;
mod index;
mod cli;
mod postgres;
