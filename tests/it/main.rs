//! Integration tests: one binary, one module for each area, with what they share in `support`.

mod support;
mod replay;
mod sim;
mod sim_node;
mod sim_rpc;
