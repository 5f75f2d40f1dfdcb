//! The end of a demo with a given length: every owner that Herald names against the contracts' own
//! `ownerOf`.
//!
//! The traffic must have stopped. Herald is read over HTTP, the chain from its node; neither
//! answer is used to choose what the other is asked.

use std::time::Duration;

use alloy::primitives::{Address, U256};
use anyhow::{Context as _, Result, bail};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use rand::seq::IteratorRandom as _;
use tokio::time::{Instant, sleep};

use super::chains::DevChain;
use super::compare::{self, Difference};
use super::contracts::Deployed;
use super::herald::{Herald, TokenAnswer};
use super::node::NodeBlock;
use super::truth::{self, Truth};

/// Longest that Herald may take to follow its nodes to the end; it is a few blocks behind at most.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(60);

/// Between two looks at how far it is.
const POLL: Duration = Duration::from_millis(100);

/// Tokens of each contract that are asked for one by one, half of them burnt ones where there are
/// as many: enough to try the route, while the snapshot covers them all.
const SAMPLE: usize = 50;

/// Differences that are shown in full; whatever is broken shows in the first ones.
const SHOWN_MAX: usize = 10;

/// A token that no traffic mints: between the counted ids and those at the end of 256 bits.
const NEVER_MINTED: U256 = U256::from_limbs([0, 1, 0, 0]);

/// What was compared.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<String>,
    differences: Vec<String>,
}

impl Report {
    /// How often Herald and a chain disagree.
    pub fn differences(&self) -> usize {
        self.differences.len()
    }

    /// The report for a person; its last line has the number of differences.
    pub fn text(&self) -> String {
        let shown = self.differences.iter().take(SHOWN_MAX).map(|line| format!("  {line}"));
        let more = self.differences.len().saturating_sub(SHOWN_MAX);
        let mut lines: Vec<String> = self.lines.iter().cloned().chain(shown).collect();
        if more > 0 {
            lines.push(format!("  and {more} more"));
        }
        lines.push(format!("{} differences", self.differences.len()));
        lines.join("\n")
    }

    fn add(&mut self, chain: &str, contract: &Deployed, truth: &Truth, found: &[Difference]) {
        let burnt = truth.owners.values().filter(|owner| owner.is_none()).count();
        let (address, name) = (contract.address, contract.name);
        self.lines.push(format!(
            "{chain} {address} {name}: {} tokens owned, {burnt} burnt, {} transfers: {} differences",
            truth.owners.len() - burnt,
            truth.transfers,
            found.len(),
        ));
        let found = found.iter().map(|difference| format!("{chain} {address} {difference}"));
        self.differences.extend(found);
    }
}

/// Compares every contract of `chains`. An error means that it could not be compared, which is no
/// success either.
pub async fn verify(herald: &Herald, chains: &[DevChain], seed: u64) -> Result<Report> {
    let deadline = Instant::now() + CATCH_UP_TIMEOUT;
    let mut report = Report::default();
    let mut rng = SmallRng::seed_from_u64(seed);
    for chain in chains {
        let head = chain.node.head().await?;
        caught_up(herald, chain, &head, deadline).await.with_context(|| chain.name.to_owned())?;
        for contract in [&chain.configured, &chain.announced] {
            let truth = truth::ask(&chain.node, contract.address, head.hash).await?;
            let found = differences(herald, chain.name, contract.address, (&truth, &mut rng));
            report.add(chain.name, contract, &truth, &found.await?);
        }
    }
    Ok(report)
}

/// Waits until Herald has committed the block `head` and every contract answers ownership.
pub async fn caught_up(
    herald: &Herald,
    chain: &DevChain,
    head: &NodeBlock,
    deadline: Instant,
) -> Result<()> {
    let goal = Some((head.number(), head.hash));
    loop {
        let checkpoint = herald.progress(chain.name).await?.checkpoint;
        let mut waits = (checkpoint != goal)
            .then(|| format!("the node is at {goal:?}, Herald at {checkpoint:?}"));
        for contract in [&chain.configured, &chain.announced] {
            let status = herald.contract_status(chain.name, contract.address).await?;
            if status != "ready" {
                waits = Some(format!("{} is {status}", contract.address));
            }
        }
        match waits {
            None => return Ok(()),
            Some(waits) if Instant::now() > deadline => bail!("Herald did not catch up: {waits}"),
            Some(_) => sleep(POLL).await,
        }
    }
}

async fn differences(
    herald: &Herald,
    chain: &str,
    contract: Address,
    (truth, rng): (&Truth, &mut SmallRng),
) -> Result<Vec<Difference>> {
    let mut found = compare::snapshot(truth, &herald.snapshot(chain, contract).await?);
    for (token, owner) in sample(truth, rng) {
        let answer = herald.token(chain, contract, token).await?;
        found.extend(compare::token(token, owner, answer));
    }
    match herald.token(chain, contract, NEVER_MINTED).await? {
        TokenAnswer::Unknown => {}
        TokenAnswer::Known(_) => found.push(Difference::Invented { token: NEVER_MINTED }),
    }
    found.extend(compare::transfers(truth, herald.transfers(chain, contract).await?));
    Ok(found)
}

fn sample(truth: &Truth, rng: &mut SmallRng) -> Vec<(U256, Option<Address>)> {
    let all = truth.owners.iter().map(|(token, owner)| (*token, *owner));
    let burnt = all.clone().filter(|(_, owner)| owner.is_none());
    let mut chosen = burnt.choose_multiple(rng, SAMPLE / 2);
    let rest = SAMPLE - chosen.len();
    chosen.extend(all.filter(|(_, owner)| owner.is_some()).choose_multiple(rng, rest));
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_burnt_tokens_and_is_filled_with_owned_ones() {
        let owner = |id: u64| (!id.is_multiple_of(10)).then_some(Address::repeat_byte(1));
        let owners = (0..200).map(|id| (U256::from(id), owner(id))).collect();
        let truth = Truth { owners, transfers: 0 };
        let chosen = sample(&truth, &mut SmallRng::seed_from_u64(1));
        assert_eq!(chosen.len(), SAMPLE);
        assert_eq!(chosen.iter().filter(|(_, owner)| owner.is_none()).count(), 20);
    }

    #[test]
    fn a_report_shows_the_first_differences_and_counts_them_all() {
        let mut report = Report::default();
        assert_eq!(report.text(), "0 differences");
        let contract = Deployed { address: Address::ZERO, block: 1, name: "Knights" };
        let found: Vec<_> =
            (0..12).map(|id| Difference::Unseen { token: U256::from(id) }).collect();
        report.add("dev-one", &contract, &Truth::default(), &found);
        let text = report.text();
        assert_eq!(text.lines().count(), 1 + SHOWN_MAX + 2);
        assert!(text.contains("token 9 was minted") && !text.contains("token 10 was"), "{text}");
        assert!(text.ends_with("  and 2 more\n12 differences"), "{text}");
    }
}
