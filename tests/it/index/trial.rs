//! A hand-made history of one contract that is followed live, taken back block by block, and read
//! once more by somebody who comes late: tables and folded events equal the replay each time.

use alloy::primitives::{Address, Log, U256};

use super::story::ART;
use crate::support::compare::assert_same;
use crate::support::database::fresh;
use crate::support::feed::{Picture, fold};
use crate::support::indexer::Indexer;
use crate::support::replay::{Kind, Replay, Tracked};
use crate::support::sim::{SimChain, SimNode, SimTx};
use crate::support::tables;

/// Blocks above the history, so that its lower part is final for whoever comes late.
const ABOVE: u64 = 20;

/// One history and what follows from it.
pub(super) struct Trial {
    /// The standard of the contract.
    pub(super) kind: Kind,
    /// The logs of blocks 1, 2, ….
    pub(super) blocks: Vec<Vec<Log>>,
}

impl Trial {
    /// A history of ERC-721.
    pub(super) fn of_tokens(blocks: &[&[Log]]) -> Self {
        Self::of(Kind::Erc721, blocks)
    }

    /// A history of ERC-1155.
    pub(super) fn of_amounts(blocks: &[&[Log]]) -> Self {
        Self::of(Kind::Erc1155, blocks)
    }

    fn of(kind: Kind, blocks: &[&[Log]]) -> Self {
        Self { kind, blocks: blocks.iter().map(|logs| logs.to_vec()).collect() }
    }

    /// Checks who owns the token after each of the blocks, by the replay itself.
    pub(super) fn owners(self, token: u64, owners: &[Option<Address>]) -> Self {
        let node = SimNode::new(SimChain::new(1, 31_337));
        (1..).zip(&self.blocks).for_each(|(nonce, logs)| mine(&node, nonce, logs));
        let truth = self.truth(&node);
        let after = 1..=self.blocks.len() as u64;
        let key = (ART, U256::from(token));
        let owned: Vec<_> = after.map(|block| truth.owner_at(key, block)).collect();
        assert_eq!(owned, owners, "token {token}");
        self
    }

    /// Lives through the history in every way there is.
    pub(super) async fn passes(self) -> Replay {
        self.live().await;
        self.late().await
    }

    /// Every block is followed as it comes, taken back, and comes again.
    async fn live(&self) {
        let database = fresh().await;
        let node = SimNode::new(SimChain::new(1, 31_337));
        let indexer = Indexer::new(&database.pool, node.clone(), "one").await;
        indexer.follow_as(ART, Some(self.kind), 0).await;
        indexer.rest().await;
        for (number, logs) in (1..).zip(&self.blocks) {
            mine(&node, number, logs);
            self.check(&node, &indexer, &format!("after step {number}")).await;
            let gone = node.chain().reorg(1, vec![vec![], vec![]]);
            self.check(&node, &indexer, &format!("without step {number}")).await;
            node.chain().switch(gone);
            (0..2).for_each(|_| drop(node.chain().mine(vec![])));
            self.check(&node, &indexer, &format!("with step {number} again")).await;
        }
        let all = node.chain().head().header.number;
        node.chain().reorg(all, (0..=all).map(|_| vec![]).collect());
        self.check(&node, &indexer, "without anything").await;
    }

    /// Everything is there before the contract is followed, so that its ownership is folded.
    async fn late(&self) -> Replay {
        let database = fresh().await;
        let node = SimNode::new(SimChain::new(1, 31_337));
        (1..).zip(&self.blocks).for_each(|(nonce, logs)| mine(&node, nonce, logs));
        (0..ABOVE).for_each(|_| drop(node.chain().mine(vec![])));
        let indexer = Indexer::new(&database.pool, node.clone(), "one").await;
        indexer.rest().await;
        indexer.follow_as(ART, None, 0).await;
        indexer.rest().await;
        let truth = self.truth(&node);
        let context = &indexer.context;
        tables::assert_equal(&context.pool, context.key, &truth, "by the fold").await;
        truth
    }

    async fn check(&self, node: &SimNode, indexer: &Indexer, when: &str) {
        indexer.rest().await;
        let context = &indexer.context;
        let truth = self.truth(node);
        tables::assert_equal(&context.pool, context.key, &truth, when).await;
        let events = tables::events(&context.pool, context.key).await;
        let told: Vec<_> = events.iter().filter_map(|event| tables::told(event, &events)).collect();
        let folded = fold(Picture::default(), &told).picture;
        let expected = tables::true_picture(&truth, ART);
        assert_same(&format!("folded owners {when}"), &expected.owners(), &folded.owners());
        assert_same(&format!("folded balances {when}"), expected.balances(), folded.balances());
    }

    fn truth(&self, node: &SimNode) -> Replay {
        let tracked = Tracked::new(ART, 0, Some(self.kind));
        Replay::of(node.chain().canonical(), &[tracked])
    }
}

/// Mines a block of one transaction with these logs.
pub(super) fn mine(node: &SimNode, nonce: u64, logs: &[Log]) {
    node.chain().mine(vec![SimTx::new(nonce, logs.to_vec())]);
}
