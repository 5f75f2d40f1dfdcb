//! The end of a demo with a given length: every owner and balance that Herald names against the
//! contracts' own `ownerOf` and `balanceOf`, at the newest block and at an earlier one.
//!
//! The traffic must have stopped. Herald is read over HTTP, the chain from its node; neither
//! answer is used to choose what the other is asked.

use std::time::Duration;

use alloy::primitives::U256;
use anyhow::{Context as _, Result, bail};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use rand::seq::IteratorRandom as _;
use tokio::time::{Instant, sleep};

use super::chains::DevChain;
use super::compare;
use super::contracts::{Deployed, Kind};
use super::difference::Difference;
use super::herald::{Herald, TokenAnswer};
use super::node::NodeBlock;
use super::report::Report;
use super::truth::{self, Holders, Truth};

/// Longest that Herald may take to follow its nodes to the end; it is a few blocks behind at most.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(60);

/// Between two looks at how far it is.
const POLL: Duration = Duration::from_millis(100);

/// Tokens of each contract that are asked for one by one, half of them burnt ones where there are
/// as many: enough to try the route, while the snapshot covers them all.
const SAMPLE: usize = 50;

/// Furthest that the earlier block is below the head: an anvil keeps a few hundred states.
const LOOK_BACK_MAX: u64 = 200;

/// A token that no traffic mints: between the counted ids and those at the end of 256 bits.
const NEVER_MINTED: U256 = U256::from_limbs([0, 1, 0, 0]);

/// Compares every contract of `chains`. An error means that it could not be compared, which is no
/// success either.
pub async fn verify(herald: &Herald, chains: &[DevChain], seed: u64) -> Result<Report> {
    let deadline = Instant::now() + CATCH_UP_TIMEOUT;
    let mut report = Report::default();
    let mut rng = SmallRng::seed_from_u64(seed);
    for chain in chains {
        let head = chain.node.head().await?;
        caught_up(herald, chain, &head, deadline).await.with_context(|| chain.name.to_owned())?;
        for contract in &chain.contracts {
            let truth = truth::ask(&chain.node, contract, head.hash).await?;
            let mut found = whole(herald, chain.name, contract, &truth).await?;
            found.extend(one_by_one(herald, chain.name, contract, (&truth, &mut rng)).await?);
            found.extend(earlier(herald, chain, contract, head.number()).await?);
            report.add(chain.name, contract, &truth, &found);
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
        for contract in &chain.contracts {
            let status = herald.contract(chain.name, contract.address).await?.status;
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

/// What Herald says about a contract as a whole, and in its lists.
async fn whole(
    herald: &Herald,
    chain: &str,
    contract: &Deployed,
    truth: &Truth,
) -> Result<Vec<Difference>> {
    let (address, standard) = (contract.address, contract.plan.kind.standard());
    let snapshot = herald.snapshot(chain, address, None).await?;
    let mut found = compare::holdings(truth, &snapshot, "snapshot");
    let listed = herald.tokens(chain, address).await?;
    found.extend(compare::holdings(truth, &listed, "list of tokens"));
    found.extend(compare::transfers(truth, &herald.transfers(chain, address).await?));
    let answer = herald.contract(chain, address).await?;
    found.extend(compare::contract(truth, standard, &answer));
    Ok(found)
}

/// What Herald says about some tokens, and about one that does not exist.
async fn one_by_one(
    herald: &Herald,
    chain: &str,
    contract: &Deployed,
    (truth, rng): (&Truth, &mut SmallRng),
) -> Result<Vec<Difference>> {
    let address = contract.address;
    let mut found = Vec::new();
    for (token, holders) in sample(truth, rng) {
        if contract.plan.kind != Kind::Items {
            let answer = herald.token(chain, address, token).await?;
            found.extend(compare::token(token, holders, answer));
            continue;
        }
        match herald.holders(chain, address, token).await? {
            None => found.push(Difference::Unseen { token }),
            Some(said) => {
                found.extend(compare::holders(token, holders, &said, "owners of the token"));
            }
        }
    }
    match herald.token(chain, address, NEVER_MINTED).await? {
        TokenAnswer::Unknown => {}
        TokenAnswer::Known(_) => found.push(Difference::Invented { token: NEVER_MINTED }),
    }
    Ok(found)
}

/// What Herald says about a block between the contract's first one and the newest.
async fn earlier(
    herald: &Herald,
    chain: &DevChain,
    contract: &Deployed,
    head: u64,
) -> Result<Vec<Difference>> {
    let block = contract.block.midpoint(head).max(head.saturating_sub(LOOK_BACK_MAX));
    let hash = chain.node.block(block).await?.hash;
    let truth = truth::ask(&chain.node, contract, hash).await?;
    let said = herald.snapshot(chain.name, contract.address, Some(block)).await?;
    Ok(compare::holdings(&truth, &said, &format!("snapshot at block {block}")))
}

fn sample<'a>(truth: &'a Truth, rng: &mut SmallRng) -> Vec<(U256, &'a Holders)> {
    let all = truth.tokens.iter().map(|(token, holders)| (*token, holders));
    let burnt = all.clone().filter(|(_, holders)| holders.is_empty());
    let mut chosen = burnt.choose_multiple(rng, SAMPLE / 2);
    let rest = SAMPLE - chosen.len();
    chosen.extend(all.filter(|(_, holders)| !holders.is_empty()).choose_multiple(rng, rest));
    chosen
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;

    use super::*;

    #[test]
    fn a_sample_has_burnt_tokens_and_is_filled_with_owned_ones() {
        let owner = |id: u64| (!id.is_multiple_of(10)).then_some((Address::ZERO, U256::ONE));
        let tokens = (0..200).map(|id| (U256::from(id), owner(id).into_iter().collect()));
        let truth = Truth { tokens: tokens.collect(), ..Truth::default() };
        let chosen = sample(&truth, &mut SmallRng::seed_from_u64(1));
        assert_eq!(chosen.len(), SAMPLE);
        assert_eq!(chosen.iter().filter(|(_, holders)| holders.is_empty()).count(), 20);
    }
}
