//! The layers as one tree of values, each with its origin. A tree holds secrets, so nothing in it
//! can be printed but by [`Node::describe`].

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::origin::Origin;

/// Keys of a table, in their order.
pub(super) type Table = BTreeMap<String, Node>;

/// A value and where it comes from.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// A value before anybody has asked what it means.
#[derive(Clone)]
pub(super) enum Value {
    Table(Table),
    List(Vec<Node>),
    Text(String),
    Integer(i64),
    Boolean(bool),
    /// A kind of value that no key takes, in words.
    Other(&'static str),
}

/// Longest path that Linux opens (`PATH_MAX`).
const PATH_BYTES_MAX: usize = 4096;

/// Longest text that a fault repeats; more would hide the rest of the line.
const SHOWN_CHARS_MAX: usize = 60;

impl Node {
    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number in `range`; environment variables hold it as text.
    pub(super) fn integer(&self, range: &RangeInclusive<i64>) -> Option<i64> {
        let number = match (&self.value, &self.origin) {
            (Value::Integer(number), _) => *number,
            (Value::Text(text), Origin::Variable(_)) => text.parse().ok()?,
            _ => return None,
        };
        range.contains(&number).then_some(number)
    }

    /// The boolean; environment variables hold it as text.
    pub(super) fn boolean(&self) -> Option<bool> {
        match (&self.value, &self.origin) {
            (Value::Boolean(boolean), _) => Some(*boolean),
            (Value::Text(text), Origin::Variable(_)) => text.parse().ok(),
            _ => None,
        }
    }

    /// A path of the file system.
    pub(super) fn file_path(&self) -> Option<PathBuf> {
        let text = self.text()?;
        let sound = !text.is_empty() && text.len() <= PATH_BYTES_MAX && !text.contains('\0');
        sound.then(|| text.into())
    }

    /// The items, where it is a list.
    pub(super) fn list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The keys, where it is a table.
    pub(super) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// What kind of value this is, without the value.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Table(_) => "a table",
            Value::List(_) => "a list",
            Value::Text(text) if text.is_empty() => "an empty text",
            Value::Text(_) => "a text",
            Value::Integer(_) => "a whole number",
            Value::Boolean(_) => "a boolean",
            Value::Other(kind) => kind,
        }
    }

    /// What was found where a secret or a structure belongs, without the value.
    pub(super) fn kind_found(&self) -> String {
        format!("found {}, which is not shown", self.kind())
    }

    /// The value of a public key in words. A text with `://` in it is not shown: URLs hold
    /// credentials, and this one may stand at the wrong key.
    pub(super) fn describe(&self) -> String {
        match &self.value {
            Value::Text(text) if text.contains("://") => "a URL, which is not shown".into(),
            Value::Text(text) if text.chars().count() > SHOWN_CHARS_MAX => {
                let start: String = text.chars().take(SHOWN_CHARS_MAX).collect();
                format!("{start:?}…")
            }
            Value::Text(text) => format!("{text:?}"),
            Value::Integer(number) => number.to_string(),
            Value::Boolean(boolean) => boolean.to_string(),
            _ => self.kind().into(),
        }
    }
}

/// Lays `above` over `below`: tables key by key, everything else replaced.
pub(super) fn merge(below: &mut Table, above: Table) {
    for (key, node) in above {
        match (below.get_mut(&key).map(|there| &mut there.value), node.value) {
            (Some(Value::Table(lower)), Value::Table(upper)) => merge(lower, upper),
            (_, value) => {
                below.insert(key, Node { value, origin: node.origin });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(value: Value) -> Node {
        Node { value, origin: Origin::Default }
    }

    #[test]
    fn an_upper_layer_replaces_values_and_joins_tables() {
        let mut below = Table::from([(
            "http".into(),
            node(Value::Table(Table::from([
                ("a".into(), node(Value::Integer(1))),
                ("b".into(), node(Value::Integer(2))),
            ]))),
        )]);
        let above = Table::from([(
            "http".into(),
            node(Value::Table(Table::from([("b".into(), node(Value::Integer(3)))]))),
        )]);
        merge(&mut below, above);
        let http = below["http"].table().unwrap();
        assert_eq!(http["a"].integer(&(0..=9)), Some(1));
        assert_eq!(http["b"].integer(&(0..=9)), Some(3));
    }

    #[test]
    fn only_variables_hold_numbers_and_booleans_as_text() {
        let text = |text: &str| Value::Text(text.into());
        let variable = |value| Node { value, origin: Origin::Variable("HERALD_X__Y".into()) };
        assert_eq!(node(text("5")).integer(&(0..=9)), None);
        assert_eq!(variable(text("5")).integer(&(0..=9)), Some(5));
        assert_eq!(variable(text("10")).integer(&(0..=9)), None);
        assert_eq!(node(text("true")).boolean(), None);
        assert_eq!(variable(text("true")).boolean(), Some(true));
        assert_eq!(variable(text("yes")).boolean(), None);
    }

    #[test]
    fn descriptions_are_short_and_hide_urls() {
        let text = |text: &str| node(Value::Text(text.into())).describe();
        assert_eq!(text("a\nb"), "\"a\\nb\"");
        assert_eq!(text("https://user:secret@x"), "a URL, which is not shown");
        assert!(text(&"x".repeat(1000)).chars().count() < 70);
        assert_eq!(node(Value::List(vec![])).describe(), "a list");
    }
}
