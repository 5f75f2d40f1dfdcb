//! What Herald finds around itself without being configured: the search path, the user's folder
//! for data, and where the set-up script puts tools. These are no settings; `database.*` and
//! `dev.*` override what is found here.

use std::path::PathBuf;

/// Folder below which the set-up script keeps what it fetched.
const TOOLS: &str = ".tools";

/// The folders of `PATH`, in order; the relative ones are left out, because what they mean
/// depends on where Herald was started.
#[expect(clippy::disallowed_methods, reason = "config is the reader of the environment")]
pub fn search_path() -> Vec<PathBuf> {
    let Some(path) = std::env::var_os("PATH") else { return Vec::new() };
    std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect()
}

/// Where this user's programs keep data: `$XDG_DATA_HOME`, else `$HOME/.local/share` (XDG Base
/// Directory Specification 0.8). `None` for a user without a home.
#[expect(clippy::disallowed_methods, reason = "config is the reader of the environment")]
pub fn data_home() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")))
}

/// The `.tools` folders that exist: of the current directory, then of the folders above the
/// running program, nearest first.
pub fn tools_dirs() -> Vec<PathBuf> {
    let current = std::env::current_dir().ok();
    let program = std::env::current_exe().ok();
    let above = program.iter().flat_map(|program| program.ancestors().skip(1));
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in current.as_deref().into_iter().chain(above).map(|folder| folder.join(TOOLS)) {
        if folder.is_dir() && !found.contains(&folder) {
            found.push(folder);
        }
    }
    found
}
