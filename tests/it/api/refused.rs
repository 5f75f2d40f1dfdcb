//! A contract that was refused is not tracked, wherever it is asked for.

use herald::store::contracts::all_ready;
use herald::types::ChainKey;

use super::{CATS, column, delete, get, key, ok, world};
use crate::support::seed::person;

#[tokio::test]
async fn a_refused_contract_is_not_tracked_and_says_why() {
    let world = world().await;
    let admin = key(&world, &["admin"]).await;
    sqlx::query(
        r"insert into chain.contracts (chain, address, state, origin, refused, refused_detail)
        values ($1, $2, 'probing', 'api', 'not_nft', 'it says that it is no NFT')",
    )
    .bind(world.two.id)
    .bind(CATS.as_slice())
    .execute(&world.db.pool)
    .await
    .unwrap();
    let contract = format!("/v1/contracts/137/{CATS}");
    for uri in [
        contract.clone(),
        format!("{contract}/tokens"),
        format!("{contract}/owners?at_block=3"),
        format!("{contract}/transfers"),
        format!("{contract}/snapshot"),
        format!("/v1/tokens/137/{CATS}/1"),
        format!("/v1/transfers?chain=137&contract={CATS}"),
        format!("/v1/wallets/{}/tokens?chain=137&contract={CATS}", person(1)),
    ] {
        let answer = get(&world.router, &uri).await;
        assert_eq!(answer.code(), "contract_not_tracked", "{uri}");
        assert!(answer.text.contains("it says that it is no NFT"), "{uri}: {}", answer.text);
    }
    let removed = delete(&world, &admin, &contract).await;
    assert_eq!(removed.code(), "contract_not_tracked", "{}", removed.text);
    let list = ok(&world.router, "/v1/contracts").await;
    assert_eq!(column(&list, "chain"), ["eip155:1"]);
    assert!(column(&ok(&world.router, "/v1/contracts?status=probing").await, "chain").is_empty());
    let wallet = ok(&world.router, &format!("/v1/wallets/{}/tokens", person(1))).await;
    assert!(wallet["meta"]["incomplete"].is_null(), "{wallet}");
    let ready = all_ready(&world.db.pool, ChainKey(world.two.id)).await.unwrap();
    assert!(ready, "a chain waits for a contract that it does not follow");
}
