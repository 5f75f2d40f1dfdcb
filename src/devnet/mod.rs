//! devnet
pub mod node;
pub mod contracts;
pub mod actions;
pub mod traffic;
pub mod anvil;
pub mod leftovers;
