//! What is wrong with a configuration: every fault at once, one line each, never a secret.

use std::fmt;

use super::origin::Origin;

/// One thing an operator has to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key, such as `chains.ethereum.endpoints[1].url`; for a file that cannot be read, its
    /// name.
    pub path: String,
    /// What is there instead; secrets are not shown.
    pub found: String,
    /// What would be right; empty where `found` already says it.
    pub allowed: String,
    /// Where the faulty value stands; `None` for what is missing.
    pub origin: Option<Origin>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.found)?;
        if !self.allowed.is_empty() {
            write!(f, "; allowed: {}", self.allowed)?;
        }
        match &self.origin {
            Some(origin) => write!(f, " ({origin})"),
            None => Ok(()),
        }
    }
}

/// Every fault of a configuration, in the order of reading; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Most letters that may differ between a word and what was probably meant; more is guessing.
const EDITS_MAX: usize = 2;

/// The known word that `word` was probably meant to be.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= EDITS_MAX && *edits * 2 < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_one_line_with_path_found_allowed_and_origin() {
        let fault = Fault {
            path: "http.listen".into(),
            found: "found \"x\"".into(),
            allowed: "an address".into(),
            origin: Some(Origin::File { name: "a.toml".into(), line: 3 }),
        };
        assert_eq!(fault.to_string(), "http.listen: found \"x\"; allowed: an address (a.toml:3)");
        let bare = Fault { allowed: String::new(), origin: None, ..fault };
        assert_eq!(Faults(vec![bare.clone(), bare]).to_string().lines().count(), 2);
    }

    #[test]
    fn only_a_near_word_is_suggested() {
        let known = ["endpoints", "contracts", "id"];
        for (word, meant) in [
            ("endpoint", Some("endpoints")),
            ("enpdoints", Some("endpoints")),
            ("contract", Some("contracts")),
            ("url", None),
            ("xd", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
    }
}
