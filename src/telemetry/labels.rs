//! Labels of metrics that only take these words.

/// How a commit came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// On the live edge.
    Live,
    /// By a step of a span.
    Load,
}

impl Path {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Load => "load",
        }
    }
}

/// What is the matter with a span that is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanState {
    /// Nobody reads it.
    Waiting,
    /// Somebody reads it.
    Reading,
    /// Its last step has failed.
    Failing,
}

impl SpanState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Reading => "reading",
            Self::Failing => "failing",
        }
    }
}

/// Why the primary answered a read in the place of the read replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// The replica does not answer, lags, or is no replica of this database.
    Unfit,
    /// It has not seen yet what the client must see.
    Behind,
    /// It has failed at the read.
    Failed,
}

impl Moved {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Unfit => "unfit",
            Self::Behind => "behind",
            Self::Failed => "failed",
        }
    }
}

/// What a connection of the pool is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Working for somebody.
    InUse,
    /// Waiting in the pool.
    Idle,
}

impl Connection {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InUse => "in_use",
            Self::Idle => "idle",
        }
    }
}
