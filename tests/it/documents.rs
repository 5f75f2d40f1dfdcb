//! The documents: their links lead somewhere, and their examples are JSON.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Most lines of the README, which is read whole or not at all.
const README_LINES_MAX: usize = 120;

/// A fenced block of a document.
pub(crate) struct Block {
    /// What stands behind the fence: `sh`, `toml`, `json`, `text`.
    pub(crate) kind: String,
    /// The lines between the fences.
    pub(crate) text: String,
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A document by its path from the root.
pub(crate) fn document(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fenced blocks of a document, in order.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else { continue };
        let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(Block { kind: kind.to_owned(), text: inside.join("\n") });
    }
    blocks
}

/// The example answer that `docs/API.md` shows under the heading of a route.
pub(crate) fn example(heading: &str) -> Value {
    let text = document("docs/API.md");
    let (_, below) = text
        .split_once(&format!("\n### {heading}\n"))
        .unwrap_or_else(|| panic!("docs/API.md has no heading {heading}"));
    let section = below.split("\n### ").next().unwrap_or_default();
    let block = blocks(section).into_iter().find(|block| block.kind == "json");
    let block = block.unwrap_or_else(|| panic!("{heading} has no example"));
    serde_json::from_str(&block.text).unwrap_or_else(|error| panic!("{heading}: {error}"))
}

/// Every Markdown file of the project's own.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["", "docs", "docs/decisions", "docs/guides"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        found.extend(paths.filter(|path| path.extension().is_some_and(|it| it == "md")));
    }
    found
}

/// Targets of the links of a text, without those that lead out of the repository.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.starts_with("https://")).collect()
}

/// The fragments by which the headings of a text are reached, as code hosts make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let fragment = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(fragment).collect()
}

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_in_it() {
    let mut count = 0;
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for link in links(&text) {
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: {link}", path.display());
            if !fragment.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let found = anchors(&text).iter().any(|anchor| anchor == fragment);
                assert!(found, "{}: {link}", path.display());
            }
            count += 1;
        }
    }
    assert!(count > 10, "{count} links were found");
}

#[test]
fn every_fence_says_what_it_holds_and_json_is_json() {
    for path in documents() {
        for block in blocks(&fs::read_to_string(&path).unwrap()) {
            assert!(!block.kind.is_empty(), "{}: {}", path.display(), block.text);
            if block.kind == "json" {
                let read = serde_json::from_str::<Value>(&block.text);
                assert!(read.is_ok(), "{}: {read:?}: {}", path.display(), block.text);
            }
        }
    }
}

#[test]
fn the_readme_is_short() {
    let lines = document("README.md").lines().count();
    assert!(lines <= README_LINES_MAX, "{lines} lines");
}
