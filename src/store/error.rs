//! What can go wrong in the database, as far as callers branch on it.

/// A failed store operation.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What this pass read is no longer so: another writer was first. Read again.
    #[error("fenced: {what}")]
    Fenced {
        /// Which of the read facts has changed.
        what: &'static str,
    },
    /// Two sources disagree about a block that is already stored.
    #[error("block {number} is stored with another hash")]
    OtherBlock {
        /// Height of the block.
        number: u64,
    },
    /// A stored value that no release of Herald writes.
    #[error("column {column} holds what Herald never writes")]
    Corrupt {
        /// The column.
        column: &'static str,
    },
    /// The schema was left by a release that this one cannot run beside.
    #[error("{0}")]
    Schema(String),
    /// The database refused or could not be reached.
    #[error("database failed")]
    Sql(#[from] sqlx::Error),
}

impl StoreError {
    /// Whether the database itself could not be reached or is going away, as opposed to having
    /// refused a statement.
    pub fn unreachable(&self) -> bool {
        match self {
            Self::Sql(
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::Tls(_),
            ) => true,
            Self::Sql(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| GOING_AWAY.iter().any(|at| code.starts_with(at)))
            }
            _ => false,
        }
    }

    /// Whether the transaction was ended because another one waited for it and it for the other.
    pub fn deadlocked(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.code().as_deref() == Some("40P01"))
    }

    /// Whether a read replica ended the statement to go on replaying what the primary has done.
    pub fn overtaken(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.code().as_deref() == Some("40001"))
    }

    /// Whether the statement was cancelled, by its own time limit or by an operator.
    pub fn cancelled(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.code().as_deref() == Some("57014"))
    }
}

/// SQLSTATE classes and codes of a server that is down, starting, stopping or full: connection
/// exceptions, operator intervention other than a cancelled statement, too many connections.
const GOING_AWAY: &[&str] = &["08", "57P", "53300"];
