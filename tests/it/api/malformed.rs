//! Malformed everything: always the client's fault, never 500.

use axum::http::StatusCode;

use super::{APES, World, get, world};
use crate::support::seed::person;

/// Percent-encodes every byte.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What strangers send.
fn nasty() -> Vec<String> {
    let long = "9".repeat(10_000);
    let texts = [
        "",
        " ",
        "-1",
        "+1",
        "0x",
        "0xg",
        "1e9",
        "NaN",
        "null",
        "\0",
        "a\0b",
        "'",
        "''; drop table x; --",
        "\" or \"\"=\"",
        "%",
        "%s%n",
        "{}",
        "[]",
        "é",
        "١٢",
        "🦍",
        "../../etc/passwd",
        "eip155:",
        "eip155:-1",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "1.5",
        "true",
        "\r\nx: y",
        "115792089237316195423570985008687907853269984665640564039457584007913129639936",
        &long,
    ];
    texts.into_iter().map(encoded).collect()
}

#[tokio::test]
async fn a_malformed_part_of_a_path_is_the_clients_fault() {
    let world = world().await;
    let person = person(1).to_string();
    let apes = APES.to_string();
    let mut paths: Vec<(String, &[&str])> = Vec::new();
    for bad in nasty().into_iter().chain(["%FF".into(), "%".into(), "%zz".into()]) {
        if bad.is_empty() {
            continue;
        }
        let one: &[&str] = &["", "/reorgs"];
        paths.push((format!("/v1/chains/{bad}"), one));
        let lists: &[&str] = &["", "/tokens", "/owners", "/transfers", "/snapshot"];
        paths.push((format!("/v1/contracts/{bad}/{apes}"), lists));
        paths.push((format!("/v1/contracts/1/{bad}"), lists));
        let token: &[&str] = &["", "/owners", "/transfers"];
        paths.push((format!("/v1/tokens/{bad}/{apes}/1"), token));
        paths.push((format!("/v1/tokens/1/{bad}/1"), token));
        paths.push((format!("/v1/tokens/1/{apes}/{bad}"), token));
        paths.push((format!("/v1/wallets/{bad}"), &["/tokens", "/transfers"]));
        paths.push((format!("/v1/events/{bad}"), &[""]));
    }
    for (path, ends) in paths {
        for end in ends {
            let uri = format!("{path}{end}");
            let answer = get(&world.router, &uri).await;
            let named =
                ["invalid_request", "chain_unknown", "contract_not_tracked", "token_unknown"];
            // A number that fits is a chain or a token that is not there.
            assert!(
                answer.status == StatusCode::BAD_REQUEST
                    || answer.status == StatusCode::NOT_FOUND
                    || answer.status == StatusCode::OK && end.ends_with('s'),
                "{uri:.200}: {}",
                answer.text
            );
            if answer.status != StatusCode::OK {
                assert!(named.contains(&answer.code().as_str()), "{uri:.200}: {}", answer.code());
                assert!(!answer.json()["errors"][0]["pointer"].is_null(), "{uri:.200}");
                assert!(answer.text.len() < 2_000, "says too much back: {uri:.200}");
            }
        }
    }
    assert_eq!(
        get(&world.router, &format!("/v1/wallets/{person}/tokens")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_malformed_parameter_is_a_400_that_names_it() {
    let world = world().await;
    let page = ["limit", "cursor"];
    let moment = ["at_block", "min_finality"];
    let transfers = ["from", "to", "kind", "from_block", "to_block", "order", "min_finality"];
    let export = ["from_block", "to_block", "min_finality", "after", "block_hash", "format"];
    let contract = format!("/v1/contracts/1/{APES}");
    let token = format!("/v1/tokens/1/{APES}/1");
    let wallet = format!("/v1/wallets/{}", person(1));
    let of = |lists: &[&[&'static str]]| lists.concat();
    let routes = [
        ("/v1/chains".to_owned(), of(&[&page])),
        ("/v1/chains/1/reorgs".to_owned(), of(&[&page])),
        ("/v1/contracts".to_owned(), of(&[&page, &["chain", "status"]])),
        (format!("{contract}/tokens"), of(&[&page, &moment])),
        (format!("{contract}/owners"), of(&[&page, &moment])),
        (format!("{contract}/transfers"), of(&[&page, &transfers, &["wallet"]])),
        (format!("{contract}/snapshot"), of(&[&moment, &["format", "block_hash"]])),
        (format!("{contract}/snapshot/root"), of(&[&moment, &["merkle", "block_hash"]])),
        (format!("{contract}/transfers/export"), of(&[&export])),
        ("/v1/transfers/export".to_owned(), of(&[&export, &["chain"]])),
        (token.clone(), of(&[&moment])),
        (format!("{token}/owners"), of(&[&page, &moment])),
        (format!("{token}/transfers"), of(&[&page, &transfers, &["wallet"]])),
        (
            format!("{wallet}/tokens"),
            of(&[&page, &moment, &["chain", "contract", "standard", "acquired_after"]]),
        ),
        (format!("{wallet}/transfers"), of(&[&page, &transfers, &["chain"]])),
        (
            "/v1/transfers".to_owned(),
            of(&[&page, &transfers, &["chain", "contract", "token_id", "wallet", "tx_hash"]]),
        ),
        ("/v1/events".to_owned(), of(&[&["after", "chain", "types", "limit"]])),
    ];
    for (path, names) in routes {
        for bad in nasty() {
            for name in &names {
                refused(&world, &format!("{path}?{name}={bad}"), name).await;
            }
            let unknown = get(&world.router, &format!("{path}?x{bad}=1")).await;
            assert_eq!(unknown.code(), "invalid_request", "{path}?x{bad:.100}");
        }
    }
}

async fn refused(world: &World, uri: &str, name: &str) {
    // Numbers that are right for a block or a chain are not malformed for it.
    let allowed = [("at_block", StatusCode::CONFLICT), ("chain", StatusCode::NOT_FOUND)];
    let answer = get(&world.router, uri).await;
    let status = answer.status;
    let expected = status == StatusCode::BAD_REQUEST || allowed.contains(&(name, status));
    assert!(expected, "{uri:.200}: {status} {}", answer.text);
    if status != StatusCode::CONFLICT {
        assert!(!answer.json()["errors"][0]["pointer"].is_null(), "{uri:.200}");
    }
}
