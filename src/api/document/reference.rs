//! The words and the examples of docs/API.md, by route: what people read there is what programs are
//! told here.

use serde_json::Value;

/// The reference, as this release has it.
const REFERENCE: &str = include_str!("../../../docs/API.md");

/// A fenced block.
struct Block<'a> {
    kind: &'a str,
    text: &'a str,
}

/// What the reference says of one route.
#[derive(Clone, Copy)]
pub(crate) struct Section(&'static str);

/// A heading and what stands below it, up to the next heading.
pub(crate) struct Part {
    /// How many `#` it has.
    #[cfg(test)]
    pub(crate) rank: usize,
    /// Its words.
    pub(crate) title: &'static str,
    /// What stands below it.
    pub(crate) text: &'static str,
}

/// A text by its headings; what looks like one within a fence is none.
fn parts(text: &'static str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let (mut fenced, mut at, mut begin) = (false, 0, 0);
    for line in text.split_inclusive('\n') {
        fenced ^= line.starts_with("```");
        let rank = line.bytes().take_while(|byte| *byte == b'#').count();
        let title = line[rank..].strip_prefix(' ').filter(|_| rank > 0 && !fenced);
        if let Some(title) = title {
            if let Some(last) = parts.last_mut() {
                last.text = text[begin..at].trim();
            }
            begin = at + line.len();
            parts.push(Part {
                #[cfg(test)]
                rank,
                title: title.trim(),
                text: "",
            });
        }
        at += line.len();
    }
    if let Some(last) = parts.last_mut() {
        last.text = text[begin..].trim();
    }
    parts
}

/// The reference by its headings, in order.
pub(crate) fn chapters() -> Vec<Part> {
    parts(REFERENCE)
}

fn below(title: &str) -> Option<&'static str> {
    chapters().into_iter().find(|part| part.title == title).map(|part| part.text)
}

/// What holds for every route, in Markdown.
pub(crate) fn conventions() -> String {
    plain(below("Conventions").unwrap_or_default())
}

/// What the reference says of a route.
pub(crate) fn section(method: &str, path: &str) -> Option<Section> {
    below(&format!("{method} {path}")).map(Section)
}

impl Section {
    fn fenced(self) -> impl Iterator<Item = &'static str> {
        self.0.split("```")
    }

    fn blocks(self) -> impl Iterator<Item = Block<'static>> {
        // Fences come in pairs, so that every second piece stands between two of them.
        let inside = self.fenced().skip(1).step_by(2);
        inside.filter_map(|piece| {
            let (kind, text) = piece.split_once('\n')?;
            Some(Block { kind, text: text.trim_end() })
        })
    }

    /// What it says, in Markdown and without its examples.
    pub(crate) fn words(self) -> String {
        let between: String = self.fenced().step_by(2).collect();
        plain(&between)
    }

    /// The answer it shows.
    pub(crate) fn answer(self) -> Option<Value> {
        let block = self.blocks().find(|block| block.kind == "json")?;
        serde_json::from_str(block.text).ok()
    }

    /// The text it shows where the answer is no JSON.
    pub(crate) fn text(self) -> Option<&'static str> {
        let shown = |block: &Block<'_>| !["sh", "json"].contains(&block.kind);
        self.blocks().find(shown).map(|block| block.text)
    }

    /// The body that its request sends.
    pub(crate) fn body(self) -> Option<Value> {
        let request = self.blocks().find(|block| block.kind == "sh")?.text;
        let (_, sent) = request.split_once("-d '")?;
        serde_json::from_str(sent.split('\'').next()?).ok()
    }
}

/// Links within the repository lead nowhere from outside: their words stay.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.trim();
    while let Some(open) = rest.find('[') {
        let (before, link) = rest.split_at(open);
        out.push_str(before);
        let parts = link.split_once("](").and_then(|(words, target)| {
            let (target, after) = target.split_once(')')?;
            let local = !target.starts_with("https://") && !words.contains('\n');
            (local && !words[1..].contains('[')).then_some((&words[1..], after))
        });
        let (words, after) = parts.unwrap_or((&link[..1], &link[1..]));
        out.push_str(words);
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_the_repository_are_reduced_to_their_words() {
        let text = "see [this](#there) of `data[]` and [that](https://example.org), `[a]`";
        assert_eq!(plain(text), "see this of `data[]` and [that](https://example.org), `[a]`");
    }

    #[test]
    fn a_part_ends_where_the_next_begins_and_a_fence_holds_no_heading() {
        let text = "# A\n\n### GET /a\nx\n```text\n# y\n```\n#### GET /a/b\nz\n#no\n";
        let found = parts(text);
        let found: Vec<_> = found.iter().map(|part| (part.rank, part.title, part.text)).collect();
        let expected =
            [(1, "A", ""), (3, "GET /a", "x\n```text\n# y\n```"), (4, "GET /a/b", "z\n#no")];
        assert_eq!(found, expected);
    }
}
