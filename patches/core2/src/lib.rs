//! `std::io` and `std::error` under the paths of the yanked `core2` crate, which
//! `ipfs-api-backend-hyper` still asks for (docs/decisions/0002-ipfs-api-backend-hyper.md).

pub use std::error;
pub use std::io;
