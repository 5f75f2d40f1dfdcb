//! Waits at a terminal until a contract is ready, and says what changes meanwhile.

use std::time::Duration;

use super::place::{Named, Place};
use super::words;
use crate::cli::{Exit, out};

/// How often the contract is looked at: often enough for a person, and little work for a daemon.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Returns once the ownership of the contract is answered; [`Exit::Failed`] where it is not tracked
/// any more. Whoever started it may end it, which changes nothing.
pub(super) async fn until_ready(place: &dyn Place, named: &Named) -> anyhow::Result<Exit> {
    let mut said = String::new();
    loop {
        let Some(seen) = place.one(named).await? else {
            out::complain("error: the contract is not tracked any more");
            return Ok(Exit::Failed);
        };
        let text = words::one(&seen);
        if text != said {
            out::line(&text)?;
            said = text;
        }
        match seen.status.as_str() {
            "ready" => return Ok(Exit::Done),
            "stopped" => return Ok(Exit::Failed),
            _ => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}
