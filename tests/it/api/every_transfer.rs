//! Every list of transfers over random histories of balances and ranges, page by page in both
//! directions, against the histories themselves.

use alloy::primitives::{Address, U256};
use serde_json::{Value, json};

use super::every_standard::{Site, site};
use super::history::History;
use super::pages;
use crate::support::seed::{Move, tx_hash};

fn transfer(address: Address, history: &History, one: &Move) -> Value {
    let mut row = json!({
        "id": format!("eip155:1:{}:{}:{}", tx_hash(one.block, one.log), one.log, one.batch),
        "contract": address.to_checksum(None),
        "token_id": one.first.to_string(),
        "standard": history.standard,
        "amount": one.amount.unwrap_or(U256::ONE).to_string(),
        "batch_index": one.batch,
    });
    if let Some(last) = one.last {
        row["token_id_to"] = json!(last.to_string());
    }
    row
}

/// Fields that the histories do not know, or that `id` says already.
const LEFT_OUT: [&str; 8] =
    ["chain", "kind", "from", "to", "block", "tx_hash", "log_index", "finality"];

/// Every list that shows a contract's transfers, or some of them, with those it must show.
fn lists(address: Address, history: &History) -> Vec<(String, Vec<&Move>)> {
    let contract = format!("chain=1&contract={address}");
    let mut lists = vec![
        (format!("/v1/contracts/1/{address}/transfers?"), history.moves.iter().collect()),
        (format!("/v1/transfers?{contract}&"), history.moves.iter().collect()),
    ];
    for token in [0_u64, 8, 20, 47].map(U256::from).into_iter().flat_map(|t| [t, U256::MAX - t]) {
        let moves = history.of_token(token, None);
        let last = moves.last().map(|one| tx_hash(one.block, one.log));
        let of_last = moves.iter().filter(|one| Some(tx_hash(one.block, one.log)) == last);
        let last = last.unwrap_or_default();
        let uri = format!("/v1/transfers?{contract}&token_id={token:#x}&tx_hash={last}&");
        lists.push((uri, of_last.copied().collect()));
        lists.push((format!("/v1/tokens/1/{address}/{token}/transfers?"), moves.clone()));
        lists.push((format!("/v1/transfers?{contract}&token_id={token:#x}&"), moves));
    }
    lists
}

#[tokio::test]
async fn transfers_are_those_of_the_replay_once_each_and_in_order() {
    let site = site(5).await;
    for (address, history) in &site.contracts {
        for (uri, moves) in lists(*address, history) {
            let shown = moves.iter().map(|one| transfer(*address, history, one));
            let mut expected: Vec<_> = shown.collect();
            same(&site, &format!("{uri}order=asc"), &expected).await;
            expected.reverse();
            same(&site, &format!("{uri}order=desc"), &expected).await;
        }
    }
}

async fn same(site: &Site, uri: &str, expected: &[Value]) {
    for limit in [1, 7, 1000] {
        let uri = format!("{uri}&limit={limit}");
        let mut rows = pages(&site.router, &uri, async |_| {}).await;
        for row in &mut rows {
            let fields = row.as_object_mut().unwrap();
            LEFT_OUT.iter().for_each(|name| drop(fields.remove(*name).unwrap()));
        }
        assert_eq!(rows, expected, "{uri}");
    }
}
