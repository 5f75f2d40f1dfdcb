//! Logs into transfers, by the letter of the standards and without any code of Herald.

use alloy::primitives::{Address, B256, Log, U256, b256};

use super::Kind;

/// First topic of `Transfer(address,address,uint256)`.
const TRANSFER: B256 = b256!("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
/// First topic of `ConsecutiveTransfer(uint256,uint256,address,address)` (EIP-2309).
const CONSECUTIVE: B256 =
    b256!("0xdeaa91b6123d068f5821d0fb0678463d1a8a6079fe8af5de3ce5e896dcf9133d");
/// First topic of `TransferSingle(address,address,address,uint256,uint256)` (EIP-1155).
const SINGLE: B256 = b256!("0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62");
/// First topic of `TransferBatch(address,address,address,uint256[],uint256[])` (EIP-1155).
const BATCH: B256 = b256!("0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb");

/// What one element of a log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// The token, or the first of a range.
    pub(super) token: U256,
    /// The last of a range.
    pub(super) last: Option<U256>,
    /// How much of an ERC-1155 token.
    pub(super) amount: Option<U256>,
    /// Who gave.
    pub(super) from: Address,
    /// Who received.
    pub(super) to: Address,
}

/// The standard of a log that states transfers, and its elements; none for any other log. Three
/// topics of a `Transfer` are read only where they are said to leave the token in the data.
pub(super) fn read(log: &Log, id_in_data: bool) -> Option<(Kind, Vec<Said>)> {
    let data = words(&log.data.data)?;
    match (log.data.topics(), &data[..]) {
        ([TRANSFER, from, to, token], [])
        | ([TRANSFER, from], [to, token])
        | ([TRANSFER], [from, to, token]) => {
            let said = Said {
                token: number(*token),
                last: None,
                amount: None,
                from: person(*from)?,
                to: person(*to)?,
            };
            Some((Kind::Erc721, vec![said]))
        }
        ([TRANSFER, from, to], [token]) if id_in_data => {
            let (from, to) = (person(*from)?, person(*to)?);
            let said = Said { token: number(*token), last: None, amount: None, from, to };
            Some((Kind::Erc721, vec![said]))
        }
        ([CONSECUTIVE, first, from, to], [last]) if last >= first => {
            let said = Said {
                token: number(*first),
                last: Some(number(*last)),
                amount: None,
                from: person(*from)?,
                to: person(*to)?,
            };
            Some((Kind::Erc721, vec![said]))
        }
        ([SINGLE, _, from, to], [token, amount]) => {
            let said = unit(*token, *amount, person(*from)?, person(*to)?);
            Some((Kind::Erc1155, vec![said]))
        }
        ([BATCH, _, from, to], data) => batch((person(*from)?, person(*to)?), data, 0),
        ([SINGLE, _, from], [to, token, amount]) => {
            let said = unit(*token, *amount, person(*from)?, person(*to)?);
            Some((Kind::Erc1155, vec![said]))
        }
        ([BATCH, _, from], data) => batch((person(*from)?, person(*data.first()?)?), data, 1),
        _ => None,
    }
}

/// The pairs of the two arrays whose offsets stand in the word `at` and the next.
fn batch((from, to): (Address, Address), data: &[B256], at: usize) -> Option<(Kind, Vec<Said>)> {
    let (tokens, amounts) = (list(data, at)?, list(data, at + 1)?);
    let pairs = tokens.iter().zip(amounts);
    let said = pairs.map(|(token, amount)| unit(*token, *amount, from, to)).collect();
    (tokens.len() == amounts.len()).then_some((Kind::Erc1155, said))
}

fn unit(token: B256, amount: B256, from: Address, to: Address) -> Said {
    Said { token: number(token), last: None, amount: Some(number(amount)), from, to }
}

/// The data in words of 32 bytes; none where they do not come out even.
fn words(data: &[u8]) -> Option<Vec<B256>> {
    data.len().is_multiple_of(32).then(|| data.chunks(32).map(B256::from_slice).collect())
}

/// The array whose offset stands in the word `at`.
fn list(data: &[B256], at: usize) -> Option<&[B256]> {
    let offset = usize::try_from(number(*data.get(at)?)).ok()?;
    if !offset.is_multiple_of(32) {
        return None;
    }
    let start = offset / 32;
    let length = usize::try_from(number(*data.get(start)?)).ok()?;
    data.get(start + 1..)?.get(..length)
}

fn number(word: B256) -> U256 {
    U256::from_be_bytes(word.0)
}

/// An address, which the ABI pads with zeros.
fn person(word: B256) -> Option<Address> {
    word[..12].iter().all(|byte| *byte == 0).then(|| Address::from_word(word))
}
