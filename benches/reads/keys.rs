//! Which of the dataset is asked for: drawn keys, and how `dataset.sql` names them.

use rand::Rng as _;
use rand::rngs::SmallRng;
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;

/// How much of everything is stored: the row of `bench.dataset`.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Dataset {
    /// Transfers.
    pub(crate) transfers: i64,
    /// Tokens, of all contracts.
    pub(crate) tokens: i64,
    /// Contracts, each with as many tokens.
    pub(crate) contracts: i64,
    /// Height of the newest block.
    pub(crate) blocks: i64,
    /// Wallets.
    pub(crate) wallets: i64,
    /// Those that hold about 90 tokens at any time: the lowest numbers.
    pub(crate) collectors: i64,
}

/// What one request asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// Number of a collector.
    pub(crate) wallet: i64,
    /// Number of a token among all.
    pub(crate) token: i64,
    /// A block after the last mint.
    pub(crate) block: i64,
}

impl Dataset {
    /// The next key; as likely as any other.
    pub(crate) fn key(&self, random: &mut SmallRng) -> Key {
        Key {
            wallet: random.random_range(0..self.collectors),
            token: random.random_range(0..self.tokens),
            block: random.random_range(self.blocks / 2..self.blocks),
        }
    }

    /// The same draws in the words of `pgbench`.
    pub(crate) fn draws(&self) -> String {
        let Self { tokens, blocks, collectors, .. } = self;
        format!(
            "\\set wallet random(0, {collectors} - 1)\n\\set token random(0, {tokens} - 1)\n\
             \\set block random({blocks} / 2, {blocks} - 1)\n\
             \\set contract :token / {each}\n\\set number :token % {each}\n",
            each = self.each()
        )
    }

    /// What a parameter of a statement may hold for a key, as the server logs it, and the
    /// expression by which `pgbench` makes the same of its draws.
    pub(crate) fn values(&self, key: Key) -> [(String, &'static str); 5] {
        let hex = |address: [u8; 20]| format!("\\x{}", alloy::primitives::hex::encode(address));
        [
            (hex(self.wallet(key)), "substring(sha256(int8send(:wallet)) from 1 for 20)"),
            (hex(self.contract(key)), "substring(sha256(int8send(-1 - :contract)) from 1 for 20)"),
            ((key.token / self.each() + 1).to_string(), "(1 + :contract)"),
            (self.number(key).to_string(), ":number"),
            (key.block.to_string(), ":block"),
        ]
    }

    /// Address of the wallet.
    pub(crate) fn wallet(&self, key: Key) -> [u8; 20] {
        address(key.wallet)
    }

    /// Address of the token's contract.
    pub(crate) fn contract(&self, key: Key) -> [u8; 20] {
        address(-1 - key.token / self.each())
    }

    /// Number of the token in its contract.
    pub(crate) fn number(&self, key: Key) -> i64 {
        key.token % self.each()
    }

    fn each(&self) -> i64 {
        self.tokens / self.contracts
    }
}

/// As `bench.wallet` makes it.
fn address(number: i64) -> [u8; 20] {
    let mut address = [0; 20];
    address.copy_from_slice(&Sha256::digest(number.to_be_bytes())[..20]);
    address
}
