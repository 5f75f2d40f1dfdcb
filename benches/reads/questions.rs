//! What is asked: each question as a request, and what its answer has to hold.

use alloy::primitives::hex;
use anyhow::Context as _;
use serde_json::Value;

use crate::keys::{Dataset, Key};

/// Rows of a page.
const PAGE: usize = 50;

/// A question, now or at a block of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    of: Of,
    past: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Token,
    WalletTokens,
    WalletTransfers,
}

impl Question {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Self; 6] = [
        Self { of: Of::Token, past: false },
        Self { of: Of::WalletTokens, past: false },
        Self { of: Of::WalletTransfers, past: false },
        Self { of: Of::Token, past: true },
        Self { of: Of::WalletTokens, past: true },
        Self { of: Of::WalletTransfers, past: true },
    ];

    /// In words.
    pub(crate) fn title(self) -> &'static str {
        match (self.of, self.past) {
            (Of::Token, false) => "one token",
            (Of::WalletTokens, false) => "tokens of a wallet, page of 50",
            (Of::WalletTransfers, false) => "transfers of a wallet, page of 50",
            (Of::Token, true) => "one token, at a block",
            (Of::WalletTokens, true) => "tokens of a wallet, page of 50, at a block",
            (Of::WalletTransfers, true) => "transfers of a wallet, page of 50, to a block",
        }
    }

    /// As a part of a file's name.
    pub(crate) fn file(self) -> String {
        self.title().replace(|mark: char| !mark.is_ascii_alphanumeric(), "-")
    }

    /// Path and query.
    pub(crate) fn path(self, dataset: &Dataset, key: Key) -> String {
        let wallet = hex::encode_prefixed(dataset.wallet(key));
        let block = key.block;
        match self.of {
            Of::Token => {
                let contract = hex::encode_prefixed(dataset.contract(key));
                let path = format!("/v1/tokens/ethereum/{contract}/{}", dataset.number(key));
                if self.past { format!("{path}?at_block={block}") } else { path }
            }
            Of::WalletTokens => {
                let path = format!("/v1/wallets/{wallet}/tokens?limit={PAGE}");
                if self.past { format!("{path}&chain=ethereum&at_block={block}") } else { path }
            }
            Of::WalletTransfers => {
                let path = format!("/v1/wallets/{wallet}/transfers?limit={PAGE}");
                if self.past { format!("{path}&chain=ethereum&to_block={block}") } else { path }
            }
        }
    }

    /// Fails where an answer is not what the dataset holds: a token, or a full page.
    pub(crate) fn check(self, body: &[u8]) -> anyhow::Result<()> {
        let answer: Value = serde_json::from_slice(body)?;
        let as_of = answer["meta"]["as_of"].as_array().context("no meta.as_of")?;
        anyhow::ensure!(as_of.len() == 1, "it speaks of {} chains", as_of.len());
        if self.of == Of::Token {
            anyhow::ensure!(answer["last_transfer"].is_object(), "a token without a transfer");
            return Ok(());
        }
        let rows = answer["data"].as_array().map_or(0, Vec::len);
        anyhow::ensure!(rows == PAGE, "{rows} rows instead of {PAGE}");
        Ok(())
    }
}
