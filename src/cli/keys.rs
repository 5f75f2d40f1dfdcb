//! `herald keys`: the commands about API keys.

use std::time::Duration;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use time::OffsetDateTime;

use super::database::{Need, open};
use super::{Exit, duration, out};
use crate::account::key::{Key, Scope};
use crate::config::Config;
use crate::store::api_keys::{self, NewKey};
use crate::store::{self, Pool};

/// Longest name of an account or a key: a label for people.
const NAME_CHARS_MAX: usize = 100;

/// Make and list API keys
#[derive(Clone, Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands about API keys.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Make a key and print it; it is stored hashed and never shown again
    #[command(after_help = "Example:\n  herald keys create --account shop --name backend \
                            --scopes read,contracts:write --expires-in 90d")]
    Create(Create),
}

/// Arguments of `herald keys create`.
#[derive(Clone, Debug, clap::Args)]
pub struct Create {
    /// Account that the key belongs to; made where it does not exist
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub account: String,
    /// Name of the key, for people
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub name: String,
    /// What the key may do
    #[arg(
        long,
        value_name = "SCOPES",
        required = true,
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(Scope::ALL.map(Scope::as_str))
    )]
    pub scopes: Vec<String>,
    /// Time until the key stops working; without it, it works until it is revoked
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub expires_in: Option<Duration>,
}

/// Runs a command about keys.
pub async fn run(config: Config, args: Args) -> anyhow::Result<Exit> {
    let Command::Create(create) = args.command;
    let opened = open(&config.database, ("keys", Need::Command)).await?;
    let made = async {
        opened.require_current().await?;
        let pool = store::pool::open(opened.options.clone(), 1);
        let made = make(&pool, &create).await;
        pool.close().await;
        made
    };
    let key = made.await;
    opened.close().await?;
    out::line(key?.reveal())?;
    Ok(Exit::Done)
}

async fn make(pool: &Pool, create: &Create) -> anyhow::Result<Key> {
    let expires_at = match create.expires_in {
        Some(length) => {
            let length = time::Duration::try_from(length).ok();
            let end = length.and_then(|length| OffsetDateTime::now_utc().checked_add(length));
            Some(end.context("--expires-in reaches beyond the calendar")?)
        }
        None => None,
    };
    let key = Key::generate()?;
    let new = NewKey {
        account: &create.account,
        name: &create.name,
        prefix: key.prefix(),
        hash: key.hash(),
        scopes: &create.scopes,
        expires_at,
    };
    api_keys::create(pool, &new).await?;
    Ok(key)
}

/// A key of the demo that may add contracts.
#[cfg(feature = "dev")]
pub(super) async fn admin(pool: &Pool) -> anyhow::Result<secrecy::SecretString> {
    let create = Create {
        account: "dev".into(),
        name: "herald dev".into(),
        scopes: vec![Scope::Admin.as_str().into()],
        expires_in: None,
    };
    Ok(make(pool, &create).await?.reveal().into())
}

fn name(text: &str) -> Result<String, String> {
    let sound = !text.trim().is_empty()
        && text.chars().count() <= NAME_CHARS_MAX
        && !text.chars().any(char::is_control);
    if sound {
        Ok(text.trim().to_owned())
    } else {
        Err(format!("allowed: 1 to {NAME_CHARS_MAX} printable characters"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        args: Args,
    }

    fn parse(words: &str) -> Option<Create> {
        let words = std::iter::once("keys").chain(words.split(' '));
        Probe::try_parse_from(words).ok().map(|probe| match probe.args.command {
            Command::Create(create) => create,
        })
    }

    #[test]
    fn a_key_has_account_name_known_scopes_and_perhaps_an_end() {
        let create = parse("create --account a --name b --scopes read,admin --expires-in 90d");
        let create = create.unwrap();
        assert_eq!(create.scopes, ["read", "admin"]);
        assert_eq!(create.expires_in, Some(Duration::from_secs(90 * 86_400)));
        for wrong in [
            "create --account a --name b",
            "create --account a --name b --scopes",
            "create --account a --name b --scopes all",
            "create --account a --name \u{7} --scopes read",
            "create --name b --scopes read",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
