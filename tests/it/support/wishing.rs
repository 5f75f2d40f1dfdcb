//! What is asked of a simulated chain's workers: contracts that are followed, stopped, or wanted from
//! a lower block.

use alloy::primitives::Address;
use herald::index::wish::{self, Origin, Outcome};
use herald::index::{Context, depart, track};
use herald::store::contract_row;
use herald::store::wishes::Tracked;
use herald::types::{ContractKey, Standard};

use super::indexer::Indexer;
use super::replay::Kind;

impl Indexer {
    /// Wishes these ERC-721 contracts from `start_block` on.
    pub(crate) async fn follow(&self, contracts: &[Address], start_block: u64) {
        let wish = |address: &Address| self.wish(*address, Some(Kind::Erc721), start_block);
        let wishes: Vec<_> = contracts.iter().map(wish).collect();
        track::ensure(&self.context, &wishes).await.expect("the wishes are written");
    }

    /// Wishes a contract of this standard, or of whatever its logs show, from `start_block` on.
    pub(crate) async fn follow_as(&self, address: Address, kind: Option<Kind>, start_block: u64) {
        let wish = self.wish(address, kind, start_block);
        track::ensure(&self.context, &[wish]).await.expect("the wishes are written");
    }

    /// Stops following a contract; with `purge` its facts go.
    pub(crate) async fn stop(&self, contract: Address, purge: bool) {
        let Context { pool, key, id, .. } = &self.context;
        let found =
            contract_row::find(pool, *key, contract).await.expect("the contract is looked for");
        let row = ContractKey(found.expect("the contract was followed").id);
        depart::stop(pool, (*key, *id), row, purge).await.expect("the contract is stopped");
    }

    /// Follows a stopped contract again, from where it was followed before; false while its facts are
    /// still being removed.
    pub(crate) async fn come_back(&self, contract: Address, kind: Kind) -> bool {
        let wish = Tracked { start_block: None, ..self.wish(contract, Some(kind), 0) };
        let (wished, _) = wish::one(&self.context.pool, &wish, Origin::Cli).await.expect("a wish");
        wished.outcome != Outcome::Purging
    }

    /// Asks for a lower start of a contract; false where it is not followed.
    pub(crate) async fn lower(&self, contract: Address, start: u64) -> bool {
        let wish = self.wish(contract, None, start);
        let wished = wish::one(&self.context.pool, &wish, Origin::Config).await.expect("a wish").0;
        matches!(wished.outcome, Outcome::Changed | Outcome::Same)
    }

    fn wish(&self, address: Address, kind: Option<Kind>, start_block: u64) -> Tracked {
        let standard = kind.map(|kind| match kind {
            Kind::Erc721 => Standard::Erc721,
            Kind::Erc1155 => Standard::Erc1155,
        });
        Tracked { chain: self.context.key, address, standard, start_block: Some(start_block) }
    }
}
