//! The API without a server, for a command that asks the database of its configuration.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use crate::api::{ApiState, CursorKey, router};
use crate::store::Pool;

/// Answers as a daemon on this database would.
pub fn reader(pool: Pool, request_timeout: Duration) -> Router {
    router(ApiState {
        pool,
        names: Arc::default(),
        cursors: CursorKey::new(&[0; 32]),
        request_timeout,
        cors_origins: [].into(),
        metrics: Arc::new(String::new),
    })
}
