//! `chains.<name>.contracts`: the contracts that are followed from the start.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use alloy::primitives::Address;

use super::ContractConfig;
use super::fault::Fault;
use super::section::{Reader, Section, whole};
use super::tree::Node;
use crate::types::Standard;

/// Most contracts of a chain in the file: beyond, a program writes the list, and
/// `POST /v1/contracts` serves it better.
const CONTRACTS_MAX: usize = 10_000;

const START_BLOCK: RangeInclusive<i64> = 0..=i64::MAX;

const ADDRESS: &str = "0x and 40 hexadecimal digits, in one case or with a valid EIP-55 checksum; \
                       a wrong checksum often means a mistyped digit";

pub(super) fn read(
    reader: &mut Reader,
    path: &str,
    node: Option<&Node>,
) -> Option<Vec<ContractConfig>> {
    let Some(node) = node else { return Some(Vec::new()) };
    let items = node.list();
    let found = match items {
        None => Some(node.kind_found()),
        Some(items) if items.len() > CONTRACTS_MAX => {
            Some(format!("found {} contracts", items.len()))
        }
        Some(_) => None,
    };
    if let Some(found) = found {
        let allowed = format!(
            "at most {CONTRACTS_MAX} tables, each with address, start_block, standard; add more \
             by POST /v1/contracts"
        );
        let origin = Some(node.origin.clone());
        reader.faults.push(Fault { path: path.into(), found, allowed, origin });
        return None;
    }
    let mut places = HashMap::new();
    let mut contracts = Vec::new();
    for (index, item) in items?.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let mut section = Section::open(reader, &path, Some(item));
        let address = section.required("address", ADDRESS, address);
        if let Some(first) = address.and_then(|address| places.insert(address, index)) {
            let found = format!("the same contract as contracts[{first}]");
            section.fault("address", found, "each contract once");
        }
        let start_block = section.optional(
            "start_block",
            &whole("the first block that can hold its logs, or absent", &START_BLOCK),
            |node| node.integer(&START_BLOCK).map(i64::unsigned_abs),
        );
        let standard = section.optional("standard", "erc721 or erc1155, or absent", |node| {
            Standard::parse(node.text()?)
        });
        section.finish();
        contracts.push(address.map(|address| ContractConfig { address, start_block, standard }));
    }
    contracts.into_iter().collect()
}

/// An address in one case, or in the mixed case of its EIP-55 checksum; never the zero address,
/// at which no contract can be.
fn address(node: &Node) -> Option<Address> {
    let text = node.text()?;
    let digits = text.strip_prefix("0x")?;
    let mixed = digits.bytes().any(|byte| byte.is_ascii_lowercase())
        && digits.bytes().any(|byte| byte.is_ascii_uppercase());
    let address = if mixed {
        Address::parse_checksummed(text, None).ok()?
    } else {
        text.parse::<Address>().ok()?
    };
    (!address.is_zero()).then_some(address)
}
