//! Herald's pure modules without the rest of it, which would take minutes to build.

#[path = "../../src/decode/mod.rs"]
pub mod decode;
#[path = "../../src/types/mod.rs"]
pub mod types;
