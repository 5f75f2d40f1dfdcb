//! What Postgres reaches alone: `pgbench` with the statements of a question.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::process::Command;

use crate::cluster::Server;
use crate::keys::Dataset;
use crate::load::CONNECTIONS;
use crate::parameters::{Known, Parameter};
use crate::questions::Question;
use crate::say;
use crate::settings::Settings;
use crate::statements::Statement;

/// Threads of `pgbench` itself.
const THREADS: u32 = 2;

/// Where the system's packages put it, one folder for each version.
const PACKAGES: &str = "/usr/lib/postgresql";

/// The program in such a folder.
const PROGRAM: &str = "bin/pgbench";

/// Stands before the figure, and what follows it.
const FIGURE: (&str, &str) = ("tps = ", " (without initial");

/// How its sessions are set, beside how they plan: as readers of Herald's are.
const SESSION: &str = "-c jit=off -c timezone=UTC -c plan_cache_mode=";

/// How a session may plan what it has prepared: none is the quickest for every statement.
const PLANS: [&str; 2] = ["auto", "force_generic_plan"];

/// How a statement is sent. `pgbench` cannot number a parameter twice, so that its own way of preparing
/// sends another statement, in which each mention of a parameter is one of its own; one that the
/// session prepares by SQL is the same to the letter, but each call of it is a text to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Prepared,
    Executed,
}

/// What was reached, and how.
#[derive(Debug)]
pub(crate) struct Reached {
    /// Transactions a second.
    pub(crate) rate: f64,
    /// The way and the plans that were the quickest.
    pub(crate) how: String,
}

/// A script, and the variables of whatever is the same for all keys.
#[derive(Debug, Default)]
struct Script {
    text: String,
    variables: Vec<String>,
}

/// The most transactions a second of the statements that any way reaches, with as many clients, for as
/// long, with as likely keys: what Herald is held against is not to be slowed by how it is asked.
pub(crate) async fn run(
    settings: &Settings,
    server: &Server,
    (question, statements, dataset): (Question, &[Statement], &Dataset),
) -> anyhow::Result<Reached> {
    let mut best: Option<Reached> = None;
    for way in [Way::Prepared, Way::Executed] {
        let script = Script::of(way, statements, dataset)?;
        let file = settings.file(format!("{}-{}.sql", question.file(), way.name()));
        std::fs::write(&file, &script.text)?;
        for plans in PLANS {
            let rate = once(settings, server, (way, plans, &script, &file)).await?;
            let how = format!("{}, {plans}", way.name());
            say(&format!("pgbench, {how}: {rate:.0}"));
            if best.as_ref().is_none_or(|best| best.rate < rate) {
                best = Some(Reached { rate, how });
            }
        }
    }
    best.context("there are ways to send a statement")
}

async fn once(
    settings: &Settings,
    server: &Server,
    (way, plans, script, file): (Way, &str, &Script, &Path),
) -> anyhow::Result<f64> {
    let (clients, threads) = (CONNECTIONS.to_string(), THREADS.to_string());
    let (seconds, seed) = (settings.seconds.to_string(), settings.seed.to_string());
    let output = Command::new(program())
        .args(["-n", "-M", way.protocol(), "-c", &clients, "-j", &threads, "-T", &seconds])
        .args(["--random-seed", &seed, "-f"])
        .arg(file)
        .args(script.variables.iter().flat_map(|variable| ["-D", variable]))
        .envs(server.variables()?)
        .env("PGOPTIONS", format!("{SESSION}{plans}"))
        .kill_on_drop(true)
        .output()
        .await
        .context("pgbench cannot be started; Debian: apt-get install postgresql-contrib")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let figure = said.split_once(FIGURE.0).and_then(|(_, rest)| rest.split_once(FIGURE.1));
    let figure = figure.and_then(|(figure, _)| figure.parse().ok());
    figure.filter(|_| output.status.success()).with_context(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("pgbench failed with {}:\n{said}", file.display())
    })
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Executed => "executed",
        }
    }

    /// The value of `-M`.
    fn protocol(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Executed => "simple",
        }
    }
}

impl Script {
    fn of(way: Way, statements: &[Statement], dataset: &Dataset) -> anyhow::Result<Self> {
        let mut script = Self::default();
        for statement in statements {
            anyhow::ensure!(
                !statement.text.replace("::", "").contains(':') && !statement.text.contains(';'),
                "pgbench would take a part of this statement for its own:\n{}",
                statement.text
            );
        }
        if way == Way::Executed {
            script.prepare(statements)?;
        }
        script.text.push_str(&dataset.draws());
        for (number, statement) in statements.iter().enumerate() {
            match way {
                Way::Prepared => script.replaced(statement)?,
                Way::Executed => {
                    writeln!(script.text, "execute s{number}{};", arguments(statement))?
                }
            }
        }
        Ok(script)
    }

    /// Has each client prepare the statements in its first transaction.
    fn prepare(&mut self, statements: &[Statement]) -> anyhow::Result<()> {
        self.variables.push("there=0".to_owned());
        writeln!(self.text, "\\if :there = 0")?;
        for (number, statement) in statements.iter().enumerate() {
            let kinds: Vec<&str> =
                statement.parameters.iter().map(|parameter| parameter.kind.as_str()).collect();
            let kinds =
                if kinds.is_empty() { String::new() } else { format!("({})", kinds.join(", ")) };
            writeln!(self.text, "prepare s{number}{kinds} as {};", statement.text.trim())?;
        }
        writeln!(self.text, "\\set there 1\n\\endif")?;
        Ok(())
    }

    /// Adds a statement whose parameters are replaced by what makes them.
    fn replaced(&mut self, statement: &Statement) -> anyhow::Result<()> {
        let mut rest = statement.text.trim();
        while let Some((before, after)) = rest.split_once('$') {
            let end = after.find(|mark: char| !mark.is_ascii_digit()).unwrap_or(after.len());
            let number: usize = after[..end].parse().context("a `$` that is no parameter")?;
            let expression = self.expression(statement, number)?;
            write!(self.text, "{before}{expression}")?;
            rest = &after[end..];
        }
        writeln!(self.text, "{rest};")?;
        Ok(())
    }

    /// What stands for a parameter. Nothing, and what is always the same, are variables too, because a
    /// statement that has them written into it is another, and quicker to plan.
    fn expression(&mut self, statement: &Statement, number: usize) -> anyhow::Result<String> {
        let parameter = number.checked_sub(1).and_then(|at| statement.parameters.get(at));
        let parameter = parameter.with_context(|| format!("there is no parameter ${number}"))?;
        let kind = &parameter.kind;
        Ok(match &parameter.known {
            Known::Null => format!("nullif({}::text, 'none')::{kind}", self.variable("none")),
            Known::Same(text) => format!("{}::{kind}", self.variable(text)),
            Known::Part(expression) => format!("({expression})::{kind}"),
        })
    }

    /// The variable that holds this text.
    fn variable(&mut self, text: &str) -> String {
        let is = |variable: &String| variable.split_once('=').is_some_and(|(_, held)| held == text);
        let at = self.variables.iter().position(is).unwrap_or_else(|| {
            self.variables.push(format!("same{}={text}", self.variables.len()));
            self.variables.len() - 1
        });
        format!(":same{at}")
    }
}

/// What a prepared statement is called with; evaluated before it begins, so that texts are no different
/// to it from variables.
fn arguments(statement: &Statement) -> String {
    let argument = |parameter: &Parameter| match &parameter.known {
        Known::Null => "null".to_owned(),
        Known::Same(text) => format!("'{}'", text.replace('\'', "''")),
        Known::Part(expression) => format!("({expression})::{}", parameter.kind),
    };
    let all: Vec<String> = statement.parameters.iter().map(argument).collect();
    if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) }
}

/// `pgbench` of the newest packages, else of the search path.
fn program() -> PathBuf {
    let versions = std::fs::read_dir(PACKAGES).into_iter().flatten().flatten();
    let number = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .map(|version| version.path())
        .filter(|folder| folder.join(PROGRAM).is_file())
        .max_by_key(number);
    newest.map_or_else(|| "pgbench".into(), |folder| folder.join(PROGRAM))
}
