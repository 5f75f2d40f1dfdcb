//! What an answer asks of Postgres: the statements that the daemon really sends, with parameters in
//! which the parts of the key are known again.
//!
//! Nothing here knows the text of a statement: the server logs what it executes while a few keys are
//! asked for, so that a statement that is rewritten is measured as it is now.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::SocketAddr;

use anyhow::Context as _;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::cluster::Server;
use crate::http::Connection;
use crate::keys::{Dataset, Key};
use crate::parameters::{Parameter, known, listed};
use crate::questions::Question;

/// How many keys are asked for: one more than it takes to tell a part of a key from a number that
/// happens to be equal.
const SAMPLES: u64 = 4;

/// What the daemon's readers call themselves.
const READERS: &str = "herald/reads/";

/// A statement, and what it is given.
#[derive(Debug)]
pub(crate) struct Statement {
    /// Its text.
    pub(crate) text: String,
    /// In the order of their numbers.
    pub(crate) parameters: Vec<Parameter>,
}

/// One execution, as the server logged it.
#[derive(Debug, Default)]
struct Executed {
    text: String,
    values: Vec<Option<String>>,
}

/// The statements of a question, in their order.
pub(crate) async fn of(
    question: Question,
    dataset: &Dataset,
    server: &Server,
    address: SocketAddr,
) -> anyhow::Result<Vec<Statement>> {
    let mut connection = Connection::open(address).await?;
    let (mut keys, mut samples) = (Vec::new(), Vec::new());
    for seed in 0..SAMPLES {
        let key = dataset.key(&mut SmallRng::seed_from_u64(seed));
        let mut log = File::open(&server.log)?;
        log.seek(SeekFrom::End(0))?;
        let path = question.path(dataset, key);
        let answer = connection.get(&path).await?;
        anyhow::ensure!(answer.status == 200, "{path}: status {}", answer.status);
        let mut text = String::new();
        log.read_to_string(&mut text)?;
        keys.push(key);
        samples.push(executed(&text));
    }
    // What else the readers ask, such as for metrics, does not come with each request.
    let (first, others) = samples.split_first().context("there are samples")?;
    let same = |one: &Executed, other: &&Executed| one.text == other.text;
    let mut found = Vec::new();
    for one in first {
        let again: Vec<&Executed> = others
            .iter()
            .filter_map(|sample| sample.iter().find(|other| same(one, other)))
            .collect();
        if again.len() == others.len() {
            let all: Vec<&Executed> = [one].into_iter().chain(again).collect();
            found.push(statement(dataset, server, (&keys, &all)).await?);
        }
    }
    anyhow::ensure!(!found.is_empty(), "{} shows no statement in the log", question.title());
    Ok(found)
}

async fn statement(
    dataset: &Dataset,
    server: &Server,
    (keys, all): (&[Key], &[&Executed]),
) -> anyhow::Result<Statement> {
    let text = all[0].text.clone();
    let mut connection = server.connect().await?;
    let types = types(&mut connection, &text).await?;
    connection.close().await?;
    let mut parameters = Vec::new();
    for (at, kind) in types.into_iter().enumerate() {
        let values: Option<Vec<Option<String>>> =
            all.iter().map(|one| one.values.get(at).cloned()).collect();
        let values = values.context("the log shows fewer parameters than the statement has")?;
        let known = known(dataset, keys, &values);
        let known = known.with_context(|| {
            format!("parameter ${} holds {values:?}, which no key explains, in\n{text}", at + 1)
        })?;
        parameters.push(Parameter { kind, known });
    }
    Ok(Statement { text, parameters })
}

/// The types of a statement's parameters, as the server finds them.
async fn types(connection: &mut PgConnection, text: &str) -> anyhow::Result<Vec<String>> {
    let prepare = format!("prepare seen as {text}");
    sqlx::raw_sql(AssertSqlSafe(prepare))
        .execute(&mut *connection)
        .await
        .context(text.to_owned())?;
    let types = sqlx::query_scalar(
        "select parameter_types::text[] from pg_prepared_statements where name = 'seen'",
    )
    .fetch_one(connection)
    .await?;
    Ok(types)
}

/// The executions of the daemon's readers in a piece of the log. A line of it begins with the
/// session's name and `|`, or with a tab where it continues the one before.
fn executed(log: &str) -> Vec<Executed> {
    let mut records: Vec<String> = Vec::new();
    for line in log.lines() {
        match (line.strip_prefix('\t'), records.last_mut()) {
            (Some(rest), Some(record)) => {
                record.push('\n');
                record.push_str(rest);
            }
            _ => records.push(line.to_owned()),
        }
    }
    let mut all: Vec<Executed> = Vec::new();
    for record in &records {
        let Some((name, said)) = record.split_once('|') else { continue };
        if !name.starts_with(READERS) {
            continue;
        }
        if let Some((_, text)) =
            said.strip_prefix("LOG:  execute ").and_then(|rest| rest.split_once(": "))
        {
            all.push(Executed { text: text.to_owned(), values: Vec::new() });
        } else if let (Some((_, list)), Some(last)) =
            (said.split_once("arameters: "), all.last_mut())
        {
            last.values = listed(list);
        }
    }
    all
}
