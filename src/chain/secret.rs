//! Keeps a node's URL out of every text: providers put the key of an account into it.

use url::Url;

/// Shortest part of a path or query that counts as a secret; shorter ones are words like `v2`.
const SECRET_MIN: usize = 8;

/// Most characters of a node's words that are kept: enough for a sentence, too few for a page.
const TEXT_MAX: usize = 300;

/// The parts of one URL that no text may show.
#[derive(Clone)]
pub(super) struct Secret {
    parts: Vec<String>,
}

impl Secret {
    /// Everything in `url` that could tell who pays or where the node is.
    pub(super) fn of(url: &Url) -> Self {
        let mut parts = vec![url.as_str().to_owned()];
        parts.extend(url.host_str().filter(|host| host.len() >= SECRET_MIN).map(str::to_owned));
        parts.extend(url.password().map(str::to_owned));
        parts.push(url.username().to_owned());
        let segments = url.path_segments().into_iter().flatten().map(str::to_owned);
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        parts.extend(segments.chain(values).filter(|part| part.len() >= SECRET_MIN));
        parts.retain(|part| !part.is_empty());
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        Self { parts }
    }

    /// `text` on one line, shortened, without any part of the URL.
    pub(super) fn redact(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for part in &self.parts {
            clean = clean.replace(part.as_str(), "***");
        }
        short(&clean)
    }
}

/// `text` without control characters, at most [`TEXT_MAX`] characters long.
pub(super) fn short(text: &str) -> String {
    let mut kept: String = text
        .trim()
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(TEXT_MAX)
        .collect();
    if text.trim().chars().nth(TEXT_MAX).is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_url_survives() {
        let url = Url::parse("https://bob:pa55@node.example.com/v2/abcdefgh1234?apikey=zyxw9876v")
            .expect("a URL");
        let secret = Secret::of(&url);
        for leak in [
            "error sending request for url (https://bob:pa55@node.example.com/v2/abcdefgh1234?apikey=zyxw9876v)",
            "invalid key abcdefgh1234",
            "invalid key zyxw9876v",
            "cannot resolve node.example.com",
            "user bob, password pa55",
        ] {
            let clean = secret.redact(leak);
            for part in ["abcdefgh", "zyxw", "example", "bob", "pa55"] {
                assert!(!clean.contains(part), "{part} in {clean}");
            }
        }
        assert_eq!(secret.redact("block v2 not found"), "block v2 not found");
    }

    #[test]
    fn a_page_is_cut_to_a_line() {
        let page = format!("<html>\n{}", "x".repeat(10_000));
        let cut = short(&page);
        assert_eq!(cut.chars().count(), TEXT_MAX + 1);
        assert!(!cut.contains('\n'));
    }
}
