//! What answers may weigh: one of a range, and those of all ranges that are under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::primitives::{Address, U256};
use axum::body::Body;
use axum::response::Response;
use futures_util::future::join_all;
use futures_util::stream;
use herald::chain::limits::{BYTES_IN_FLIGHT_MAX, RANGE_BYTES_MAX};
use herald::chain::{Chain, ChainError, Limits, LogFilter, LogScope, Pool, connect_with};
use herald::config::EndpointRole;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::node::{self, Node, good, hash, log};
use super::{config, filter, pool_with};
use crate::support::sim::{SimChain, SimNode, SimTx, erc721_transfer, serve};

/// Ranges whose answers fit into the budget together.
const AT_ONCE: usize = BYTES_IN_FLIGHT_MAX / RANGE_BYTES_MAX;

/// Far more ranges than that.
const MANY: usize = 3 * AT_ONCE;

/// What is under way at a node that answers ranges only when its gate is open.
struct Gate {
    open: watch::Sender<bool>,
    there: watch::Sender<usize>,
    peak: AtomicUsize,
}

impl Gate {
    fn closed() -> Arc<Self> {
        let (open, there) = (watch::Sender::new(false), watch::Sender::new(0));
        Arc::new(Self { open, there, peak: AtomicUsize::new(0) })
    }

    /// Holds a range until the gate is open.
    async fn pass(&self) {
        self.there.send_modify(|there| {
            *there += 1;
            self.peak.fetch_max(*there, Ordering::Relaxed);
        });
        self.open.subscribe().wait_for(|open| *open).await.expect("the gate keeps the sender");
        self.there.send_modify(|there| *there -= 1);
    }

    /// Returns when so many ranges are held.
    async fn holds(&self, ranges: usize) {
        let mut there = self.there.subscribe();
        there.wait_for(|there| *there >= ranges).await.expect("the gate keeps the sender");
    }
}

/// Whether a request holds a query for the logs of several blocks.
fn is_range(request: &Value) -> bool {
    let calls = request.as_array().map_or(std::slice::from_ref(request), Vec::as_slice);
    let bounds = |call: &Value| {
        let filter = &call["params"][0];
        (filter["fromBlock"].clone(), filter["toBlock"].clone())
    };
    calls.iter().map(bounds).any(|(from, to)| from != to)
}

async fn gated(gate: &Arc<Gate>) -> Node {
    let gate = gate.clone();
    Node::slow(move |request| {
        let gate = gate.clone();
        async move {
            if is_range(&request) {
                gate.pass().await;
            }
            node::json_rpc(&request, &good)
        }
    })
    .await
}

fn requests(pools: &[Pool]) -> u64 {
    pools.iter().map(|pool| pool.endpoints()[0].requests).sum()
}

#[tokio::test]
async fn ranges_of_all_chains_share_a_budget_that_nothing_live_waits_for() {
    let gate = Gate::closed();
    let node = gated(&gate).await;
    let pools = [(); 2].map(|()| pool_with(&[&node], Limits::default()));
    for pool in &pools {
        // So that no later look at the numbering of logs counts among the requests.
        pool.head().await.unwrap();
    }
    let before = requests(&pools);
    let (all, filter) = (LogScope::Range(0, 10), filter());
    let loads = join_all((0..MANY).map(|at| pools[at % 2].logs(all, &filter)));
    let live = async {
        gate.holds(AT_ONCE).await;
        assert_eq!(requests(&pools) - before, AT_ONCE as u64, "no more were sent");
        for pool in &pools {
            assert_eq!(pool.head().await.unwrap().latest.number, 10);
            assert_eq!(pool.headers(&[1, 2]).await.unwrap().len(), 2);
            for scope in [LogScope::Range(3, 3), LogScope::Hash(hash(3))] {
                assert_eq!(pool.logs(scope, &filter).await.unwrap().len(), 1);
            }
        }
        gate.holds(AT_ONCE).await;
        gate.open.send_replace(true);
    };
    let (answers, ()) = tokio::join!(loads, live);
    assert!(answers.iter().all(|logs| logs.as_ref().is_ok_and(|logs| logs.len() == 11)));
    assert_eq!(gate.peak.load(Ordering::Relaxed), AT_ONCE);
}

#[tokio::test]
async fn a_load_that_is_dropped_gives_its_share_back() {
    let gate = Gate::closed();
    let node = gated(&gate).await;
    let pool = pool_with(&[&node], Limits::default());
    let (all, filter) = (LogScope::Range(0, 10), filter());
    {
        let loads = join_all((0..MANY).map(|_| pool.logs(all, &filter)));
        tokio::select! {
            _ = loads => panic!("the gate is closed"),
            () = gate.holds(AT_ONCE) => {}
        }
    }
    gate.open.send_replace(true);
    let again = join_all((0..MANY).map(|_| pool.logs(all, &filter))).await;
    assert!(again.iter().all(Result::is_ok));
}

/// Bytes of one answer to a range in the tests of single answers, and of any answer.
const RANGE: usize = 1024 * 1024;
const ANY: usize = 64 * RANGE;

/// What the sockets between a node and Herald may hold beside what was read.
const SOCKETS: usize = 16 * RANGE;

fn limits() -> Limits {
    Limits { range_bytes_max: RANGE, body_bytes_max: ANY, ..Limits::default() }
}

#[tokio::test]
async fn an_endless_answer_to_a_range_is_cut_and_asks_for_fewer_blocks() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let node = Node::http(move |request| {
        if !is_range(&request) {
            return node::json_rpc(&request, &good);
        }
        let counter = counter.clone();
        let parts = stream::repeat_with(move || {
            let part = " ".repeat(64 * 1024);
            counter.fetch_add(part.len(), Ordering::Relaxed);
            Ok::<_, std::io::Error>(part)
        });
        Response::new(Body::from_stream(parts))
    })
    .await;
    let pool = pool_with(&[&node], limits());
    let error = pool.logs(LogScope::Range(1, 9), &filter()).await.unwrap_err();
    assert!(matches!(error, ChainError::TooManyLogs { .. }), "{error}");
    assert!(error.to_string().contains("larger than 1048576 bytes"), "{error}");
    let sent = sent.load(Ordering::Relaxed);
    assert!((RANGE..RANGE + SOCKETS).contains(&sent), "{sent} bytes");
    let report = pool.endpoints().remove(0);
    assert_eq!((report.status, report.failures), ("ok", 0));
}

#[tokio::test]
async fn a_single_block_may_weigh_more_than_a_range() {
    let node = Node::script(|method, params| match method {
        "eth_getLogs" => {
            let mut heavy = log(4, 0);
            heavy["data"] = json!(format!("0x{}", "00".repeat(RANGE)));
            Ok(json!([heavy]))
        }
        _ => good(method, params),
    })
    .await;
    let pool = pool_with(&[&node], limits());
    for scope in [LogScope::Range(4, 4), LogScope::Hash(hash(4))] {
        assert_eq!(pool.logs(scope, &filter()).await.unwrap()[0].data.len(), RANGE);
    }
    let error = pool.logs(LogScope::Range(4, 5), &filter()).await.unwrap_err();
    assert!(matches!(error, ChainError::TooManyLogs { .. }), "{error}");
}

#[tokio::test]
async fn a_heavy_answer_to_a_range_is_refused_over_a_websocket_too() {
    let (art, ann) = (Address::repeat_byte(1), Address::repeat_byte(2));
    let mut chain = SimChain::new(3, 1);
    let mint = erc721_transfer(art, Address::ZERO, ann, U256::ONE);
    for number in 1..=2 {
        chain.mine(vec![SimTx::new(number, vec![mint.clone(); 50])]);
    }
    let served = serve(SimNode::new(chain)).await;
    let limits = Limits { range_bytes_max: 40 * 1024, ..Limits::default() };
    let pool = connect_with(&config(&[(&served.ws, EndpointRole::Main)]), limits).unwrap();
    let filter = LogFilter { addresses: vec![art], topics: vec![mint.topics()[0]] };
    let error = pool.logs(LogScope::Range(1, 2), &filter).await.unwrap_err();
    assert!(matches!(error, ChainError::TooManyLogs { .. }), "{error}");
    for number in 1..=2 {
        let logs = pool.logs(LogScope::Range(number, number), &filter).await.unwrap();
        assert_eq!(logs.len(), 50);
    }
    assert_eq!(pool.endpoints()[0].failures, 0);
}
