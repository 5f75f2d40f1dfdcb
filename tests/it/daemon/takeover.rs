//! The live edge goes from one daemon to another, by a death or by a stop; and how long that takes,
//! where somebody looks (`make takeover`).

use std::time::Instant;

use super::client::Client;
use super::process::Program;
use super::setup::Setup;
use super::site::Site;
use crate::support::database::fresh;

/// What the one that follows says of each commit.
const COMMITTED: &str = "committed up to block";

/// A site, the daemon that follows it, and one that stands by.
async fn pair(setup: &mut Setup) -> (Site, (Program, Client), (Program, Client)) {
    let site = Site::new("one", 1_001, 30).await;
    site.configure(setup);
    let (first, client) = Program::answering(setup).await;
    site.followed(&first, &client).await;
    let second = Program::answering(setup).await;
    second.0.beat().await;
    (site, (first, client), second)
}

/// Waits for the first commit, and says how long it took since the other one was ended.
#[expect(clippy::print_stdout, reason = "`make takeover` shows it")]
async fn commits(daemon: &Program, (ended, since): (&str, Instant)) {
    daemon.says(COMMITTED).await;
    println!("{ended}: {} ms until another's first commit", since.elapsed().as_millis());
}

#[tokio::test]
async fn another_goes_on_after_a_death_and_after_a_stop() {
    let database = fresh().await;
    let mut setup = Setup::on(&database);
    let (mut site, (first, _), (second, client)) = pair(&mut setup).await;
    assert!(!second.log.text().contains(COMMITTED), "two follow one chain");
    // Right after a renewal is the worst moment.
    first.beat().await;
    let begun = Instant::now();
    first.kill().await;
    site.world.mine(2);
    commits(&second, ("killed", begun)).await;
    site.followed(&second, &client).await;
    site.assert_equal(&database.pool, "after a death").await;
    let (third, client) = Program::answering(&setup).await;
    third.beat().await;
    let begun = Instant::now();
    second.stop().await;
    let left: i64 = sqlx::query_scalar(
        "select count(*) from chain.leases where starts_with(name, 'replica:')
         and until > clock_timestamp()",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert!(left <= 1, "one that has stopped still counts as there");
    site.world.mine(2);
    commits(&third, ("stopped", begun)).await;
    site.followed(&third, &client).await;
    third.stop().await;
    site.assert_equal(&database.pool, "after a stop").await;
}
