//! `herald dev`: the arguments of the daemon with everything it needs on this machine.

use std::net::SocketAddr;
use std::time::Duration;

use super::duration;

/// Run everything on this machine: Postgres, two chains, contracts, traffic, the daemon
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(after_help = "Examples:\n  herald dev\n  \
                        herald dev --for 60s    stop by itself, compare every owner, exit 1 on any \
                        difference")]
pub struct Args {
    /// Stop after this time and compare every owner with the contracts' own answer
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse)]
    pub stop_after: Option<Duration>,
    /// Address and port of the API; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Seed of the traffic: the same seed makes the same mints, transfers, burns and reorgs
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
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

    #[test]
    fn arguments_are_typed_and_optional() {
        let parse = |words: &[&str]| Probe::try_parse_from([&["dev"], words].concat());
        let args = parse(&["--for", "2m", "--seed", "7"]).ok().unwrap().args;
        assert_eq!((args.stop_after, args.seed), (Some(Duration::from_secs(120)), Some(7)));
        assert_eq!(args.listen.port(), 0);
        assert!(parse(&["--for", "soon"]).is_err() && parse(&["--listen", "here"]).is_err());
    }
}
