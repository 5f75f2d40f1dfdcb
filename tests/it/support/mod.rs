//! What several areas of tests need.

pub(crate) mod database;
