//! The client of a running daemon.

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use url::Url;

use crate::chain::install_tls;

/// A client of the daemon at `base`, to be given its time limits; opens no connection.
pub(super) fn client(base: &Url) -> ClientBuilder {
    install_tls();
    let mut builder = Client::builder().redirect(Policy::none());
    if base.scheme() == "http" {
        // Without redirects no TLS can follow, so a machine without roots still works.
        builder = builder.tls_certs_only([]);
    }
    if matches!(base.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
        builder = builder.no_proxy();
    }
    builder
}
