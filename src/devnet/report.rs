//! What a comparison found, for a person: a line for each contract, the first differences, and
//! their number.

use super::contracts::{Deployed, Kind};
use super::difference::Difference;
use super::truth::Truth;

/// Differences that are shown in full; whatever is broken shows in the first ones.
const SHOWN_MAX: usize = 10;

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

    /// Adds what was found about a contract.
    pub(super) fn add(
        &mut self,
        chain: &str,
        contract: &Deployed,
        truth: &Truth,
        found: &[Difference],
    ) {
        let (address, name) = (contract.address, contract.plan.name);
        let (what, count) = (held(contract.plan.kind, truth), found.len());
        let transfers = truth.transfers;
        self.lines.push(format!(
            "{chain} {address} {name}: {what}, {transfers} transfers: {count} differences"
        ));
        let found = found.iter().map(|difference| format!("{chain} {address} {difference}"));
        self.differences.extend(found);
    }
}

fn held(kind: Kind, truth: &Truth) -> String {
    let (owned, gone) = (truth.owned(), truth.gone());
    match kind {
        Kind::Collectible => format!("{owned} tokens owned, {gone} burnt"),
        Kind::Consecutive => {
            format!("{owned} tokens owned, {gone} burnt, {} ranges", truth.ranges.len())
        }
        Kind::Items => {
            format!("{owned} tokens, {} balances, {} burns", truth.balances(), truth.burns)
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, U256};

    use super::*;
    use crate::devnet::contracts::Plan;
    use crate::devnet::truth::Holders;

    fn deployed(kind: Kind) -> Deployed {
        let plan = Plan { name: "Knights", kind, configured: true, stated: true };
        Deployed { address: Address::ZERO, block: 1, plan }
    }

    #[test]
    fn a_report_shows_the_first_differences_and_counts_them_all() {
        let mut report = Report::default();
        assert_eq!(report.text(), "0 differences");
        let found: Vec<_> =
            (0..12).map(|id| Difference::Unseen { token: U256::from(id) }).collect();
        report.add("dev-one", &deployed(Kind::Collectible), &Truth::default(), &found);
        let text = report.text();
        assert_eq!(text.lines().count(), 1 + SHOWN_MAX + 2);
        assert!(text.contains("token 9 was minted") && !text.contains("token 10 was"), "{text}");
        assert!(text.ends_with("  and 2 more\n12 differences"), "{text}");
    }

    #[test]
    fn a_line_counts_what_its_kind_of_contract_has() {
        let one = |byte| (Address::repeat_byte(byte), U256::ONE);
        let tokens = [
            (U256::from(1), Holders::from([one(1), one(2)])),
            (U256::from(2), Holders::from([one(1)])),
            (U256::from(3), Holders::new()),
        ];
        let ranges = [(U256::from(1), U256::from(2), Address::ZERO)].into();
        let truth = Truth { tokens: tokens.into(), ranges, transfers: 9, burns: 4 };
        assert_eq!(held(Kind::Collectible, &truth), "2 tokens owned, 1 burnt");
        assert_eq!(held(Kind::Consecutive, &truth), "2 tokens owned, 1 burnt, 1 ranges");
        assert_eq!(held(Kind::Items, &truth), "2 tokens, 3 balances, 4 burns");
    }
}
