//! The effective configuration in words: every key with its value and where that comes from.

use super::origin::Origin;

/// One key of the effective configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key, such as `chains.ethereum.endpoints[0].name`.
    pub path: String,
    /// The value as TOML writes it; [`Setting::HIDDEN`] for a secret, `None` where it is not set.
    pub value: Option<String>,
    /// The layer that decided it.
    pub origin: Origin,
}

impl Setting {
    /// What stands for a secret.
    pub const HIDDEN: &str = "(hidden)";
}

/// One line a setting, values and origins in columns: `path = value  # origin`. Keys without a
/// value are comments.
pub fn lines(settings: &[Setting]) -> Vec<String> {
    let text = |setting: &Setting| match &setting.value {
        Some(value) => format!("{} = {value}", setting.path),
        None => format!("# {}", setting.path),
    };
    // A long value moves its own origin only, not the whole column.
    let width = settings.iter().map(|setting| text(setting).chars().count().min(WIDTH_MAX)).max();
    let width = width.unwrap_or_default();
    let line = |setting: &Setting| match &setting.value {
        Some(_) => format!("{:<width$}  # {}", text(setting), setting.origin),
        None => format!("{:<width$}    not set", text(setting)),
    };
    settings.iter().map(line).collect()
}

/// Widest column of keys and values, in characters.
const WIDTH_MAX: usize = 72;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_key_the_value_and_the_origin() {
        let setting = |path: &str, value: Option<&str>| Setting {
            path: path.into(),
            value: value.map(Into::into),
            origin: Origin::Default,
        };
        assert_eq!(
            lines(&[setting("a.b", Some("\"x\"")), setting("a.long", None)]),
            ["a.b = \"x\"  # default", "# a.long     not set"]
        );
    }
}
