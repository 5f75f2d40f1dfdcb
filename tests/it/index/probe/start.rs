//! The block of a deployment, found by halving, against where it is.

use alloy::primitives::Address;
use rand::{Rng, SeedableRng, rngs::SmallRng};

use super::land::{Land, State};
use super::nature::Contract;
use super::{FINALITY, Scene, address};

/// A contract that everybody's transfers pass through.
const COIN: Address = Address::repeat_byte(0xc0);

/// A chain with transfers in each hundredth block, and contracts deployed at these blocks.
fn land(head: u64, deployed: &[u64]) -> (Land, Vec<Address>) {
    let mut land = Land::new(head);
    land.bustle(COIN, 100);
    let contracts: Vec<Address> = (0..).map(address).take(deployed.len()).collect();
    for (address, block) in contracts.iter().zip(deployed) {
        land.contracts.insert(*address, Contract::from(*block));
    }
    (land, contracts)
}

#[tokio::test]
async fn every_deployment_is_found_wherever_it_lies_and_however_long_the_chain() {
    for (seed, head) in [(1, 200), (2, 1_777), (3, 65_536), (4, 1_000_003)] {
        let mut rng = SmallRng::seed_from_u64(seed);
        let last = head - FINALITY;
        let mut deployed = vec![0, 1, 2, last - 1, last];
        deployed.extend((0..60).map(|_| rng.random_range(0..=last)));
        let (land, contracts) = land(head, &deployed);
        let scene = Scene::new(land).await;
        for (row, contract) in scene.judge(&contracts).await.iter().zip(&contracts) {
            let truth = i64::try_from(scene.land.deployed(*contract)).unwrap();
            assert_eq!(row.accepted(), (Some("erc721"), Some(truth)), "{contract} of {head}");
        }
    }
}

#[tokio::test]
async fn a_deployment_that_can_be_taken_back_begins_where_that_ends() {
    let (land, contracts) = land(1_000, &[901, 950, 1_000]);
    let scene = Scene::new(land).await;
    for row in scene.judge(&contracts).await {
        assert_eq!(row.accepted(), (Some("erc721"), Some(901)));
    }
}

#[tokio::test]
async fn a_node_that_refuses_old_state_leaves_the_question_open_unless_it_is_not_needed() {
    let head = 10_000;
    let deployed = [0, 1, 4_999, 5_000, 7_000, 9_899, 9_950];
    for horizon in [1, 2, 5_000, 7_000, 9_901, 10_000] {
        let (mut land, contracts) = land(head, &deployed);
        land.state = State::RefusedBelow(horizon);
        let scene = Scene::new(land).await;
        for (row, block) in scene.judge(&contracts).await.iter().zip(deployed) {
            // Whoever says where it begins has looked at the block below.
            let begins = block.min(head - FINALITY + 1);
            if row.refused.is_none() {
                assert_eq!(row.accepted().1, Some(i64::try_from(begins).unwrap()), "{horizon}");
                assert!(horizon < begins, "{block} of {horizon}");
                continue;
            }
            assert!(horizon >= begins || horizon > 2, "{block} of {horizon}");
            let (code, detail) = row.refused();
            assert_eq!(code, "start_block_needed");
            assert!(detail.contains("keep no state of block ") && detail.contains("`start_block`"));
        }
    }
}

#[tokio::test]
async fn a_node_that_denies_old_state_is_found_out_by_what_must_have_been_there() {
    let head = 10_000;
    for horizon in [10, 4_000, 4_050, 9_000, 9_900] {
        let deployed = [0, 3, horizon - 1, horizon, horizon + 1, 9_900];
        let (mut land, contracts) = land(head, &deployed);
        land.state = State::DeniedBelow(horizon);
        let scene = Scene::new(land).await;
        for (row, block) in scene.judge(&contracts).await.iter().zip(deployed) {
            if block > horizon {
                assert_eq!(row.accepted().1, Some(i64::try_from(block).unwrap()), "{horizon}");
                continue;
            }
            let (code, detail) = row.refused();
            assert_eq!(code, "start_block_needed", "{block} of {horizon}");
            assert!(detail.contains("forgotten its state"), "{detail}");
        }
    }
}

#[tokio::test]
async fn where_nobody_else_logs_the_contracts_own_logs_bear_witness() {
    let head = 10_000;
    let mut rows = Vec::new();
    for (width_max, logged) in
        [(u64::MAX, Some(40)), (u64::MAX, None), (1_000, Some(40)), (1_000, None), (100, None)]
    {
        let mut land = Land::new(head);
        land.contracts.insert(address(1), Contract::from(30));
        land.logs.extend(logged.map(|block| (block, address(1))));
        land.state = State::DeniedBelow(5_000);
        land.width_max = width_max;
        rows.push(Scene::new(land).await.judge(&[address(1)]).await.remove(0));
    }
    for at in [0, 2] {
        assert_eq!(rows[at].refused().0, "start_block_needed");
        assert!(rows[at].refused().1.contains("at block 40"), "{:?}", rows[at]);
    }
    for at in [1, 3] {
        assert_eq!(rows[at].accepted().1, Some(5_000), "too late, and nothing is lost by it");
    }
    assert!(rows[4].refused().1.contains("nothing shows"), "too many questions: {:?}", rows[4]);
}

#[tokio::test]
async fn a_contract_that_was_made_twice_begins_with_its_first_life_if_that_was_heard_of() {
    for (bustles, logged, second, expected) in [
        // Shortly before, and so long before that only a query over everything tells.
        (true, 149, 153, 149),
        (false, 149, 153, 149),
        (true, 149, 7_000, 7_000),
        (false, 149, 7_000, 149),
    ] {
        let mut land = Land::new(10_000);
        if bustles {
            land.bustle(COIN, 1);
        }
        let twice = address(1);
        let contract = Contract { lives: vec![149..150, second..u64::MAX], ..Contract::from(0) };
        land.contracts.insert(twice, contract);
        land.logs.push((logged, twice));
        land.logs.sort();
        let row = Scene::new(land).await.judge(&[twice]).await.remove(0);
        assert_eq!(row.accepted().1, Some(expected), "{bustles}, {second}");
    }
}
