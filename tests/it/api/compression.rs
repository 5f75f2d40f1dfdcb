//! Answers in the codings that clients read: the same in each, and none where it does not pay.

use std::io::Read;

use alloy::primitives::U256;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use futures_util::StreamExt;
use herald::api::COMPRESSED_BYTES_MIN;
use tower::ServiceExt;

use super::{APES, NOBODY, get, world};
use crate::support::seed::person;

/// The answer in a coding, as it came.
async fn coded(router: &Router, uri: &str, accepted: &str) -> (HeaderMap, Vec<u8>) {
    let request = Request::get(uri).header("accept-encoding", accepted);
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
}

fn unpacked(coding: &str, bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut reader: Box<dyn Read> = match coding {
        "gzip" => Box::new(flate2::read::GzDecoder::new(bytes)),
        "br" => Box::new(brotli::Decompressor::new(bytes, 4096)),
        "zstd" => Box::new(zstd::Decoder::new(bytes).unwrap()),
        other => panic!("{other} was not offered"),
    };
    reader.read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn a_large_answer_is_the_same_in_every_coding_and_smaller() {
    let world = world().await;
    for number in 100..120 {
        world.apes.transfer((31, number), U256::from(number), NOBODY, person(9)).await;
    }
    let contract = format!("/v1/contracts/1/{APES}");
    for uri in [format!("{contract}/tokens"), format!("{contract}/snapshot?format=ndjson")] {
        let plain = get(&world.router, &uri).await;
        assert!(plain.text.len() > usize::from(COMPRESSED_BYTES_MIN), "{uri}");
        assert!(!plain.headers.contains_key("content-encoding"));
        assert_eq!(plain.headers["vary"], "accept-encoding");
        for (accepted, coding) in [
            ("gzip", "gzip"),
            ("br", "br"),
            ("zstd", "zstd"),
            ("gzip;q=1.0, br;q=0.5, *;q=0", "gzip"),
        ] {
            let (headers, bytes) = coded(&world.router, &uri, accepted).await;
            assert_eq!(headers["content-encoding"], coding, "{uri} {accepted}");
            assert_eq!(headers["vary"], "accept-encoding");
            assert_eq!(headers.get("etag"), plain.headers.get("etag"));
            assert!(bytes.len() < plain.text.len() / 2, "{uri} {coding}: {}", bytes.len());
            assert_eq!(unpacked(coding, &bytes), plain.text, "{uri} {coding}");
        }
        for refused in ["identity", "deflate", "gzip;q=0", "nonsense", ""] {
            let (headers, bytes) = coded(&world.router, &uri, refused).await;
            assert!(!headers.contains_key("content-encoding"), "{refused}");
            assert_eq!(String::from_utf8(bytes).unwrap(), plain.text);
        }
    }
}

#[tokio::test]
async fn a_small_answer_is_never_compressed() {
    let world = world().await;
    for uri in [format!("/v1/tokens/1/{APES}/1"), "/version".into(), "/v1/nothing".into()] {
        let (headers, bytes) = coded(&world.router, &uri, "gzip, br, zstd").await;
        assert!(bytes.len() < usize::from(COMPRESSED_BYTES_MIN), "{uri}");
        assert!(!headers.contains_key("content-encoding"), "{uri}");
    }
}

#[tokio::test]
async fn a_stream_is_compressed_as_it_comes() {
    let world = world().await;
    let many = world.one.contract(person(0x77), "ready", 0).await;
    many.many(20, 26_000, person(4)).await;
    let request = Request::get(format!("/v1/contracts/1/{}/snapshot", person(0x77)))
        .header("accept-encoding", "gzip");
    let response = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await;
    let mut body = response.unwrap().into_body().into_data_stream();
    assert!(!body.next().await.unwrap().unwrap().is_empty());
    // Nothing of it is under way that would hold the table, and its later pages are not read yet:
    // without its block the stream breaks off.
    let lock = "lock table chain.holdings in access exclusive mode nowait";
    let mut alone = world.db.pool.begin().await.unwrap();
    sqlx::query(lock).execute(&mut *alone).await.expect("no statement is under way");
    alone.rollback().await.unwrap();
    world.one.rewind(1, 39).await;
    world.one.commit(2, 45).await;
    let mut broken = false;
    while let Some(piece) = body.next().await {
        // What comes behind a fault reaches nobody.
        broken |= piece.is_err();
    }
    assert!(broken, "it was gathered before it was sent, or its fault was swallowed");
}
