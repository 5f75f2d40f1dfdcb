//! The integration tests: one binary, against real Postgres.

mod support;

mod postgres;
