//! What a contract says that it is.

use alloy::primitives::hex;

use super::ask::{Ask, Calls};
use crate::chain::ChainError;
use crate::index::reading::ERC1155;
use crate::types::Standard;

/// Interface id of EIP-165 itself.
const ERC165: [u8; 4] = hex!("01ffc9a7");
/// The id that every contract with EIP-165 has to deny.
const NONE: [u8; 4] = hex!("ffffffff");
/// Interface id of ERC-721 (EIP-721).
const ERC721: [u8; 4] = hex!("80ac58cd");
/// Interface id of ERC-721 before it was final, which CryptoKitties and its kin have.
const EARLY_ERC721: [u8; 4] = hex!("9a20483d");

/// What a contract turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It names one standard of those that are read.
    Nft(Standard),
    /// It names both: its logs decide.
    Both,
    /// No endpoint can call: its logs decide.
    Unasked,
    /// None of these, in words that go on from its address.
    Other(Other),
}

/// What else a contract can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// It has a supply and so many decimals, and no interface of tokens.
    Coin(u8),
    /// It has EIP-165, and denies both standards.
    Denies,
    /// It claims every interface.
    ClaimsAll,
    /// It answers nothing that tokens or coins do.
    Silent,
}

impl Other {
    /// What was found, in words that go on from the contract's address.
    pub(super) fn words(self) -> String {
        match self {
            Self::Coin(decimals) => {
                format!("has a total supply with {decimals} decimals, as a coin (ERC-20) has")
            }
            Self::Denies => "denies to be ERC-721 or ERC-1155 (EIP-165)".to_owned(),
            Self::ClaimsAll => {
                "claims every interface there can be, which says nothing (EIP-165)".to_owned()
            }
            Self::Silent => "names no interface (EIP-165), and is no coin either".to_owned(),
        }
    }
}

/// Asks a contract what it is.
pub(super) async fn find(ask: &Ask<'_>, calls: &Calls) -> Result<Kind, ChainError> {
    let named = ask.supports(ERC165).await?;
    // A contract that answers yes to everything would else be whatever it is asked for first.
    let claims_all = named == Some(true) && ask.supports(NONE).await? == Some(true);
    if named == Some(true) && !claims_all {
        let erc721 = ask.supports(ERC721).await? == Some(true);
        let erc1155 = ask.supports(ERC1155).await? == Some(true);
        match (erc721, erc1155) {
            (true, true) => return Ok(Kind::Both),
            (true, false) => return Ok(Kind::Nft(Standard::Erc721)),
            (false, true) => return Ok(Kind::Nft(Standard::Erc1155)),
            (false, false) if ask.supports(EARLY_ERC721).await? == Some(true) => {
                return Ok(Kind::Nft(Standard::Erc721));
            }
            (false, false) => {}
        }
    }
    let other = match ask.decimals().await? {
        Some(decimals) => Other::Coin(decimals),
        None if claims_all => Other::ClaimsAll,
        None if named == Some(true) => Other::Denies,
        None if named.is_none() && !calls.work(ask.context).await? => return Ok(Kind::Unasked),
        None => Other::Silent,
    };
    Ok(Kind::Other(other))
}
