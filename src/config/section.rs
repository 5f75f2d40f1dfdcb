//! Reading one table: each key is asked for once, by name, with what it allows. What does not fit
//! and what nobody asked for become faults; what does becomes a setting to show.

use std::ops::RangeInclusive;
use std::path::Path;

use secrecy::SecretString;

use super::fault::{Fault, nearest};
use super::origin::Origin;
use super::secret_file;
use super::show::Setting;
use super::tree::{Node, Table};

/// What reading gathers beside the values themselves.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) faults: Vec<Fault>,
    pub(super) settings: Vec<Setting>,
}

/// A table being read. [`Section::finish`] ends it.
pub(super) struct Section<'r, 't> {
    pub(super) reader: &'r mut Reader,
    path: String,
    /// `None` where there is no table to read; why not is already a fault, or nothing is required.
    table: Option<&'t Table>,
    origin: Option<&'t Origin>,
    asked: Vec<&'static str>,
}

impl<'r, 't> Section<'r, 't> {
    /// The table at `path`, which is not there or something else than a table.
    pub(super) fn open(reader: &'r mut Reader, path: &str, node: Option<&'t Node>) -> Self {
        let table = node.and_then(Node::table);
        let mut section = Self {
            reader,
            path: path.to_owned(),
            table,
            origin: node.map(|node| &node.origin),
            asked: Vec::new(),
        };
        if let (Some(node), None) = (node, table) {
            section.push(path.to_owned(), node.kind_found(), "a table", Some(&node.origin));
        }
        section
    }

    /// The whole tree.
    pub(super) fn root(reader: &'r mut Reader, tree: &'t Table) -> Self {
        Self { reader, path: String::new(), table: Some(tree), origin: None, asked: Vec::new() }
    }

    /// Path of a key of this table.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Whether the key is there, right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// The raw value of a key, for tables and lists that are read elsewhere.
    pub(super) fn node(&mut self, key: &'static str) -> Option<&'t Node> {
        self.asked.push(key);
        self.table?.get(key)
    }

    /// The value of a key that has to be there; `None` is always a fault.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        allowed: &str,
        parse: impl FnOnce(&Node) -> Option<T>,
    ) -> Option<T> {
        if self.table.is_some() && !self.has(key) {
            self.push(self.path_of(key), "missing".into(), allowed, self.origin);
        }
        self.optional(key, allowed, parse)
    }

    /// The value of a key that may be left out; `None` where it is, or is faulty.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        allowed: &str,
        parse: impl FnOnce(&Node) -> Option<T>,
    ) -> Option<T> {
        let Some(node) = self.node(key) else {
            self.show(key, None, &Origin::Default);
            return None;
        };
        let parsed = parse(node);
        if parsed.is_some() {
            self.show(key, Some(node.describe()), &node.origin);
        } else {
            self.fault(key, format!("found {}", node.describe()), allowed);
        }
        parsed
    }

    /// The value of a key that has to be there and holds a list of plain values, which are shown.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        allowed: &str,
        parse: impl FnOnce(&[Node]) -> Option<T>,
    ) -> Option<T> {
        let node = self.node(key)?;
        let shown = |items: &[Node]| {
            let items: Vec<String> = items.iter().map(Node::describe).collect();
            format!("[{}]", items.join(", "))
        };
        let items = node.list();
        let parsed = items.and_then(parse);
        match (items, &parsed) {
            (Some(items), Some(_)) => self.show(key, Some(shown(items)), &node.origin),
            (Some(items), None) => self.fault(key, format!("found {}", shown(items)), allowed),
            (None, _) => self.fault(key, format!("found {}", node.describe()), allowed),
        }
        parsed
    }

    /// The value of a key that has a default, given with how it is shown.
    pub(super) fn or<T>(
        &mut self,
        key: &'static str,
        allowed: &str,
        (default, shown): (T, &str),
        parse: impl FnOnce(&Node) -> Option<T>,
    ) -> Option<T> {
        if self.has(key) {
            return self.optional(key, allowed, parse);
        }
        self.asked.push(key);
        self.show(key, Some(format!("{shown:?}")), &Origin::Default);
        Some(default)
    }

    /// A secret: at `key`, or in the file that `twin` names. Neither it nor a part of it is shown.
    pub(super) fn secret(
        &mut self,
        (key, twin): (&'static str, &'static str),
        allowed: &str,
        check: impl FnOnce(&str) -> bool,
    ) -> Option<SecretString> {
        let file = self.optional(twin, "the path of a file", Node::file_path);
        let Some(node) = self.node(key) else {
            self.show(key, None, &Origin::Default);
            return self.secret_of_file(twin, &file?, allowed, check);
        };
        if self.has(twin) {
            self.fault(key, format!("given beside `{twin}`"), "one of the two");
            return None;
        }
        if !node.text().is_some_and(check) {
            self.fault(key, node.kind_found(), allowed);
            return None;
        }
        self.show(key, Some(Setting::HIDDEN.into()), &node.origin);
        node.text().map(SecretString::from)
    }

    fn secret_of_file(
        &mut self,
        twin: &'static str,
        file: &Path,
        allowed: &str,
        check: impl FnOnce(&str) -> bool,
    ) -> Option<SecretString> {
        match secret_file::read(file) {
            Ok(secret) if check(&secret) => Some(secret.into()),
            Ok(_) => {
                let found = "found a text in the file, which is not shown".into();
                self.fault(twin, found, allowed);
                None
            }
            Err(found) => {
                self.fault(twin, found, "a file that holds the secret and nothing else");
                None
            }
        }
    }

    /// A fault of one key.
    pub(super) fn fault(&mut self, key: &str, found: String, allowed: &str) {
        let origin = self.table.and_then(|table| table.get(key)).map(|node| &node.origin);
        self.push(self.path_of(key), found, allowed, origin.or(self.origin));
    }

    /// Every key that nobody asked for is a fault.
    pub(super) fn finish(mut self) {
        let Some(table) = self.table else { return };
        let mut known = self.asked.clone();
        known.sort_unstable();
        for (key, node) in table.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let found = match nearest(key, known.iter().copied()) {
                Some(meant) => format!("unknown key, did you mean `{meant}`?"),
                None => "unknown key".into(),
            };
            let path = self.path_of(&bare_or_quoted(key));
            self.push(path, found, &known.join(", "), Some(&node.origin));
        }
    }

    fn show(&mut self, key: &str, value: Option<String>, origin: &Origin) {
        let path = self.path_of(key);
        self.reader.settings.push(Setting { path, value, origin: origin.clone() });
    }

    fn push(&mut self, path: String, found: String, allowed: &str, origin: Option<&Origin>) {
        let allowed = allowed.to_owned();
        self.reader.faults.push(Fault { path, found, allowed, origin: origin.cloned() });
    }
}

/// A key as TOML would write it, so that a fault stays on its line.
pub(super) fn bare_or_quoted(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !key.is_empty() && key.bytes().all(bare) { key.into() } else { format!("{key:?}") }
}

/// What a whole number allows, in words.
pub(super) fn whole(of: &str, range: &RangeInclusive<i64>) -> String {
    format!("a whole number of {of}, {} to {}", range.start(), range.end())
}
