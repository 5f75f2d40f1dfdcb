//! `[database]`: where the rows are.

use std::ops::RangeInclusive;
use std::time::Duration;

use url::Url;

use super::section::{Reader, Section, whole};
use super::tree::Node;
use super::{Database, DatabaseSource, Embedded};

/// Below, the live edge, a load, the workers and the API could not each hold one; above, no
/// Postgres answers faster.
const CONNECTIONS_MAX: RangeInclusive<i64> = 6..=1000;

/// Below, a replica on the next machine would seem late; above, readers would take old rows for new.
const READ_LAG_MAX_MS: RangeInclusive<i64> = 100..=3_600_000;

/// Longest name of a user of the system, as POSIX systems allow (`LOGIN_NAME_MAX`).
const USER_BYTES_MAX: usize = 256;

/// No database is configured, and the command needs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no database is configured: set `database.url` (or `database.url_file`, or the variable \
     HERALD_DATABASE__URL) to use a Postgres of yours, or `database.embedded = true` (or \
     HERALD_DATABASE__EMBEDDED=true) to let herald run a private one"
)]
pub struct NoDatabase;

impl Database {
    /// The database, for commands that cannot do without.
    ///
    /// # Errors
    ///
    /// [`NoDatabase`] names both ways to configure one. Nothing is chosen silently: a lost secret
    /// must not start an empty database in production.
    pub fn required(&self) -> Result<&DatabaseSource, NoDatabase> {
        self.source.as_ref().ok_or(NoDatabase)
    }
}

pub(super) fn read(reader: &mut Reader, node: Option<&Node>) -> Option<Database> {
    let mut section = Section::open(reader, "database", node);
    let url = section.secret(
        ("url", "url_file"),
        "a URL such as postgres://herald:password@db.example/herald",
        is_postgres_url,
    );
    let read = section.secret(
        ("read_url", "read_url_file"),
        "a URL such as postgres://herald:password@standby.example/herald",
        is_postgres_url,
    );
    let read_lag_max =
        section.required("read_lag_max_ms", &whole("milliseconds", &READ_LAG_MAX_MS), |node| {
            node.integer(&READ_LAG_MAX_MS).and_then(|number| number.try_into().ok())
        });
    let embedded = section.required("embedded", "true or false", Node::boolean);
    let cluster = Embedded {
        data_dir: section.optional("data_dir", "the path of a directory", Node::file_path),
        binaries: section.optional("binaries", "the path of a directory", Node::file_path),
        user: section.optional("user", "the name of a user of this system", user),
    };
    let connections_max =
        section.required("connections_max", &whole("connections", &CONNECTIONS_MAX), |node| {
            node.integer(&CONNECTIONS_MAX).and_then(|number| number.try_into().ok())
        });
    if embedded == Some(true) && (section.has("url") || section.has("url_file")) {
        let found = "true beside `database.url` or `database.url_file`".into();
        section.fault("embedded", found, "a database of yours or an embedded one, not both");
    }
    if embedded == Some(true) && (section.has("read_url") || section.has("read_url_file")) {
        let found = "true beside `database.read_url` or `database.read_url_file`".into();
        section.fault(
            "embedded",
            found,
            "a standby of a database of yours; an embedded one has none",
        );
    }
    section.finish();
    let source = if embedded? {
        Some(DatabaseSource::Embedded(cluster))
    } else {
        url.map(DatabaseSource::Url)
    };
    let read_lag_max = Duration::from_millis(read_lag_max?);
    Some(Database { source, connections_max: connections_max?, read, read_lag_max })
}

fn is_postgres_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql"))
}

fn user(node: &Node) -> Option<String> {
    let name = node.text()?;
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, ':' | '/');
    let whole = !name.is_empty() && name.len() <= USER_BYTES_MAX && name.chars().all(plain);
    whole.then(|| name.to_owned())
}
