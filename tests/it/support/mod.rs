//! What several areas of tests need.

pub(crate) mod database;
pub(crate) mod seed;
