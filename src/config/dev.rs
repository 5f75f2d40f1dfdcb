//! `[dev]`: what `herald dev` starts.

use super::Dev;
use super::section::{Reader, Section};
use super::tree::Node;

pub(super) fn read(reader: &mut Reader, node: Option<&Node>) -> Option<Dev> {
    let mut section = Section::open(reader, "dev", node);
    let dir = section.optional("dir", "the path of a directory", Node::file_path);
    let anvil = section.optional("anvil", "the path of a program", Node::file_path);
    section.finish();
    Some(Dev { dir, anvil })
}
