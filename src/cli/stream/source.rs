//! Where streams come from: the API over the database of the configuration, or a running daemon.

use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use serde::Deserialize;
use tower::ServiceExt;
use url::Url;

use crate::app::reader;
use crate::cli::contracts::place::Refusal;
use crate::cli::database::{Need, Opened, open};
use crate::cli::http;
use crate::config::Config;
use crate::store::{self, Pool};

/// Longest that a daemon may send nothing: above what it gives one page.
const SILENCE: Duration = Duration::from_secs(60);

/// Most bytes of a refusal.
const REFUSAL_BYTES_MAX: usize = 1 << 20;

/// Connections to the database: pages are read one after the other.
const CONNECTIONS: u32 = 1;

/// What answers.
pub(in crate::cli) enum Source {
    /// The database of the configuration.
    Local { opened: Box<Opened>, pool: Pool, router: Router },
    /// A daemon.
    Remote { client: reqwest::Client, base: Url },
}

/// An answer that has begun.
pub(in crate::cli) struct Begun {
    /// Its headers.
    pub(in crate::cli) headers: HeaderMap,
    /// Its body, piece by piece; an error where it is cut off.
    pub(in crate::cli) body: BoxStream<'static, anyhow::Result<Bytes>>,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
}

impl Source {
    /// Reaches the database, or makes a client of the daemon at `url`.
    pub(in crate::cli) async fn open(config: &Config, url: Option<&Url>) -> anyhow::Result<Self> {
        if let Some(base) = url {
            let client = http::client(base).read_timeout(SILENCE).build()?;
            return Ok(Self::Remote { client, base: base.clone() });
        }
        let opened = open(&config.database, ("stream", Need::Command)).await?;
        if let Err(error) = opened.require_current().await {
            opened.close().await?;
            return Err(error);
        }
        let pool = store::pool::open(opened.options.clone(), CONNECTIONS);
        let router = reader(pool.clone(), config.http.request_timeout);
        Ok(Self::Local { opened: Box::new(opened), pool, router })
    }

    /// The answer to GET of this path and query. A [`Refusal`] where the API refuses.
    pub(in crate::cli) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<Begun> {
        let (status, begun) = match self {
            Self::Local { router, .. } => {
                let url = route(Url::parse("http://localhost")?, path, query)?;
                let asked = &url[url::Position::BeforePath..];
                let request = Request::get(asked).body(Body::empty())?;
                let (parts, body) = router.clone().oneshot(request).await?.into_parts();
                let body = body.into_data_stream().map_err(anyhow::Error::from).boxed();
                (parts.status, Begun { headers: parts.headers, body })
            }
            Self::Remote { client, base } => {
                let silent = || format!("{base} does not answer");
                let url = route(base.clone(), path, query)?;
                let answer = client.get(url).send().await.with_context(silent)?;
                let (status, headers) = (answer.status(), answer.headers().clone());
                let pieces = stream::try_unfold(answer, |mut answer| async {
                    let piece = answer.chunk().await?;
                    anyhow::Ok(piece.map(|piece| (piece, answer)))
                });
                (status, Begun { headers, body: pieces.boxed() })
            }
        };
        if status == StatusCode::OK { Ok(begun) } else { Err(refused(status, begun).await?) }
    }

    /// Lets go of it.
    pub(in crate::cli) async fn close(self) -> anyhow::Result<()> {
        let Self::Local { opened, pool, .. } = self else { return Ok(()) };
        pool.close().await;
        opened.close().await
    }
}

fn route(mut base: Url, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<Url> {
    let Ok(mut segments) = base.path_segments_mut() else { bail!("--url: it has no path") };
    segments.pop_if_empty().push("v1").extend(path);
    drop(segments);
    base.query_pairs_mut().extend_pairs(query);
    Ok(base)
}

async fn refused(status: StatusCode, begun: Begun) -> anyhow::Result<anyhow::Error> {
    let body = to_bytes(Body::from_stream(begun.body), REFUSAL_BYTES_MAX).await?;
    let stranger = || format!("the answer is {status}, not as Herald answers");
    let Problem { code, detail } = serde_json::from_slice(&body).with_context(stranger)?;
    Ok(Refusal { code, detail }.into())
}
