//! Merkle roots of holders at random blocks, against the replay and OpenZeppelin's own library.

use std::collections::BTreeMap;

use alloy::primitives::aliases::{I512, U512};
use alloy::primitives::{Address, U256};

use super::every_standard::{Site, site};
use super::history::History;
use super::{APES, code, ok, world};
use crate::support::openzeppelin;
use crate::support::seed::{Held, LASTS, person};

/// The values of the leaves of each kind, as the replay has them.
fn leaves(history: &History, block: Option<i64>) -> [Vec<Vec<String>>; 2] {
    let mut owners: BTreeMap<Address, I512> = BTreeMap::new();
    let mut tokens = Vec::new();
    for ((token, owner), fact) in history.at(block).iter().filter(|(_, it)| history.shows(it)) {
        let balance = fact.balance.unwrap_or(I512::ONE);
        *owners.entry(*owner).or_default() += balance;
        tokens.push(vec![token.to_string(), owner.to_string(), balance.to_string()]);
    }
    let owners = owners.iter().map(|(owner, sum)| vec![owner.to_string(), sum.to_string()]);
    [owners.collect(), tokens]
}

async fn same(site: &Site, (address, history): &(Address, History), block: i64) {
    let [owners, tokens] = leaves(history, Some(block));
    let uri = format!("/v1/contracts/1/{address}/snapshot/root?at_block={block}");
    for (word, encoding, values) in [
        ("owners", &["address", "uint256"][..], owners),
        ("tokens", &["uint256", "address", "uint256"], tokens),
    ] {
        let uri = format!("{uri}&merkle={word}");
        let most = U256::MAX.to_string();
        let fits = |number: &String| (number.len(), number) <= (most.len(), &most);
        if history.irregular(Some(block))
            || !values.iter().flatten().all(|it| it.starts_with("0x") || fits(it))
        {
            assert_eq!(code(&site.router, &uri).await, "contract_irregular", "{uri}");
            continue;
        }
        let told = ok(&site.router, &uri).await;
        let root = (!values.is_empty()).then(|| openzeppelin::root(encoding, &values));
        assert_eq!(told["root"].as_str(), root.as_deref(), "{uri}");
        assert_eq!(told["leaves"], values.len(), "{uri}");
        assert_eq!(told["block"]["number"], block);
    }
}

#[tokio::test]
async fn roots_are_those_of_the_official_library_over_the_replay() {
    let site = site(11).await;
    for block in [1, 5, 14, 24] {
        for contract in &site.contracts {
            same(&site, contract, block).await;
        }
    }
}

#[tokio::test]
async fn a_root_names_its_block_and_leaves_no_holder_out() {
    let world = world().await;
    let uri = format!("/v1/contracts/1/{APES}/snapshot/root");
    let told = ok(&world.router, &format!("{uri}?min_finality=finalized")).await;
    assert_eq!((&told["block"]["number"], &told["merkle"]), (&28.into(), &"owners".into()));
    let values = [1, 2].map(|number| vec![person(number).to_string(), "1".into()]);
    assert_eq!(told["root"], openzeppelin::root(&["address", "uint256"], &values));
    assert_eq!(ok(&world.router, &format!("{uri}?at_block=6")).await["root"].as_str(), None);
    assert_eq!(code(&world.router, &format!("{uri}?merkle=rows")).await, "invalid_request");
    assert_eq!(code(&world.router, &format!("{uri}?at_block=99")).await, "block_ahead");
    let above = I512::from_raw(U512::from(U256::MAX)) + I512::ONE;
    let held = Held {
        since: 30,
        until: LASTS,
        acquired: 30,
        token: U256::from(9),
        owner: person(1),
        balance: Some(above),
    };
    world.apes.held(&[held]).await;
    assert_eq!(code(&world.router, &uri).await, "contract_irregular");
}
