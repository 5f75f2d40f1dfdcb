//! Questions that are put to a pool at once are under way at once: none waits for another's answer.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use herald::chain::{Chain, LogScope};
use tokio::sync::Barrier;

use super::node::{self, Node, good};
use super::{filter, pool};

/// Questions of each kind; as ranges they fit into the budget together.
const EACH: usize = 8;

#[tokio::test]
async fn headers_and_logs_of_many_blocks_are_asked_at_once() {
    // It answers what is about block 9 when all of it is there, so one question that waited for
    // another would wait for ever.
    let all_there = Arc::new(Barrier::new(2 * EACH));
    let node = Node::slow(move |request| {
        let all_there = all_there.clone();
        async move {
            if request.to_string().contains("\"0x9\"") {
                all_there.wait().await;
            }
            node::json_rpc(&request, &good)
        }
    })
    .await;
    let pool = pool(&[&node]);
    let filter = filter();
    let headers = join_all((0..EACH).map(|_| pool.headers(&[8, 9])));
    let logs = join_all((0..EACH).map(|_| pool.logs(LogScope::Range(1, 9), &filter)));
    let (headers, logs) = join(headers, logs).await;
    for headers in headers {
        assert_eq!(headers.unwrap().into_iter().flatten().count(), 2);
    }
    for logs in logs {
        assert_eq!(logs.unwrap().len(), 9);
    }
    assert_eq!(pool.endpoints()[0].failures, 0);
}
