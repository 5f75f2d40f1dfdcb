//! `[pin]`: where metadata is pinned.

use url::Url;

use super::Pin;
use super::section::{Reader, Section};
use super::tree::Node;

pub(super) fn read(reader: &mut Reader, node: Option<&Node>) -> Option<Pin> {
    let mut section = Section::open(reader, "pin", node);
    let kubo = section.optional(
        "kubo",
        "an http or https URL without user and password, such as http://127.0.0.1:5001",
        |node| node.text().filter(|text| is_open_url(text)).map(str::to_owned),
    );
    section.finish();
    Some(Pin { kubo })
}

fn is_open_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
    })
}
