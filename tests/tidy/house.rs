//! The files that are checked: those of this checkout, or a few lines made up to see a check
//! complain.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::tokens::{Token, tokens};

/// Folders whose files are read, beside the files at the top.
const FOLDERS: [&str; 8] =
    ["abi", "benches", "config", "contracts", "docs", "migrations", "src", "tests"];

/// Endings of the files that are read.
const ENDINGS: [&str; 6] = ["json", "md", "rs", "sol", "sql", "toml"];

/// Text by path; paths are relative to the top, with `/`.
pub(crate) struct House(BTreeMap<String, String>);

impl House {
    /// This checkout.
    pub(crate) fn real() -> Self {
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut house = Self(BTreeMap::new());
        house.read(top, "", false);
        for folder in FOLDERS {
            house.read(top, folder, true);
        }
        house
    }

    /// A house of these paths and texts.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    fn read(&mut self, top: &Path, folder: &str, deep: bool) {
        // A folder that is not there holds nothing; whether it must be there, `manifest` says.
        let Ok(entries) = fs::read_dir(top.join(folder)) else { return };
        for entry in entries {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().expect("names are UTF-8");
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if entry.file_type().unwrap().is_dir() {
                if deep && name != "node_modules" && !name.starts_with('.') {
                    self.read(top, &path, true);
                }
            } else if ENDINGS.iter().any(|ending| path.ends_with(&format!(".{ending}"))) {
                self.0.insert(path, fs::read_to_string(entry.path()).unwrap());
            }
        }
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Paths and texts of the files under a folder (`src/`) with an ending (`.rs`).
    pub(crate) fn files<'a>(
        &'a self,
        under: &'a str,
        ending: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let chosen = move |path: &str| path.starts_with(under) && path.ends_with(ending);
        self.0
            .iter()
            .filter(move |(path, _)| chosen(path))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The Rust files under a folder, taken apart.
    pub(crate) fn code<'a>(
        &'a self,
        under: &'a str,
    ) -> impl Iterator<Item = (&'a str, Vec<Token>)> {
        self.files(under, ".rs").map(|(path, text)| (path, tokens(path, text)))
    }
}
