//! SIGKILL at moments that the daemon's own progress chooses, over real nodes with real contracts
//! and reorgs: whatever was under way, the next start goes on, and at the end every owner, every
//! transfer and the feed agree with the chains. `moment` says when, `story` is the rest.

mod moment;
mod story;

use rand::SeedableRng;
use rand::rngs::SmallRng;

use self::moment::{ANSWERS, APPENDING, COMMITTED, FOLDING, LOADED, Moment, TAKING_BACK};
use self::story::{Deaths, Story, Victim};
use super::setup::Setup;
use crate::support::database::fresh;

#[tokio::test]
async fn a_daemon_killed_again_and_again_ends_up_with_what_the_chains_say() {
    let database = fresh().await;
    let seed = 20_240_601;
    let rng = &mut SmallRng::seed_from_u64(!seed);
    let daemon = |moment| (moment, Victim::Daemon);
    let before = [
        Moment::any(rng, "", 1, 12),
        Moment::any(rng, ANSWERS, 1, 30),
        Moment::any(rng, LOADED, 8, 6),
        Moment::any(rng, LOADED, 8, 6),
        Moment::any(rng, FOLDING, 1, 4),
        Moment::any(rng, APPENDING, 3, 4),
    ];
    let after = [
        Moment::any(rng, LOADED, 8, 6),
        Moment::any(rng, TAKING_BACK, 1, 8),
        Moment::any(rng, FOLDING, 2, 4),
        Moment::any(rng, APPENDING, 6, 8),
        Moment::any(rng, TAKING_BACK, 1, 8),
        Moment::any(rng, COMMITTED, 9, 3),
    ];
    let deaths = Deaths { before: before.map(daemon).to_vec(), after: after.map(daemon).to_vec() };
    Story::told(seed, Setup::on(&database), Some(database.pool.clone()), deaths).await;
}

#[tokio::test]
async fn a_daemon_and_its_own_postgres_killed_again_and_again_end_up_with_what_the_chains_say() {
    let seed = 20_240_602;
    let rng = &mut SmallRng::seed_from_u64(!seed);
    let before = vec![
        (Moment::any(rng, "", 1, 25), Victim::Daemon),
        (Moment::any(rng, ANSWERS, 1, 30), Victim::Both),
        (Moment::any(rng, LOADED, 8, 6), Victim::Postgres),
        (Moment::any(rng, LOADED, 8, 6), Victim::Daemon),
        (Moment::any(rng, FOLDING, 1, 4), Victim::Both),
    ];
    let after = vec![
        (Moment::any(rng, LOADED, 8, 6), Victim::Daemon),
        (Moment::any(rng, TAKING_BACK, 1, 8), Victim::Postgres),
        (Moment::any(rng, APPENDING, 6, 8), Victim::Postgres),
        (Moment::any(rng, COMMITTED, 9, 3), Victim::Both),
    ];
    Story::told(seed, Setup::embedded(), None, Deaths { before, after }).await;
}
