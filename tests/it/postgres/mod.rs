//! The embedded cluster. Runs as root and as an ordinary user; what differs between them is tested
//! for whichever it is.

mod life;
mod refused;

use std::path::Path;

use herald::config::Embedded;

use crate::support::folder::Folder;

fn embedded(home: &Path) -> Embedded {
    Embedded { data_dir: Some(home.to_owned()), binaries: None, user: None }
}
