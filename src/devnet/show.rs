//! What a person sees of the demo: where everything is, what to ask, and how it goes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use alloy::primitives::Address;

use super::actions::KEPT_TOKEN;
use super::chains::DevChain;
use super::contracts::Plan;
use super::herald::Herald;
use crate::telemetry::screen;

/// How a contract comes to be followed: known from the start.
const CONFIGURED: &str = "from its configuration";

/// How a contract comes to be followed: added while the daemon runs.
const ANNOUNCED: &str = "after POST /v1/contracts in some seconds";

/// One chain in the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Alias in Herald.
    pub chain: String,
    /// Where its node answers.
    pub node: String,
    /// Its contracts, the one of the printed requests first.
    pub contracts: Vec<(Address, Plan)>,
}

impl From<&DevChain> for Row {
    fn from(chain: &DevChain) -> Self {
        let contracts = chain.contracts.iter().map(|contract| (contract.address, contract.plan));
        Self {
            chain: chain.name.to_owned(),
            node: chain.url.clone(),
            contracts: contracts.collect(),
        }
    }
}

/// Shows text to whoever started the demo. Nobody reading any more is no reason to end.
pub fn say(text: &str) {
    screen::above(|| {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    });
}

/// The table of URLs and three requests to try. `wallet` is one that the traffic uses.
pub fn welcome(herald: &str, rows: &[Row], wallet: Address) -> String {
    let mut text = format!("Herald answers at {herald}; Ctrl-C ends everything.\n\n");
    let node_width = rows.iter().map(|row| row.node.len()).max().unwrap_or(0);
    let chain_width = rows.iter().map(|row| row.chain.len()).max().unwrap_or(0).max(5);
    let mut line = |chain: &str, node: &str, contract: &str, kind: &str, followed: &str| {
        let _ = writeln!(
            text,
            "  {chain:chain_width$}  {node:node_width$}  {contract:42}  {kind:8}  {followed}"
        );
    };
    line("chain", "node", "contract", "kind", "followed");
    for row in rows {
        let (mut chain, mut node) = (row.chain.as_str(), row.node.as_str());
        for (contract, plan) in &row.contracts {
            let followed = if plan.configured { CONFIGURED } else { ANNOUNCED };
            line(chain, node, &contract.to_string(), plan.kind.name(), followed);
            (chain, node) = ("", "");
        }
    }
    if let Some((chain, (contract, _))) =
        rows.first().and_then(|row| Some((&row.chain, row.contracts.first()?)))
    {
        let _ = write!(
            text,
            "\n  curl -s '{herald}/v1/tokens/{chain}/{contract}/{KEPT_TOKEN}'\n  \
             curl -s '{herald}/v1/wallets/{wallet}/tokens'\n  \
             curl -s '{herald}/v1/events?chain={chain}&limit=5'\n"
        );
    }
    text
}

/// One line about every chain, as Herald tells it.
pub async fn status(herald: &Herald, chains: &[DevChain], since: Duration) -> String {
    let mut parts = Vec::new();
    for chain in chains {
        parts.push(match of_chain(herald, chain).await {
            Ok(part) => part,
            Err(err) => format!("{}: no answer ({err:#})", chain.name),
        });
    }
    format!("{}  {}", clock(since), parts.join("  |  "))
}

async fn of_chain(herald: &Herald, chain: &DevChain) -> anyhow::Result<String> {
    let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
    let progress = herald.progress(chain.name).await?;
    let reorgs = herald.reorgs(chain.name).await?;
    let mut transfers = 0;
    for contract in &chain.contracts {
        // One that is not announced yet is not known.
        let answer = herald.contract(chain.name, contract.address).await.ok();
        transfers += answer.and_then(|answer| answer.transfers).unwrap_or(0);
    }
    Ok(format!(
        "{}: head {}, checkpoint {}, {transfers} transfers, {reorgs} reorgs",
        chain.name,
        number(progress.head),
        number(progress.checkpoint.map(|(block, _)| block)),
    ))
}

fn clock(since: Duration) -> String {
    let seconds = since.as_secs();
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devnet::contracts::Kind;

    const KNIGHTS: Plan =
        Plan { name: "Knights", kind: Kind::Collectible, configured: true, stated: true };
    const POTIONS: Plan = Plan { kind: Kind::Items, configured: false, ..KNIGHTS };

    #[test]
    fn the_welcome_names_every_url_and_its_requests_can_be_pasted() {
        let row = |chain: &str, node: &str, byte| Row {
            chain: chain.to_owned(),
            node: node.to_owned(),
            contracts: vec![
                (Address::repeat_byte(byte), KNIGHTS),
                (Address::repeat_byte(byte + 1), POTIONS),
            ],
        };
        let rows =
            [row("dev-one", "http://127.0.0.1:1", 0x11), row("dev-two", "ws://127.0.0.1:22", 0x33)];
        let text = welcome("http://127.0.0.1:8080", &rows, Address::ZERO);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "Herald answers at http://127.0.0.1:8080; Ctrl-C ends everything.");
        let contract = "0x1111111111111111111111111111111111111111";
        assert_eq!(
            lines[3],
            format!("  dev-one  http://127.0.0.1:1  {contract}  ERC-721   from its configuration")
        );
        assert!(
            lines[4].ends_with("  ERC-1155  after POST /v1/contracts in some seconds"),
            "{text}"
        );
        assert!(text.contains("  dev-two  ws://127.0.0.1:22   0x3333"), "{text}");
        let requests: Vec<&str> =
            lines.iter().filter_map(|line| line.trim().strip_prefix("curl -s ")).collect();
        assert_eq!(
            requests,
            [
                format!("'http://127.0.0.1:8080/v1/tokens/dev-one/{contract}/1'"),
                format!("'http://127.0.0.1:8080/v1/wallets/{}/tokens'", Address::ZERO),
                "'http://127.0.0.1:8080/v1/events?chain=dev-one&limit=5'".to_owned(),
            ]
        );
    }

    #[test]
    fn time_is_shown_in_minutes_and_seconds() {
        assert_eq!(clock(Duration::from_millis(5_900)), "00:05");
        assert_eq!(clock(Duration::from_secs(3_661)), "61:01");
    }
}
