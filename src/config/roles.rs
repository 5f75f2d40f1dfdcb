//! `roles`: what a daemon does, from the file or from the command line.

use std::fmt;
use std::str::FromStr;

use super::section::Section;
use super::tree::Node;

const KNOWN: &str = "index, api, each at most once";

/// What a daemon does; at least one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Runs the workers that follow the chains.
    pub index: bool,
    /// Answers `/v1`.
    pub api: bool,
}

impl Roles {
    /// Everything.
    pub const ALL: Self = Self { index: true, api: true };

    /// The roles of these names; `None` where one is unknown or doubled, or there is none.
    fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<Self> {
        let mut roles = Self { index: false, api: false };
        for name in names {
            let role = match name {
                "index" => &mut roles.index,
                "api" => &mut roles.api,
                _ => return None,
            };
            if std::mem::replace(role, true) {
                return None;
            }
        }
        (roles.index || roles.api).then_some(roles)
    }
}

/// Names with commas between them, as in `index,api`.
impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::of(text.split(',')).ok_or_else(|| format!("allowed: {KNOWN}, with a comma between"))
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.index, self.api) {
            (true, false) => "index",
            (false, true) => "api",
            _ => "index,api",
        })
    }
}

pub(super) fn read(root: &mut Section<'_, '_>) -> Option<Roles> {
    let allowed = format!("a list of {KNOWN}");
    root.list("roles", &allowed, |items| {
        let names: Option<Vec<&str>> = items.iter().map(Node::text).collect();
        Roles::of(names?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_known_and_each_is_given_once() {
        for (text, shown) in [
            ("index", Some("index")),
            ("api", Some("api")),
            ("api,index", Some("index,api")),
            ("", None),
            ("index,", None),
            ("index,index", None),
            ("index, api", None),
            ("Index", None),
            ("all", None),
        ] {
            let roles = text.parse::<Roles>();
            assert_eq!(roles.as_ref().ok().map(ToString::to_string).as_deref(), shown, "{text:?}");
            if let Err(error) = roles {
                assert!(error.contains("index, api"), "{error}");
            }
        }
    }
}
