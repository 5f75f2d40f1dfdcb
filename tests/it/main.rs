//! Integration tests: one binary, one module for each area, against real Postgres and real nodes.

mod support;

mod cli;
mod devnet;
mod postgres;
