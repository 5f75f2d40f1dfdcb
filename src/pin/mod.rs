//! Where metadata is kept: the nodes that hold pinned content.
//!
//! `kubo` is the only speaker of Kubo's RPC API.

pub mod kubo;
