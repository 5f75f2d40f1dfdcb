//! `[chains.<name>]`: a chain that is followed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::endpoint::NAME_BYTES_MAX;
use super::fault::Fault;
use super::preset::Presets;
use super::section::{Reader, Section, bare_or_quoted, whole};
use super::tree::{Node, Table};
use super::{ChainConfig, contract, endpoint};
use crate::types::Caip2;

/// Most chains of one process: each has its workers and its share of connections.
const CHAINS_MAX: usize = 100;

/// Ids that wallets and signatures can carry (EIP-2294).
const ID: RangeInclusive<i64> = 1..=9_223_372_036_854_775_771;
/// Up to two weeks, longer than any rollup's dispute.
const FINALITY_SECONDS: RangeInclusive<i64> = 1..=1_209_600;
/// From chains of test nodes to those that make a block when there is something to put in.
const BLOCK_TIME_MS: RangeInclusive<i64> = 10..=600_000;
/// Beyond, no endpoint answers.
const RANGE_MAX: RangeInclusive<i64> = 1..=1_000_000;
/// Beyond, the database is what holds a load back.
const LOAD_WORKERS: RangeInclusive<i64> = 1..=32;

pub(super) fn read(
    reader: &mut Reader,
    node: Option<&Node>,
    presets: &Presets,
) -> Option<Vec<ChainConfig>> {
    let Some(node) = node else { return Some(Vec::new()) };
    let empty = Table::new();
    let chains = node.table().unwrap_or(&empty);
    let found = match node.table() {
        None => Some(node.kind_found()),
        Some(_) if chains.len() > CHAINS_MAX => Some(format!("found {} chains", chains.len())),
        Some(_) => None,
    };
    if let Some(found) = found {
        let allowed = format!("at most {CHAINS_MAX} tables, such as [chains.ethereum]");
        let origin = Some(node.origin.clone());
        reader.faults.push(Fault { path: "chains".into(), found, allowed, origin });
        return None;
    }
    let mut names: BTreeMap<Caip2, &str> = BTreeMap::new();
    let mut all = Vec::new();
    for (name, node) in chains {
        let path = format!("chains.{}", bare_or_quoted(name));
        if let Some((found, allowed)) = unreadable(name, node) {
            let origin = Some(node.origin.clone());
            reader.faults.push(Fault { path, found, allowed, origin });
            all.push(None);
            continue;
        }
        let chain = read_one(reader, (name, &path), node, presets);
        if let Some((id, _)) = &chain
            && let Some(first) = names.insert(*id, name)
        {
            reader.faults.push(Fault {
                path: format!("{path}.id"),
                found: format!("{id} is also the id of chains.{first}"),
                allowed: "each chain once".into(),
                origin: Some(node.origin.clone()),
            });
        }
        all.push(chain.and_then(|(_, chain)| chain));
    }
    all.into_iter().collect()
}

/// Why there is no chain to read: what was found, and what is allowed.
fn unreadable(name: &str, node: &Node) -> Option<(String, String)> {
    if !is_name(name) {
        let allowed = format!(
            "a lower-case letter, then lower-case letters, digits or hyphens, at most \
             {NAME_BYTES_MAX}"
        );
        return Some(("not a name of a chain".into(), allowed));
    }
    let keys = "a table with endpoints and perhaps id, preset, contracts";
    node.table().is_none().then(|| (node.kind_found(), keys.into()))
}

/// The id as soon as it is right, with the whole chain where all of it is.
fn read_one(
    reader: &mut Reader,
    (name, path): (&str, &str),
    node: &Node,
    presets: &Presets,
) -> Option<(Caip2, Option<ChainConfig>)> {
    let mut section = Section::open(reader, path, Some(node));
    section.optional("preset", &presets.allowed(), |node| presets.get(node.text()?).map(|_| ()));
    let id = section.required("id", &presets.id_allowed(name), |node| node.integer(&ID));
    let finality = section.required("finality", "tag, time", |node| match node.text()? {
        "tag" => Some(true),
        "time" => Some(false),
        _ => None,
    });
    let mut number = |key, of, range: &RangeInclusive<i64>| {
        let number = section.required(key, &whole(of, range), |node| node.integer(range));
        number.map(i64::unsigned_abs)
    };
    let finality_seconds = number("finality_seconds", "seconds", &FINALITY_SECONDS);
    let block_time_ms = number("block_time_ms", "milliseconds", &BLOCK_TIME_MS);
    let range_max = number("range_max", "blocks", &RANGE_MAX);
    let load_workers = number("load_workers", "workers", &LOAD_WORKERS);
    let trust_bloom = section.required("trust_bloom", "true or false", Node::boolean);
    let nodes = section.node("endpoints");
    let endpoints = endpoint::read(section.reader, &section.path_of("endpoints"), nodes);
    let nodes = section.node("contracts");
    let contracts = contract::read(section.reader, &section.path_of("contracts"), nodes);
    section.finish();
    let id = Caip2(id?.unsigned_abs());
    let chain = || {
        Some(ChainConfig {
            name: name.to_owned(),
            id,
            finalized_tag: finality?,
            finality_depth: Duration::from_secs(finality_seconds?),
            block_time: Duration::from_millis(block_time_ms?),
            trust_bloom: trust_bloom?,
            range_max: range_max?,
            load_workers: load_workers? as usize,
            endpoints: endpoints?,
            contracts: contracts?,
        })
    };
    Some((id, chain()))
}

/// Lower case because variables spell names in upper case, hyphens because `_` separates theirs,
/// a letter first because the API also takes numbers and CAIP-2 ids in the name's place.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= NAME_BYTES_MAX
        && name.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
        && name.bytes().all(plain)
}
