//! A TOML text becomes a tree in which every value knows its line. Syntax faults are told with line
//! and column, and without the line's text: it may hold a secret.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeInteger, DeTable, DeValue, Error};

use super::fault::{Fault, Faults};
use super::origin::Origin;
use super::tree::{Node, Table, Value};

/// Largest configuration file: room for the contracts that one file may name, and a bound for a
/// device or a database dump named by mistake.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Whose text is parsed: decides the origin of its values.
#[derive(Clone)]
pub(super) enum Source {
    /// `config/default.toml`.
    Default,
    /// `config/chains.toml`.
    Presets,
    /// The operator's file of this name.
    File(Arc<str>),
}

/// Reads the operator's file.
pub(super) fn read(path: &Path) -> Result<String, Faults> {
    super::secret_file::read_capped(path, FILE_BYTES_MAX).map_err(|found| {
        let path = path.display().to_string();
        Faults(vec![Fault { path, found, allowed: "a readable TOML file".into(), origin: None }])
    })
}

/// Parses a text; all its syntax faults at once.
pub(super) fn parse(text: &str, source: &Source) -> Result<Table, Faults> {
    let lines = Lines::of(text, source);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(lines.table(table.get_ref()));
    }
    let place = |error: &Error| lines.place(text, error.span().map_or(0, |span| span.start));
    let mut errors: Vec<_> = errors.iter().map(|error| (place(error), error.message())).collect();
    errors.sort_unstable();
    let fault = |((line, column), message): ((usize, usize), &str)| Fault {
        path: format!("{}:{line}:{column}", source.name()),
        found: format!("invalid TOML: {}", message.replace('\n', ", ")),
        allowed: String::new(),
        origin: None,
    };
    Err(Faults(errors.into_iter().map(fault).collect()))
}

impl Source {
    fn name(&self) -> &str {
        match self {
            Self::Default => "config/default.toml",
            Self::Presets => "config/chains.toml",
            Self::File(name) => name,
        }
    }
}

/// Where the lines of a text begin, in bytes.
struct Lines<'s> {
    starts: Vec<usize>,
    source: &'s Source,
}

impl<'s> Lines<'s> {
    fn of(text: &str, source: &'s Source) -> Self {
        let starts = text.match_indices('\n').map(|(newline, _)| newline + 1);
        Self { starts: std::iter::once(0).chain(starts).collect(), source }
    }

    /// Line and column of a byte, both counted from 1.
    fn place(&self, text: &str, byte: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= byte);
        let before = text.get(self.starts[line - 1]..byte).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    fn origin(&self, span: &Range<usize>) -> Origin {
        match self.source {
            Source::Default => Origin::Default,
            Source::Presets => Origin::Preset,
            Source::File(name) => Origin::File {
                name: Arc::clone(name),
                line: self.starts.partition_point(|start| *start <= span.start),
            },
        }
    }

    fn table(&self, table: &DeTable<'_>) -> Table {
        table
            .iter()
            .map(|(key, value)| {
                // The key's place, not the value's: a table opened by a header has no text itself.
                let origin = self.origin(&key.span());
                let value = self.value(value.get_ref());
                (key.get_ref().to_string(), Node { value, origin })
            })
            .collect()
    }

    fn value(&self, value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(integer) => {
                whole(integer).map_or(Value::Other("a number beyond 64 bits"), Value::Integer)
            }
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Float(_) => Value::Other("a number with a fraction"),
            DeValue::Datetime(_) => Value::Other("a time"),
            DeValue::Array(items) => Value::List(
                items
                    .iter()
                    .map(|item| Node {
                        value: self.value(item.get_ref()),
                        origin: self.origin(&item.span()),
                    })
                    .collect(),
            ),
            DeValue::Table(table) => Value::Table(self.table(table)),
        }
    }
}

fn whole(integer: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Source {
        Source::File("a.toml".into())
    }

    #[test]
    fn values_know_their_line() {
        let text = "a = 1\n\n[t]\nb = [\n  \"x\",\n]\n[[t.c]]\nd = 0x10\n";
        let tree = parse(text, &file()).unwrap();
        let line = |node: &Node| node.origin.to_string();
        assert_eq!(line(&tree["a"]), "a.toml:1");
        let t = tree["t"].table().unwrap();
        assert_eq!(line(&tree["t"]), "a.toml:3");
        let Value::List(b) = &t["b"].value else { panic!("b is a list") };
        assert_eq!(line(&b[0]), "a.toml:5");
        let Value::List(c) = &t["c"].value else { panic!("c is a list") };
        let d = &c[0].table().unwrap()["d"];
        assert_eq!((line(d), d.integer(&(0..=99))), ("a.toml:8".into(), Some(16)));
    }

    #[test]
    fn syntax_faults_have_line_and_column_and_no_text_of_the_line() {
        let text = "a = 1\nurl = https://user:hunter2@x\n\na = 2\n";
        let faults = parse(text, &file()).err().unwrap().to_string();
        assert!(faults.contains("a.toml:2:7: invalid TOML: "), "{faults}");
        assert!(faults.contains("a.toml:4:1: invalid TOML: "), "{faults}");
        assert!(!faults.contains("hunter2"), "{faults}");
    }

    #[test]
    fn values_that_no_key_takes_are_named_by_kind() {
        let text = "a = 1.5\nb = 1979-05-27\nc = 99999999999999999999\n";
        let tree = parse(text, &file()).unwrap();
        let kinds: Vec<_> = tree.values().map(Node::kind).collect();
        assert_eq!(kinds, ["a number with a fraction", "a time", "a number beyond 64 bits"]);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_fault_with_its_name() {
        let fault = read(Path::new("/nonexistent/herald.toml")).unwrap_err().to_string();
        assert!(fault.starts_with("/nonexistent/herald.toml: "), "{fault}");
    }
}
