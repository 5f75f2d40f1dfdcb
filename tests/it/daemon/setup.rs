//! A configuration file for the daemon, in a folder of its own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use alloy::primitives::Address;
use secrecy::ExposeSecret as _;

use crate::support::database::TestDatabase;
use crate::support::folder::Folder;

/// Everything that moves the daemon is in its log: passes, and the statements they make.
pub(super) const TALKATIVE: &str = "info,herald=debug,sqlx::query=debug";

/// A chain whose blocks come as fast as a test makes them.
pub(super) const FAST: &str = "block_time_ms = 100\n";

/// A folder, and the text of the file in it.
pub(super) struct Setup {
    pub(super) folder: Folder,
    text: String,
}

impl Setup {
    /// On a database of the test cluster.
    pub(super) fn on(database: &TestDatabase) -> Self {
        Self::with(&format!("url = '{}'\n", database.url.expose_secret()))
    }

    /// On a private Postgres in the folder.
    pub(super) fn embedded() -> Self {
        let mut setup = Self::with("embedded = true\n");
        let home = format!("data_dir = '{}'\n", setup.home().display());
        setup.text += &home;
        setup
    }

    /// With these lines in `[database]`, which is the last table of the text.
    pub(super) fn with(database: &str) -> Self {
        let text = format!(
            "[http]\nlisten = '127.0.0.1:0'\n[log]\nformat = 'json'\nfilter = '{TALKATIVE}'\n\
             [database]\n{database}"
        );
        Self { folder: Folder::new(), text }
    }

    /// Home of the private Postgres.
    pub(super) fn home(&self) -> PathBuf {
        let folder = self.folder.path().canonicalize().expect("it exists");
        folder.join("postgres")
    }

    /// Adds a chain; `rules` are further lines of its table.
    pub(super) fn chain(&mut self, name: &str, id: u64, endpoints: &[&str], rules: &str) {
        let endpoints = endpoints.join(", ");
        writeln!(self.text, "[chains.{name}]\nid = {id}\nendpoints = [{endpoints}]\n{rules}")
            .expect("a string takes everything");
    }

    /// Adds ERC-721 contracts to a chain, all from `start` on.
    pub(super) fn contracts(&mut self, chain: &str, contracts: &[Address], start: u64) {
        for contract in contracts {
            self.unstated(chain, *contract, start);
            writeln!(self.text, "standard = 'erc721'").expect("a string takes everything");
        }
    }

    /// Adds a contract whose logs have to show its standard.
    pub(super) fn unstated(&mut self, chain: &str, contract: Address, start: u64) {
        writeln!(
            self.text,
            "[[chains.{chain}.contracts]]\naddress = '{contract:#x}'\nstart_block = {start}"
        )
        .expect("a string takes everything");
    }

    /// Replaces a part of the text, which must be there.
    pub(super) fn replace(&mut self, old: &str, new: &str) {
        assert!(self.text.contains(old), "{old} is not in {}", self.text);
        self.text = self.text.replace(old, new);
    }

    /// Writes the file and answers where it is. Whoever reads it meanwhile reads all of it.
    pub(super) fn file(&self) -> PathBuf {
        let path = self.folder.path().join("herald.toml");
        let new = self.folder.path().join("new.toml");
        std::fs::write(&new, &self.text).expect("a folder of this test");
        std::fs::rename(&new, &path).expect("a folder of this test");
        path
    }

    /// Where it keeps its files.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// An endpoint by its URL alone.
pub(super) fn url(url: &str) -> String {
    format!("'{url}'")
}

/// An endpoint with a name.
pub(super) fn named(name: &str, url: &str) -> String {
    format!("{{ name = '{name}', url = '{url}' }}")
}
