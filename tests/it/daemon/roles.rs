//! What a daemon does by its roles: one that only follows, one that only answers, side by side.

use super::process::Program;
use super::setup::Setup;
use super::site::Site;
use crate::support::database::fresh;
use crate::support::sim::tracked;

#[tokio::test]
async fn one_follows_and_the_other_answers() {
    let database = fresh().await;
    let mut site = Site::new("one", 1_001, 30).await;
    let mut setup = Setup::on(&database);
    site.configure(&mut setup);
    let answers = Program::start(&setup, &["run", "--roles", "api"]);
    let client = answers.client().await;
    assert_eq!(client.get("/v1/chains/one").await.status, 200, "the chain is not known");
    let contract = format!("/v1/contracts/one/{}", tracked()[0]);
    assert_eq!(client.get(&contract).await.status, 404, "one without `index` follows contracts");
    let follows = Program::start(&setup, &["run", "--roles", "index"]);
    site.followed(&follows, &client).await;
    site.world.mine(3);
    site.followed(&follows, &client).await;
    site.assert_equal(&database.pool, "by the one that follows").await;
    let bare = follows.client().await;
    for path in ["/health/live", "/health/ready", "/metrics", "/version"] {
        assert_eq!(bare.get(path).await.status, 200, "{path}");
    }
    let unknown = bare.get("/v1/chains").await;
    assert_eq!((unknown.status.as_u16(), &unknown.json()["code"]), (404, &"route_unknown".into()));
    assert!(unknown.text.contains("without the role api"), "{}", unknown.text);
    follows.stop().await;
    let log = answers.stop().await.log;
    assert!(log.contains("\"roles\":\"api\""), "{log}");
    assert!(!log.contains("insert into chain.leases as held"), "a worker runs without `index`");
}

#[tokio::test]
async fn roles_that_are_unknown_doubled_or_none_are_wrong_usage() {
    let setup = Setup::with("embedded = true\n");
    for roles in ["all", "", "index,index", "api,"] {
        let ended = Program::start(&setup, &["run", "--roles", roles]).ended().await;
        assert_eq!(ended.code(), Some(2), "{roles:?}: {}", ended.log);
        assert!(ended.log.contains("index, api"), "{roles:?}: {}", ended.log);
    }
}
