//! The embedded cluster: a private Postgres server that Herald creates, starts and stops itself,
//! on Linux.
//!
//! Everything of a cluster lies in one folder, its *home*:
//!
//! ```text
//! <home>/cluster/      the server's data directory, only for the user the server runs as
//! <home>/run/          its socket; there is no port (elsewhere where this path is too long)
//! <home>/server.log    what the server says
//! <home>/password      of the superuser `herald`, only for the user Herald runs as
//! <home>/claim         locked by the daemon that uses the cluster; says where it answers
//! <home>/start.lock    locked while somebody starts the server
//! ```
//!
//! Root cannot run Postgres, so Herald as root runs it as another user. The home stays root's own:
//! whoever takes over the server gains no file that root will write.
//!
//! The server outlives a Herald that is killed, and the next start adopts it. Several processes
//! may use a server, but only one that started or adopted it stops it.

mod error;
mod user;
mod place;
mod binaries;
mod transplant;
mod password;
mod create;
mod settings;
mod server;
mod claim;
mod cluster;

pub use claim::Claim;
pub use cluster::{Cluster, Ownership};
pub use error::PostgresError;
