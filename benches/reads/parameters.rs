//! The parameters of a statement: how the server's log lists them, and which part of a key each holds.

use crate::keys::{Dataset, Key};

/// A parameter of a statement.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// Its type.
    pub(crate) kind: String,
    /// What it holds.
    pub(crate) known: Known,
}

/// What a parameter holds, whatever the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing.
    Null,
    /// The same text.
    Same(String),
    /// A part of the key, as `pgbench` makes it.
    Part(String),
}

/// What the values of a parameter for these keys have in common.
pub(crate) fn known(dataset: &Dataset, keys: &[Key], values: &[Option<String>]) -> Option<Known> {
    let first = values.first()?;
    if values.iter().all(|value| value == first) {
        return Some(first.clone().map_or(Known::Null, Known::Same));
    }
    let texts: Vec<&str> = values.iter().map(Option::as_deref).collect::<Option<_>>()?;
    let listed: Option<Vec<&str>> = texts
        .iter()
        .map(|text| text.strip_prefix('{').and_then(|text| text.strip_suffix('}')))
        .collect();
    let (texts, list) = match listed {
        Some(inner) => (inner, true),
        None => (texts, false),
    };
    let parts: Vec<_> = keys.iter().map(|key| dataset.values(*key)).collect();
    let fits = |part: &usize| texts.iter().zip(&parts).all(|(text, of)| *text == of[*part].0);
    let part = (0..parts.first()?.len()).find(fits)?;
    let expression = parts[0][part].1;
    Some(Known::Part(if list { format!("array[{expression}]") } else { expression.to_owned() }))
}

/// Takes `$1 = '…', $2 = NULL` apart; a quote within a value is doubled.
pub(crate) fn listed(list: &str) -> Vec<Option<String>> {
    let (mut values, mut rest) = (Vec::new(), list);
    while let Some((_, value)) = rest.split_once(" = ") {
        let Some(quoted) = value.strip_prefix('\'') else {
            values.push(None);
            rest = value;
            continue;
        };
        let mut end = 0;
        while let Some(at) = quoted[end..].find('\'') {
            end += at;
            if !quoted[end + 1..].starts_with('\'') {
                break;
            }
            end += 2;
        }
        values.push(Some(quoted[..end].replace("''", "'")));
        rest = &quoted[end..];
    }
    values
}
