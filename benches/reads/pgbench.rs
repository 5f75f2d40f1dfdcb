//! What Postgres reaches alone: `pgbench` with the statements of a question.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use tokio::process::Command;

use crate::cluster::Server;
use crate::keys::Dataset;
use crate::load::CONNECTIONS;
use crate::parameters::Known;
use crate::questions::Question;
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

/// How its sessions are set: as readers of Herald's are, and so that what they prepare is planned once,
/// which is the most that these statements can reach.
const SESSION: &str = "-c jit=off -c timezone=UTC -c plan_cache_mode=force_generic_plan";

/// A script, and the variables of whatever is the same for all keys.
#[derive(Debug, Default)]
struct Script {
    text: String,
    variables: Vec<String>,
}

/// Transactions a second of the statements with as many clients, for as long, with as likely keys.
pub(crate) async fn run(
    settings: &Settings,
    server: &Server,
    (question, statements, dataset): (Question, &[Statement], &Dataset),
) -> anyhow::Result<f64> {
    let mut script = Script { text: dataset.draws(), variables: Vec::new() };
    for statement in statements {
        script.add(statement)?;
    }
    let name = question.title().replace(|mark: char| !mark.is_ascii_alphanumeric(), "-");
    let file = settings.file(format!("{name}.sql"));
    std::fs::write(&file, &script.text)?;
    let (clients, threads) = (CONNECTIONS.to_string(), THREADS.to_string());
    let (seconds, seed) = (settings.seconds.to_string(), settings.seed.to_string());
    let output = Command::new(program())
        .args(["-n", "-M", "prepared", "-c", &clients, "-j", &threads, "-T", &seconds])
        .args(["--random-seed", &seed, "-f"])
        .arg(&file)
        .args(script.variables.iter().flat_map(|variable| ["-D", variable]))
        .envs(server.variables()?)
        .env("PGOPTIONS", SESSION)
        .kill_on_drop(true)
        .output()
        .await
        .context("pgbench cannot be started; Debian: apt-get install postgresql-contrib")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let figure = said.split_once(FIGURE.0).and_then(|(_, rest)| rest.split_once(FIGURE.1));
    let figure = figure.and_then(|(figure, _)| figure.parse().ok());
    figure.filter(|_| output.status.success()).with_context(|| {
        format!(
            "pgbench failed with {}:\n{}",
            file.display(),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

impl Script {
    /// Adds a statement whose parameters are replaced by what makes them.
    fn add(&mut self, statement: &Statement) -> anyhow::Result<()> {
        anyhow::ensure!(
            !statement.text.replace("::", "").contains(':') && !statement.text.contains(';'),
            "pgbench would take a part of this statement for its own:\n{}",
            statement.text
        );
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
