//! `herald keys`: the arguments of the commands about API keys.

use std::time::Duration;

use clap::builder::PossibleValuesParser;

use super::duration;

/// What a key may be allowed to do.
pub const SCOPES: [&str; 3] = ["read", "contracts:write", "admin"];

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
        value_parser = PossibleValuesParser::new(SCOPES)
    )]
    pub scopes: Vec<String>,
    /// Time until the key stops working; without it, it works until it is revoked
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub expires_in: Option<Duration>,
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
