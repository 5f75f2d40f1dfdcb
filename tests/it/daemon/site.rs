//! A simulated node at an address that stays the same while it goes down and comes back.

use std::net::SocketAddr;

use herald::store::{Pool, chains};
use herald::types::Caip2;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::client::Client;
use super::process::Program;
use super::setup::{FAST, Setup, named};
use crate::support::replay::Replay;
use crate::support::sim::{Served, SimNode, World, serve_at, tracked};
use crate::support::tables;

/// A world and the address of its node.
pub(super) struct Site {
    pub(super) name: &'static str,
    pub(super) id: u64,
    pub(super) world: World,
    pub(super) address: SocketAddr,
    up: Option<Up>,
}

/// A node that answers, on a runtime of its own: ending it also cuts the connections that are open.
struct Up {
    runtime: Option<Runtime>,
    _served: Served,
}

impl Up {
    async fn start(node: SimNode, address: SocketAddr) -> (Self, SocketAddr) {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a thread for the node");
        let (sender, receiver) = oneshot::channel();
        runtime.spawn(async move {
            // The receiver waits for it.
            let _ = sender.send(serve_at(node, address).await);
        });
        let served = receiver.await.expect("the address is free");
        let address = served.address;
        (Self { runtime: Some(runtime), _served: served }, address)
    }
}

impl Drop for Up {
    /// On a thread of its own, because a runtime must not end inside another one. Waits for the
    /// end, so that the address is free afterwards.
    fn drop(&mut self) {
        let runtime = self.runtime.take();
        std::thread::scope(|scope| {
            scope.spawn(move || drop(runtime));
        });
    }
}

impl Site {
    /// A chain of this name and id with a history of `blocks`, and its node up.
    pub(super) async fn new(name: &'static str, id: u64, blocks: u64) -> Self {
        let mut world = World::on_chain(id, id);
        world.mine(blocks);
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let (up, address) = Up::start(world.node(), anywhere).await;
        Self { name, id, world, address, up: Some(up) }
    }

    /// The node goes down: connections end and nobody listens.
    pub(super) fn down(&mut self) {
        self.up = None;
    }

    /// The node, or another one, comes up at the same address.
    pub(super) async fn up(&mut self, node: SimNode) {
        self.down();
        self.up = Some(Up::start(node, self.address).await.0);
    }

    /// Its URL.
    pub(super) fn http(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Its URL for WebSocket.
    pub(super) fn ws(&self) -> String {
        format!("ws://{}/", self.address)
    }

    /// Adds the chain with this one endpoint, named `node`, and the contracts that tests track.
    pub(super) fn configure(&self, setup: &mut Setup) {
        setup.chain(self.name, self.id, &[&named("node", &self.http())], FAST);
        setup.contracts(self.name, &tracked(), 0);
    }

    /// Waits until the daemon has committed the newest block and knows the whole past.
    pub(super) async fn followed(&self, daemon: &Program, client: &Client) {
        let head = self.world.canonical().last().expect("a chain has a block").clone();
        let (number, hash) = (head.header.number, head.hash.to_string());
        let what = format!("block {number} of {}", self.name);
        daemon
            .until(&what, async || {
                let status = client.chain(self.name).await["status"].clone();
                (client.is_at(self.name, number, &hash).await && status == "live").then_some(())
            })
            .await;
    }

    /// Fails unless the tables say what the chain does.
    pub(super) async fn assert_equal(&self, pool: &Pool, when: &str) {
        self.assert_holds(pool, &self.world.replay(0), when).await;
    }

    /// Fails unless the tables say this of the chain.
    pub(super) async fn assert_holds(&self, pool: &Pool, truth: &Replay, when: &str) {
        let row = chains::find(pool, Caip2(self.id)).await.expect("the chain's row can be read");
        let key = row.expect("the chain is known").key;
        tables::assert_equal(pool, key, truth, when).await;
    }
}
