//! Ownership at a time: the state at the end of the last block at or before it, on one chain and over
//! several, against what the histories say of that block.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::every_standard::{Site, site};
use super::history::LAST;
use super::{APES, NOBODY, code, column, ok, pages, world};
use crate::support::seed::person;

/// Time of block 0; each block is twelve seconds after the one before.
const BEGAN: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

fn text(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap()
}

/// The lists and objects of ownership that tell of the history's contracts and people.
fn routes(site: &Site) -> Vec<String> {
    let mut routes = Vec::new();
    for (address, history) in &site.contracts {
        routes.push(format!("/v1/contracts/1/{address}/tokens?limit=1000"));
        routes.push(format!("/v1/contracts/1/{address}/owners?limit=1000"));
        let token = history.moves[3].first;
        routes.push(format!("/v1/tokens/1/{address}/{token}/owners?limit=1000"));
    }
    routes
        .extend((1..6).map(|who| format!("/v1/wallets/{}/tokens?chain=1&limit=1000", person(who))));
    routes
}

#[tokio::test]
async fn at_a_time_every_route_says_what_it_says_at_the_last_block_until_then() {
    let site = site(5).await;
    // As after some days: of final blocks only those with transfers are still stored.
    sqlx::query(
        r"delete from chain.blocks b where number > 1 and number % 3 = 0 and number < $1
            and not exists (select from chain.transfers t where t.block = b.number)",
    )
    .bind(LAST)
    .execute(&site.db.pool)
    .await
    .unwrap();
    let mut random = StdRng::seed_from_u64(7);
    for uri in routes(&site) {
        let mut told = 0;
        for _ in 0..12 {
            let seconds = random.random_range(12.0..12.0 * LAST as f64);
            let time = BEGAN + Duration::seconds_f64(seconds);
            let block = (seconds / 12.0).floor() as i64;
            let at_time = ok(&site.router, &format!("{uri}&at_time={}", text(time))).await;
            let at_block = ok(&site.router, &format!("{uri}&at_block={block}")).await;
            assert_eq!(at_time["data"], at_block["data"], "{uri} at {time}, block {block}");
            let shown = at_time["meta"]["at_block"].as_i64().unwrap();
            assert!(shown <= block, "{uri}: {shown} lies after {block}");
            told += at_time["data"].as_array().unwrap().len();
        }
        assert!(told > 0, "{uri} told nothing");
    }
}

#[tokio::test]
async fn a_block_counts_from_its_own_second_on() {
    let world = world().await;
    let uri = format!("/v1/tokens/1/{APES}/1");
    let twenty = BEGAN + Duration::seconds(20 * 12);
    for (time, owner) in [
        (twenty - Duration::microseconds(1), 1),
        (twenty, 2),
        (twenty + Duration::microseconds(1), 2),
        (BEGAN + Duration::seconds(40 * 12), 3),
    ] {
        let shown = ok(&world.router, &format!("{uri}?at_time={}", text(time))).await;
        assert_eq!(shown["owner"], person(owner).to_checksum(None), "{time}");
    }
    let after = text(BEGAN + Duration::seconds(40 * 12 + 1));
    assert_eq!(code(&world.router, &format!("{uri}?at_time={after}")).await, "block_ahead");
    for before in [text(BEGAN + Duration::seconds(59)), text(BEGAN - Duration::days(1))] {
        assert_eq!(code(&world.router, &format!("{uri}?at_time={before}")).await, "not_indexed");
    }
    for two in ["at_block=20", "min_finality=safe"] {
        let uri = format!("{uri}?at_time={}&{two}", text(twenty));
        assert_eq!(code(&world.router, &uri).await, "invalid_request", "{uri}");
    }
    for wrong in ["", "yesterday", "2026-01-01", "2026-01-01T00:00:00", "1767225600"] {
        let uri = format!("{uri}?at_time={wrong}");
        assert_eq!(code(&world.router, &uri).await, "invalid_request", "{uri}");
    }
}

#[tokio::test]
async fn over_several_chains_each_is_shown_at_its_own_block_of_that_time() {
    let world = world().await;
    let cats = world.two.contract(APES, "ready", 0).await;
    world.two.commit(1, 40).await;
    cats.transfer((9, 0), 7_u64.try_into().unwrap(), NOBODY, person(1)).await;
    cats.transfer((15, 0), 7_u64.try_into().unwrap(), person(1), person(2)).await;
    // The second chain began a minute later.
    sqlx::query("update chain.blocks set time = time + interval '1 minute' where chain = $1")
        .bind(world.two.id)
        .execute(&world.db.pool)
        .await
        .unwrap();
    let mine = format!("/v1/wallets/{}/tokens", person(1));
    let held = async |seconds: i64| {
        let time = text(BEGAN + Duration::seconds(seconds));
        let list = ok(&world.router, &format!("{mine}?at_time={time}")).await;
        (column(&list, "id"), list["meta"]["as_of"].clone())
    };
    let ape = |chain: i64, token: i64| {
        format!("eip155:{chain}/erc721:{}/{token}", APES.to_checksum(None))
    };
    // Blocks 13 and 8; 14 and 9; 20 and 15.
    for (seconds, expected, blocks) in [
        (167, vec![ape(1, 1), ape(1, 2)], [13, 8]),
        (168, vec![ape(1, 1), ape(1, 2), ape(137, 7)], [14, 9]),
        (239, vec![ape(1, 1), ape(1, 2), ape(137, 7)], [19, 14]),
        (240, vec![ape(1, 2)], [20, 15]),
    ] {
        let (ids, as_of) = held(seconds).await;
        assert_eq!(ids, expected, "after {seconds} s");
        let shown: Vec<&Value> =
            as_of.as_array().unwrap().iter().map(|chain| &chain["at_block"]).collect();
        assert_eq!(shown, blocks, "after {seconds} s");
    }
    let soon = text(BEGAN + Duration::seconds(40 * 12 + 30));
    assert_eq!(code(&world.router, &format!("{mine}?at_time={soon}")).await, "block_ahead");
}

#[tokio::test]
async fn pages_at_a_time_show_its_block_while_blocks_arrive() {
    let world = world().await;
    for number in 10..16_u8 {
        let at = (31, i32::from(number));
        world.apes.transfer(at, number.try_into().unwrap(), NOBODY, person(1)).await;
    }
    let time = text(BEGAN + Duration::seconds(40 * 12));
    let uri = format!("/v1/contracts/1/{APES}/tokens?at_time={time}");
    let before = ok(&world.router, &uri).await["data"].clone();
    let rows = pages(&world.router, &format!("{uri}&limit=1"), async |count| {
        let block = 41 + i64::try_from(count).unwrap();
        if count == 0 {
            world.apes.transfer((block, 0), 15_u64.try_into().unwrap(), person(1), NOBODY).await;
        }
        world.one.commit(1, block).await;
    })
    .await;
    assert_eq!(Value::Array(rows), before);
}
