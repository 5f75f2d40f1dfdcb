//! What contracts are taken for, by what they say of themselves.

use super::land::Land;
use super::nature::{Contract, ERC721, Nature};
use super::{Scene, address};

/// Interface ids of EIP-1155, and of ERC-721 as CryptoKitties has it.
const ERC1155: [u8; 4] = [0xd9, 0xb6, 0x7a, 0x26];
const KITTIES: [u8; 4] = [0x9a, 0x20, 0x48, 0x3d];

const NATURES: [(Nature, Result<Option<&str>, &str>); 11] = [
    (Nature::Has(ERC721), Ok(Some("erc721"))),
    (Nature::Has(ERC1155), Ok(Some("erc1155"))),
    (Nature::Has(KITTIES), Ok(Some("erc721"))),
    (Nature::HasBoth, Ok(None)),
    (Nature::Has([1, 2, 3, 4]), Err("denies to be ERC-721 or ERC-1155")),
    (Nature::DeniesAndCounts, Err("18 decimals")),
    (Nature::ClaimsAll, Err("claims every interface")),
    (Nature::SaysOne, Err("1 decimals")),
    (Nature::Coin, Err("18 decimals, as a coin (ERC-20) has")),
    (Nature::Absurd, Err("is no coin either")),
    (Nature::Silent, Err("names no interface")),
];

fn land() -> Land {
    let mut land = Land::new(1_000);
    for (number, (nature, _)) in (0..).zip(NATURES) {
        land.contracts.insert(address(number), Contract::of(nature));
    }
    land
}

#[tokio::test]
async fn contracts_are_what_they_say_unless_they_say_everything() {
    let scene = Scene::new(land()).await;
    let contracts: Vec<_> = (0..).map(address).take(NATURES.len()).collect();
    for (row, (nature, expected)) in scene.judge(&contracts).await.iter().zip(NATURES) {
        match expected {
            Ok(standard) => assert_eq!(row.accepted(), (standard, Some(1)), "{nature:?}"),
            Err(words) => {
                let (code, detail) = row.refused();
                assert_eq!(code, "not_nft", "{nature:?}");
                assert!(detail.contains(words) && detail.contains("`standard`"), "{detail}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_stated_holds_whatever_the_contract_says() {
    let scene = Scene::new(land()).await;
    for (number, (nature, _)) in (0..).zip(NATURES) {
        for stated in ["erc721", "erc1155"] {
            scene.wish(address(number), (Some(stated), None), "api").await;
            scene.work().await;
            let row = scene.row(address(number)).await;
            assert_eq!(row.accepted(), (Some(stated), Some(1)), "{nature:?}");
            sqlx::query("delete from chain.contracts").execute(&scene.database.pool).await.unwrap();
        }
    }
}

#[tokio::test]
async fn where_nobody_can_be_called_the_logs_decide() {
    let scene = Scene::new(Land { calls: false, ..land() }).await;
    let contracts: Vec<_> = (0..).map(address).take(NATURES.len()).collect();
    for row in scene.judge(&contracts).await {
        assert_eq!(row.accepted(), (None, Some(1)));
    }
}

#[tokio::test]
async fn an_address_without_a_contract_and_a_start_in_the_future_are_refused() {
    let mut land = land();
    land.head = 5_000;
    let scene = Scene::new(land).await;
    let nobody = address(99);
    let row = scene.judge(&[nobody]).await.remove(0);
    assert_eq!(row.refused().0, "no_contract");
    assert!(row.refused().1.contains(&nobody.to_string()) && row.refused().1.contains(" on sim"));
    for (number, (start, refused)) in
        (0..).zip([(5_001, false), (1_005_000, false), (1_005_001, true), (i64::MAX, true)])
    {
        scene.wish(address(number), (Some("erc721"), Some(start)), "cli").await;
        scene.work().await;
        let row = scene.row(address(number)).await;
        match refused {
            false => assert_eq!(row.accepted(), (Some("erc721"), Some(start))),
            true => {
                assert_eq!(row.refused().0, "start_block_ahead");
                assert!(row.refused().1.contains(&format!("start_block {start} lies ")));
                assert!(row.refused().1.contains(" above 5000,"), "{row:?}");
            }
        }
    }
}
