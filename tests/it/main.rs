//! The integration tests: one binary, against real Postgres.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

mod api;
mod postgres;
