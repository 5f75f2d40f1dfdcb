//! The layers, lowest first: `config/default.toml`, the presets of chains, the operator's file,
//! environment variables.

use std::path::Path;

use super::fault::Faults;
use super::file::{self, Source};
use super::preset::Presets;
use super::section::{Reader, Section};
use super::show::Setting;
use super::tree::{Table, merge};
use super::{Config, Origin, chain, database, dev, http, log, overrides, pin, roles};

/// The documentation of every key, which is also the lowest layer.
const DEFAULT: &str = include_str!("../../config/default.toml");

/// A configuration without a fault.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What the parts of Herald receive.
    pub config: Config,
    /// What `herald config show` prints.
    pub settings: Vec<Setting>,
}

impl Loaded {
    /// Whether nobody but the defaults has decided the key `path`.
    pub fn is_default(&self, path: &str) -> bool {
        let decided = self.settings.iter().find(|setting| setting.path == path);
        decided.is_none_or(|setting| setting.origin == Origin::Default)
    }
}

/// Loads the configuration from the operator's file, if there is one, and these variables.
///
/// # Errors
///
/// Every fault at once; an unreadable file or broken TOML hides those of the layers above it.
pub fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Faults> {
    match file {
        Some(path) => load_text(&path.display().to_string(), &file::read(path)?, variables),
        None => read(defaults()?, variables),
    }
}

/// Loads the configuration from the text of a file called `name`, and these variables.
///
/// # Errors
///
/// As [`load`].
pub fn load_text(
    name: &str,
    text: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Faults> {
    let mut tree = defaults()?;
    merge(&mut tree, file::parse(text, &Source::File(name.into()))?);
    read(tree, variables)
}

fn defaults() -> Result<Table, Faults> {
    file::parse(DEFAULT, &Source::Default)
}

fn read(
    mut tree: Table,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Faults> {
    let presets = Presets::embedded()?;
    let mut reader = Reader::default();
    overrides::apply(&mut tree, variables, &mut reader.faults);
    presets.lay_under(&mut tree, &mut reader.faults);
    match sections(&mut reader, &tree, &presets) {
        Some(config) if reader.faults.is_empty() => {
            Ok(Loaded { config, settings: reader.settings })
        }
        _ => Err(Faults(reader.faults)),
    }
}

/// Reads every section, also after a fault; `None` always left a fault in `reader`.
fn sections(reader: &mut Reader, tree: &Table, presets: &Presets) -> Option<Config> {
    let mut root = Section::root(reader, tree);
    let roles = roles::read(&mut root);
    let node = root.node("http");
    let http = http::read(root.reader, node);
    let node = root.node("database");
    let database = database::read(root.reader, node);
    let node = root.node("log");
    let log = log::read(root.reader, node);
    let node = root.node("dev");
    let dev = dev::read(root.reader, node);
    let node = root.node("pin");
    let pin = pin::read(root.reader, node);
    let node = root.node("chains");
    let chains = chain::read(root.reader, node, presets);
    root.finish();
    Some(Config {
        roles: roles?,
        http: http?,
        database: database?,
        log: log?,
        chains: chains?,
        dev: dev?,
        pin: pin?,
    })
}
