//! `herald_v1`: what SQL users read, who may read it, how fast, and what stays for ever.

mod rows;
mod reader;
mod plans;
mod promise;
