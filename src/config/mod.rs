//! The configuration, and the only reader of the environment.
//!
//! [`load()`] lays `config/default.toml` (embedded, the documentation), the presets of chains, the
//! operator's file and `HERALD_SECTION__KEY` variables over each other: `file` makes a text a `tree`
//! of values that know their `origin`, `overrides` and `preset` add the other layers. Then one file
//! for each section turns tables into the types below, through `section`, which collects every
//! fault instead of stopping at the first and every setting for `show`. Each part of Herald
//! receives its own section only.

mod origin;
mod fault;
mod tree;
mod secret_file;
mod file;
pub mod environment;
mod overrides;
mod preset;
mod section;
mod show;
mod roles;
mod http;
mod cors;
mod database;
mod log;
mod endpoint;
mod contract;
mod chain;
mod dev;
mod pin;
mod load;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::Address;
use secrecy::SecretString;

pub use database::NoDatabase;
pub use environment::variables;
pub use fault::{Fault, Faults};
pub use load::{Loaded, load, load_text};
pub use origin::Origin;
pub use roles::Roles;
pub use show::{Setting, lines};

use crate::types::{Caip2, Standard};

mod surroundings;

pub use surroundings::{data_home, search_path, tools_dirs};

/// Everything an operator decides.
#[derive(Clone, Debug)]
pub struct Config {
    /// What `herald run` does.
    pub roles: Roles,
    /// The HTTP server.
    pub http: Http,
    /// Where the rows are.
    pub database: Database,
    /// What is logged and how.
    pub log: Log,
    /// Chains by name, in the order of their names.
    pub chains: Vec<ChainConfig>,
    /// What `herald dev` starts.
    pub dev: Dev,
    /// Where metadata is pinned.
    pub pin: Pin,
}

/// `[http]`
#[derive(Clone, Debug)]
pub struct Http {
    /// Address the API answers on.
    pub listen: SocketAddr,
    /// Longest a request may take.
    pub request_timeout: Duration,
    /// Origins whose pages may read answers in a browser, such as `https://app.example`; `*` alone
    /// for all.
    pub cors_origins: Vec<String>,
}

/// `[database]`
#[derive(Clone, Debug)]
pub struct Database {
    /// A server of the operator's or one of Herald's own; `None` where neither is configured,
    /// which only commands that need no database accept.
    pub source: Option<DatabaseSource>,
    /// Most connections this process opens.
    pub connections_max: u32,
    /// `database.read_url`: a hot standby of the source, which reads of the API go to.
    pub read: Option<SecretString>,
    /// How far it may lag.
    pub read_lag_max: Duration,
}

/// Which Postgres is used.
#[derive(Clone, Debug)]
pub enum DatabaseSource {
    /// `database.url`.
    Url(SecretString),
    /// `database.embedded = true`.
    Embedded(Embedded),
}

/// The private Postgres cluster.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// Home of the cluster (the server's own data directory is the folder `cluster` in it); `None`
    /// takes `/var/lib/herald/postgres` for root, else `herald/postgres` in the user's data folder.
    pub data_dir: Option<PathBuf>,
    /// Directory that holds `postgres` and `initdb`; `None` searches the system's places, then
    /// `.tools/postgres/bin`.
    pub binaries: Option<PathBuf>,
    /// User that the server runs as when Herald runs as root; `None` takes the first of `herald`,
    /// `postgres`, `nobody` that exists, or the owner of a cluster that exists. Not read otherwise.
    pub user: Option<String>,
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// A `tracing` filter, such as `info,herald::index=debug`.
    pub filter: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// `[chains.<name>]`
#[derive(Clone, Debug)]
pub struct ChainConfig {
    /// Alias in the API and the logs.
    pub name: String,
    /// CAIP-2 id: from the preset, or `id`.
    pub id: Caip2,
    /// Ask the node for its `finalized` tag; otherwise, and where the node has none, depth in time.
    pub finalized_tag: bool,
    /// How old a block must be to be final where no tag says so.
    pub finality_depth: Duration,
    /// Usual time between blocks; how often the head is asked for.
    pub block_time: Duration,
    /// Whether a header's logs bloom may exclude a block from being asked for logs.
    pub trust_bloom: bool,
    /// Most blocks asked for logs in one request, before any endpoint says less.
    pub range_max: u64,
    /// Workers of this process that load the past at once.
    pub load_workers: usize,
    /// At least one.
    pub endpoints: Vec<EndpointConfig>,
    /// Contracts that are followed from the start.
    pub contracts: Vec<ContractConfig>,
}

/// One of `chains.<name>.endpoints`.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// Name in logs and API; the URL is a secret.
    pub name: String,
    /// `http`, `https`, `ws` or `wss`.
    pub url: SecretString,
    /// Whether it is asked first or only when others fail.
    pub role: EndpointRole,
    /// Most requests a second.
    pub rps: Option<u32>,
}

/// When an endpoint is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointRole {
    /// Always.
    Main,
    /// When no main endpoint answers.
    Spare,
}

/// One of `chains.<name>.contracts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractConfig {
    /// Address of the contract.
    pub address: Address,
    /// First block that can hold its logs; `None` to find the block of its deployment.
    pub start_block: Option<u64>,
    /// Token standard; `None` to find it in the contract's logs.
    pub standard: Option<Standard>,
}

/// `[dev]`
#[derive(Clone, Debug)]
pub struct Dev {
    /// Directory for the chains and the cluster of `herald dev`.
    pub dir: Option<PathBuf>,
    /// The anvil program; `None` searches `.tools/bin` and the search path.
    pub anvil: Option<PathBuf>,
}

/// `[pin]`
#[derive(Clone, Debug)]
pub struct Pin {
    /// RPC address of a Kubo node, such as `http://127.0.0.1:5001`.
    pub kubo: Option<String>,
}
