//! `http.cors_origins`: which pages may read answers in a browser.

use url::Url;

use super::fault::Fault;
use super::section::Section;
use super::show::Setting;

/// Most origins: each answer compares its request's with all of them.
const ORIGINS_MAX: usize = 100;

const KEY: &str = "cors_origins";

const ITEM: &str = "an origin as browsers send it, such as https://app.example or \
                    http://localhost:3000, without a path; or \"*\" alone";

/// The origins, or `*` alone; every faulty one is a fault of its own.
pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Vec<String>> {
    let node = section.node(KEY)?;
    let path = section.path_of(KEY);
    let items = match node.list() {
        Some(items) if items.len() <= ORIGINS_MAX => items,
        other => {
            let found = other.map_or(node.kind_found(), |items| format!("found {}", items.len()));
            section.fault(KEY, found, &format!("a list of at most {ORIGINS_MAX}, each {ITEM}"));
            return None;
        }
    };
    let mut origins = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match item.text().filter(|text| is_origin(text) || (*text == "*" && items.len() == 1)) {
            Some(text) => origins.push(text.to_owned()),
            None => section.reader.faults.push(Fault {
                path: format!("{path}[{index}]"),
                found: format!("found {}", item.describe()),
                allowed: ITEM.into(),
                origin: Some(item.origin.clone()),
            }),
        }
    }
    if origins.len() < items.len() {
        return None;
    }
    // An origin has no place for a secret.
    let value = Some(format!("{origins:?}"));
    section.reader.settings.push(Setting { path, value, origin: node.origin.clone() });
    Some(origins)
}

/// Whether a browser would send exactly this.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.origin().ascii_serialization() == text
            && !text.contains('*')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for (text, sound) in [
            ("https://app.example", true),
            ("http://localhost:3000", true),
            ("http://[::1]:8080", true),
            ("https://xn--bcher-kva.example", true),
            ("https://app.example/", false),
            ("https://app.example/path", false),
            ("https://app.example:443", false),
            ("https://App.example", false),
            ("https://u:p@app.example", false),
            ("https://*.example", false),
            ("ftp://app.example", false),
            ("app.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(is_origin(text), sound, "{text}");
        }
    }
}
