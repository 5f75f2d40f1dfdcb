//! What contracts call themselves, whatever that is.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolValue;

use super::land::Land;
use super::nature::Contract;
use super::{Scene, address};

/// What a contract answers for name and symbol, and how that is read.
type Case = ([Option<Bytes>; 2], [Option<&'static str>; 2]);

/// Name and symbol.
type Names = (Option<String>, Option<String>);

async fn names(scene: &Scene, contract: Address) -> (Names, bool) {
    let (name, symbol, waits) = sqlx::query_as(
        "select name, symbol, describe_at is not null from chain.contracts where address = $1",
    )
    .bind(contract.as_slice())
    .fetch_one(&scene.database.pool)
    .await
    .unwrap();
    ((name, symbol), waits)
}

fn word(text: &str) -> Bytes {
    B256::right_padding_from(text.as_bytes()).into()
}

#[tokio::test]
async fn names_are_stored_as_far_as_they_can_be_read() {
    let hostile = [U256::from(32).abi_encode(), U256::MAX.abi_encode()].concat();
    let cases: [Case; 5] = [
        (
            [Some("Bored Apes".abi_encode().into()), Some("BAYC".abi_encode().into())],
            [Some("Bored Apes"), Some("BAYC")],
        ),
        ([Some(word("Maker")), Some(word("MKR"))], [Some("Maker"), Some("MKR")]),
        ([Some("\0nul\0".abi_encode().into()), Some(hostile.into())], [Some("nul"), None]),
        ([None, Some(vec![0xff; 1 << 20].into())], [None, None]),
        ([None, None], [None, None]),
    ];
    let mut land = Land::new(1_000);
    for (number, (answers, _)) in (0..).zip(&cases) {
        let contract = Contract { names: answers.clone(), ..Contract::from(1) };
        land.contracts.insert(address(number), contract);
    }
    let scene = Scene::new(land).await;
    let contracts: Vec<_> = (0..).map(address).take(cases.len()).collect();
    scene.judge(&contracts).await;
    for (contract, (_, [name, symbol])) in contracts.iter().zip(&cases) {
        let expected = (name.map(str::to_owned), symbol.map(str::to_owned));
        assert_eq!(names(&scene, *contract).await, (expected, false));
    }
}

#[tokio::test]
async fn a_name_is_asked_for_again_until_somebody_can_be_called_and_there_is_a_contract() {
    let named = || {
        let names = ["Later", "LTR"].map(|text| Some(text.abi_encode().into()));
        Contract { names, ..Contract::from(1) }
    };
    let mut mute = Land::new(1_000);
    mute.calls = false;
    mute.contracts.insert(address(1), named());
    let scene = Scene::new(mute).await;
    for number in [1, 2] {
        scene.wish(address(number), (Some("erc721"), Some(1)), "config").await;
    }
    scene.work().await;
    assert_eq!(names(&scene, address(1)).await, ((None, None), true));
    let mut land = Land::new(1_000);
    land.contracts.insert(address(1), named());
    let scene = scene.before(land).await;
    scene.later(601).await;
    scene.work().await;
    let found = (Some("Later".to_owned()), Some("LTR".to_owned()));
    assert_eq!(names(&scene, address(1)).await, (found.clone(), false));
    assert_eq!(names(&scene, address(2)).await, ((None, None), true), "nobody is there");
    let mut land = Land::new(1_000);
    land.contracts.insert(address(2), named());
    let scene = scene.before(land).await;
    scene.later(601).await;
    scene.work().await;
    assert_eq!(names(&scene, address(2)).await, (found, false));
}

#[tokio::test]
async fn neither_a_refused_contract_nor_a_stopped_one_is_asked() {
    let mut land = Land::new(1_000);
    land.contracts.insert(address(2), Contract::from(1));
    let scene = Scene::new(land).await;
    scene.judge(&[address(1)]).await;
    scene.wish(address(2), (Some("erc721"), Some(1)), "api").await;
    sqlx::query("update chain.contracts set state = 'stopped', probe_at = null where address = $1")
        .bind(address(2).as_slice())
        .execute(&scene.database.pool)
        .await
        .unwrap();
    scene.work().await;
    for number in [1, 2] {
        assert_eq!(names(&scene, address(number)).await, ((None, None), true));
    }
}
