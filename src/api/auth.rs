//! Who asks: the API key of a request, judged against what is stored.

use axum::http::{HeaderMap, header};

use super::codes::Code;
use super::problem::Problem;
use crate::account::key::{Key, Scope};
use crate::store::{Pool, api_keys};

/// Lets the request pass if its key may do `scope`.
pub(super) async fn require(pool: &Pool, headers: &HeaderMap, scope: Scope) -> Result<(), Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        let detail = format!("send a key with the scope {}", scope.as_str());
        return Err(Problem::new(Code::KeyMissing, detail));
    };
    let refused = |detail: &str| Problem::new(Code::KeyInvalid, detail);
    let unknown = || refused("the key is not known");
    let text = value.to_str().map_err(|_| refused("the Authorization header is not ASCII"))?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refused("the Authorization header is not `Bearer hk_…`"));
    }
    let key = Key::parse(token.trim()).ok_or_else(unknown)?;
    let stored = api_keys::find(pool, key.prefix()).await?.ok_or_else(unknown)?;
    if !key.matches(&stored.hash) {
        return Err(unknown());
    }
    if stored.revoked {
        return Err(refused("the key was revoked"));
    }
    if stored.expired {
        return Err(refused("the key has expired"));
    }
    // Networks are not checked here, so a key that is bound to some is refused from all.
    if stored.restricted {
        return Err(refused("the key is bound to networks, which this release cannot check"));
    }
    if !scope.granted(&stored.scopes) {
        let detail = format!("the key lacks the scope {}", scope.as_str());
        return Err(Problem::new(Code::ScopeMissing, detail));
    }
    Ok(())
}
