//! What stands in one place only: SQL, tasks and threads, the environment, JSON-RPC.

use std::collections::BTreeSet;

use super::complaint::{Complaint, holds, places};
use super::house::House;
use super::tokens::{Token, begins, bracketed};

/// Names of `sqlx` that carry a statement, and are nothing else's.
const STATEMENTS: [&str; 8] = [
    "query_as",
    "query_scalar",
    "query_file",
    "raw_sql",
    "copy_in_raw",
    "copy_out_raw",
    "QueryBuilder",
    "AssertSqlSafe",
];

/// Methods that send one.
const SENDING: [&str; 5] = ["execute", "execute_many", "fetch_all", "fetch_one", "fetch_optional"];

/// What a method of a node begins with.
const METHODS: [&str; 8] =
    ["eth_", "net_", "web3_", "debug_", "trace_", "txpool_", "anvil_", "evm_"];

/// Where the environment names the file that all configuration comes from: to be known before it.
const BEFORE_CONFIGURATION: [(&str, &str); 1] = [("src/cli/mod.rs", "HERALD_CONFIG")];

/// Complains of the tokens of `src/` outside some places that `wrong` answers true for.
fn outside(
    house: &House,
    allowed: &[&str],
    what: &str,
    wrong: impl Fn(&str, &[Token]) -> bool,
) -> Vec<Complaint> {
    let mut out = Vec::new();
    for (path, all) in house.code("src/") {
        if allowed.iter().any(|place| path.starts_with(place)) {
            continue;
        }
        let found = (0..all.len()).filter(|&at| wrong(path, &all[at..]));
        // One statement may show in several ways; a line is complained of once.
        let lines: BTreeSet<usize> = found.map(|at| all[at].line).collect();
        out.extend(lines.into_iter().map(|line| Complaint::at(path, line, what)));
    }
    out
}

/// Whether `sqlx::query` is used or brought in; `query` alone is too common a word to look for.
fn queries(rest: &[Token]) -> bool {
    begins(rest, &["sqlx", "::", "query"])
        || (begins(rest, &["sqlx", "::", "{"])
            && bracketed(&rest[2..]).iter().any(|token| token.text == "query"))
}

fn sql(house: &House) -> Vec<Complaint> {
    let what = "SQL stands in src/store only; make it a function there";
    outside(house, &["src/store/"], what, |_, rest| {
        let sends = rest.len() > 2
            && rest[0].text == "."
            && SENDING.contains(&&*rest[1].text)
            && rest[2].text == "(";
        sends || queries(rest) || STATEMENTS.contains(&&*rest[0].text)
    })
}

fn tasks(house: &House) -> Vec<Complaint> {
    let what = "only the supervisor spawns: it names, watches and drains every task";
    outside(house, &["src/supervisor.rs"], what, |_, rest| {
        let named = ["tokio", "task", "thread"].iter().any(|from| {
            begins(rest, &[from, "::", "spawn"])
                || (begins(rest, &[from, "::", "{"])
                    && bracketed(&rest[2..]).iter().any(|token| token.text == "spawn"))
        });
        let threads =
            begins(rest, &["thread", "::", "scope"]) || begins(rest, &["thread", "::", "Builder"]);
        // A child process is spawned without an argument, a task never.
        let method =
            begins(rest, &[".", "spawn", "("]) && rest.get(3).is_none_or(|t| t.text != ")");
        let tools = ["JoinSet", "TaskTracker", "LocalSet", "spawn_blocking", "spawn_local"];
        named || threads || method || tools.contains(&&*rest[0].text)
    })
}

fn environment(house: &House) -> Vec<Complaint> {
    let what = "only src/config reads the environment; ask for a value there";
    outside(house, &["src/config/"], what, |path, rest| {
        let compiled = begins(rest, &["env", "!"]) && !rest[0].test;
        let known = rest.get(3).and_then(Token::string) == Some("CARGO_PKG_VERSION");
        let argument = begins(rest, &["env", "="]) && rest[0].attribute;
        let name = rest.get(2).and_then(Token::string).unwrap_or_default();
        begins(rest, &["std", "::", "env"])
            || begins(rest, &["env", "::", "var"])
            || begins(rest, &["env", "::", "vars"])
            || begins(rest, &["env", "::", "var_os"])
            || begins(rest, &["option_env", "!"])
            || (begins(rest, &["std", "::", "{"])
                && bracketed(&rest[2..]).iter().any(|token| token.text == "env"))
            || (compiled && !known)
            || (argument && !BEFORE_CONFIGURATION.contains(&(path, name)))
    })
}

fn json_rpc(house: &House) -> Vec<Complaint> {
    let what = "JSON-RPC is spoken in src/chain only; add a call to `trait Chain`";
    outside(house, &["src/chain/", "src/devnet/"], what, |_, rest| {
        let string = rest[0].string().unwrap_or_default();
        METHODS.iter().any(|method| string.starts_with(method))
    })
}

#[test]
fn sql_stands_in_the_store_only() {
    holds(sql);
    let code = r#"use sqlx::{Pool, query};
fn f() { sqlx::query("select 1"); }
// sqlx::query
fn g() { query_as("x") }
fn h() { pool.execute("drop table x"); }
fn i() { q.copy_in_raw(x) }
use sqlx::PgConnection; const S: &str = "sqlx::query"; fn j() { let query = 1; }"#;
    let lines = [1, 2, 4, 5, 6].map(|line| format!("src/api/x.rs:{line}"));
    assert_eq!(places(sql, &[("src/api/x.rs", code), ("src/store/x.rs", code)]), lines);
}

#[test]
fn only_the_supervisor_spawns() {
    holds(tasks);
    let code = r#"fn f() { tokio::spawn(work); }
use tokio::task::JoinSet;
fn g() { std::thread::spawn(|| {}) }
fn s() { set.spawn(work); }
use tokio::{select, spawn};
fn h() { Command::new("x").spawn(); server::spawn(&place); }"#;
    let lines = [1, 2, 3, 4, 5].map(|line| format!("src/index/x.rs:{line}"));
    assert_eq!(places(tasks, &[("src/index/x.rs", code), ("src/supervisor.rs", code)]), lines);
}

#[test]
fn only_the_configuration_reads_the_environment() {
    holds(environment);
    let code = r#"fn f() { std::env::var("X"); }
use std::{env, fs};
fn g() { env::var_os(x) }
fn h() { env!("HOME"); env!("CARGO_PKG_VERSION") }
struct S { #[arg(env = "X")] x: u8 }
#[cfg(test)]
mod tests { const D: &str = env!("CARGO_MANIFEST_DIR"); }"#;
    let lines = [1, 2, 3, 4, 5].map(|line| format!("src/app.rs:{line}"));
    assert_eq!(places(environment, &[("src/app.rs", code), ("src/config/x.rs", code)]), lines);
}

#[test]
fn json_rpc_is_spoken_at_the_edge_only() {
    holds(json_rpc);
    let code = r##"const A: &str = "eth_call";
fn f() { ask!(r#"evm_mine"#) }
/// `eth_call`
struct S;"##;
    let lines = [1, 2].map(|line| format!("src/index/x.rs:{line}"));
    assert_eq!(places(json_rpc, &[("src/index/x.rs", code), ("src/chain/x.rs", code)]), lines);
}
