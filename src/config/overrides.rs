//! `HERALD_SECTION__KEY` variables laid over the tree.
//!
//! Only names that start with `HERALD_` and have `__` in them are Herald's: Kubernetes injects
//! `HERALD_PORT`, `HERALD_SERVICE_HOST` and the like beside a service of that name.

use super::fault::Fault;
use super::origin::Origin;
use super::tree::{Node, Table, Value};

const PREFIX: &str = "HERALD_";
const SEPARATOR: &str = "__";

/// Sets a scalar key for each variable that is Herald's, in the order of the names.
pub(super) fn apply(
    tree: &mut Table,
    variables: impl IntoIterator<Item = (String, String)>,
    faults: &mut Vec<Fault>,
) {
    let mut ours: Vec<(String, String)> = variables
        .into_iter()
        .filter(|(name, _)| name.strip_prefix(PREFIX).is_some_and(|rest| rest.contains(SEPARATOR)))
        .collect();
    ours.sort();
    for (name, value) in ours {
        let keys = name[PREFIX.len()..].to_ascii_lowercase();
        let keys: Vec<&str> = keys.split(SEPARATOR).collect();
        let origin = Origin::Variable(name.as_str().into());
        if let Err(kind) = set(tree, &keys, Node { value: Value::Text(value), origin }) {
            faults.push(Fault {
                path: keys.join("."),
                found: format!("leads to {kind}"),
                allowed: "variables set keys with one value; lists belong in the file".into(),
                origin: Some(Origin::Variable(name.into())),
            });
        }
    }
}

/// Sets the key at the end of `keys`; the error is the kind of value that is in the way.
fn set(tree: &mut Table, keys: &[&str], node: Node) -> Result<(), &'static str> {
    let (last, above) = keys.split_last().expect("splitting a text gives at least one part");
    let mut table = tree;
    for key in above {
        let key = existing(table, key);
        let empty = || Node { value: Value::Table(Table::new()), origin: node.origin.clone() };
        let next = table.entry(key).or_insert_with(empty);
        let kind = next.kind();
        match &mut next.value {
            Value::Table(inner) => table = inner,
            _ => return Err(kind),
        }
    }
    let key = existing(table, last);
    match table.get(&key) {
        Some(there) if matches!(there.value, Value::Table(_) | Value::List(_)) => Err(there.kind()),
        _ => {
            table.insert(key, node);
            Ok(())
        }
    }
}

/// The key of `table` that a variable's word means: names of chains hold hyphens, which names of
/// variables cannot.
fn existing(table: &Table, word: &str) -> String {
    let hyphened = word.replace('_', "-");
    let key = if table.contains_key(&hyphened) { hyphened.as_str() } else { word };
    key.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::file::{Source, parse};
    use super::*;

    fn applied(variables: &[(&str, &str)]) -> (Table, Vec<String>) {
        let text = "[http]\nlisten = \"a\"\n[chains.base-sepolia]\nid = 1\nendpoints = [\"x\"]\n";
        let mut tree = parse(text, &Source::File("f".into())).unwrap();
        let mut faults = Vec::new();
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        apply(&mut tree, variables, &mut faults);
        (tree, faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_variable_sets_the_key_its_name_spells() {
        let (tree, faults) = applied(&[
            ("HERALD_HTTP__LISTEN", "b"),
            ("HERALD_CHAINS__BASE_SEPOLIA__RANGE_MAX", "7"),
            ("HERALD_CHAINS__NEW__ID", "5"),
        ]);
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(tree["http"].table().unwrap()["listen"].text(), Some("b"));
        let chains = tree["chains"].table().unwrap();
        let range = &chains["base-sepolia"].table().unwrap()["range_max"];
        assert_eq!(range.integer(&(0..=9)), Some(7));
        assert_eq!(range.origin.to_string(), "HERALD_CHAINS__BASE_SEPOLIA__RANGE_MAX");
        assert!(chains.contains_key("new"));
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        let others =
            [("HERALD_PORT", "tcp://x"), ("HERALD_CONFIG", "f"), ("PATH", "/"), ("X__Y", "1")];
        let (tree, faults) = applied(&others);
        assert_eq!((tree.len(), faults.len()), (2, 0));
    }

    #[test]
    fn lists_tables_and_keys_below_values_are_faults() {
        let (_, faults) = applied(&[
            ("HERALD_CHAINS__BASE_SEPOLIA__ENDPOINTS", "https://secret"),
            ("HERALD_CHAINS__BASE_SEPOLIA__ENDPOINTS__0__URL", "https://secret"),
            ("HERALD_CHAINS__BASE_SEPOLIA", "x"),
            ("HERALD_HTTP__LISTEN__PORT", "1"),
        ]);
        assert_eq!(faults.len(), 4, "{faults:?}");
        assert!(faults[0].starts_with("chains.base_sepolia: leads to a table; "), "{faults:?}");
        assert!(faults.iter().all(|fault| !fault.contains("secret")), "{faults:?}");
    }
}
