//! What `herald check` says of the read replica.

use sqlx::postgres::PgConnectOptions;

use super::check::{Finding, fault, well};
use super::database::{Need, open};
use crate::config::{Config, DatabaseSource};
use crate::store::read_replica::{Place, replayed, written};
use crate::store::{Pool, StoreError, pool, secrets};

/// Where a server is in the log (`None`: it replays nobody's), and what tells its database from others.
type Seen = (Option<Place>, [u8; 32]);

/// Whether `database.read_url` reaches a standby of the database, and how far that is; nothing where
/// none is configured.
pub(super) async fn findings(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let standby = matches!(config.database.source, Some(DatabaseSource::Url(_)));
    if config.database.read.is_none() || !standby {
        return Ok(Vec::new());
    }
    // Whether the primary can be used is said elsewhere.
    let Ok(opened) = open(&config.database, ("check", Need::Look)).await else {
        return Ok(vec![fault("read replica: not compared, the database does not answer".into())]);
    };
    let finding = match &opened.read {
        Some(read) => finding(&opened.options, read).await,
        None => return Ok(Vec::new()),
    };
    opened.close().await?;
    Ok(vec![finding])
}

async fn finding(primary: &PgConnectOptions, read: &PgConnectOptions) -> Finding {
    let (primary, read) = (pool::open(primary.clone(), 1), pool::open(read.clone(), 1));
    // The replica first: what the primary has written since is no lag of it.
    let replica = seen(&read, replayed(&read).await).await;
    let place = written(&primary).await.map(Some);
    let source = seen(&primary, place).await;
    tokio::join!(primary.close(), read.close());
    match (replica, source) {
        (Err(error), _) => fault(format!("read replica: cannot be used: {}", words(&error))),
        (_, Err(error)) => well(format!(
            "read replica: answers, not compared with the database: {}",
            words(&error)
        )),
        (Ok((None, _)), _) => {
            fault("read replica: no standby: database.read_url names a server of its own".into())
        }
        (Ok((_, replica)), Ok((_, primary))) if replica != primary => {
            fault("read replica: another database than the one of database.url".into())
        }
        (Ok((Some(replica), _)), Ok((primary, _))) => {
            let behind = primary.map_or(0, |primary| primary.0.saturating_sub(replica.0)).max(0);
            well(format!("read replica: ok, {behind} bytes of the log behind"))
        }
    }
}

async fn seen(server: &Pool, place: Result<Option<Place>, StoreError>) -> Result<Seen, StoreError> {
    Ok((place?, secrets::named(server, secrets::CURSORS).await?))
}

fn words(error: &StoreError) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    cause.unwrap_or_else(|| error.to_string())
}
