//! Presets of well-known chains, `config/chains.toml`, laid under what the operator says.

use super::fault::{Fault, Faults, nearest};
use super::file::{Source, parse};
use super::origin::Origin;
use super::tree::{Node, Table, Value, merge};

/// Embedded, so that the binary is whole.
const TEXT: &str = include_str!("../../config/chains.toml");

/// What holds for a chain that has no preset of its own; may be named to refuse one.
const NONE: &str = "none";

/// Every preset by name.
pub(super) struct Presets(Table);

impl Presets {
    /// The embedded presets.
    pub(super) fn embedded() -> Result<Self, Faults> {
        parse(TEXT, &Source::Presets).map(Self)
    }

    /// The keys of a preset.
    pub(super) fn get(&self, name: &str) -> Option<&Table> {
        self.0.get(name).and_then(Node::table)
    }

    /// Every name, in words.
    pub(super) fn allowed(&self) -> String {
        self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// What the id of a chain without preset has to be, and the preset that was probably meant.
    pub(super) fn id_allowed(&self, name: &str) -> String {
        let number = "the chain's number, such as 8453";
        match nearest(name, self.0.keys().map(String::as_str)) {
            Some(meant) => format!("{number}, or a preset; did you mean the preset `{meant}`?"),
            None => format!("{number}, or a preset ({})", self.allowed()),
        }
    }

    /// Lays the preset of each chain under it: the one it names, else the one of its own name,
    /// else what holds for any chain.
    pub(super) fn lay_under(&self, tree: &mut Table, faults: &mut Vec<Fault>) {
        let Some(Value::Table(chains)) = tree.get_mut("chains").map(|node| &mut node.value) else {
            return;
        };
        for (name, node) in chains {
            let Value::Table(chain) = &mut node.value else { continue };
            let own = if self.0.contains_key(name) { name } else { NONE };
            let default = Node { value: Value::Text(own.to_owned()), origin: Origin::Default };
            let named = chain.entry("preset".into()).or_insert(default).text();
            let preset = named.unwrap_or(NONE).to_owned();
            let below = self.get(&preset).or_else(|| self.get(NONE)).cloned().unwrap_or_default();
            faults.extend(id_fault(name, &preset, chain.get("id"), below.get("id")));
            let above = std::mem::replace(chain, below);
            merge(chain, above);
        }
    }
}

/// A preset for one chain under the id of another would be wrong in everything it knows.
fn id_fault(
    name: &str,
    preset: &str,
    stated: Option<&Node>,
    known: Option<&Node>,
) -> Option<Fault> {
    let any = 0..=i64::MAX;
    let (stated, known) = (stated?, known?.integer(&any)?);
    let number = stated.integer(&any).filter(|number| *number != known)?;
    Some(Fault {
        path: format!("chains.{name}.id"),
        found: format!("found {number}, but the preset `{preset}` is of chain {known}"),
        allowed: format!("{known}, or no id, or `preset = \"{NONE}\"`"),
        origin: Some(stated.origin.clone()),
    })
}
