//! When a contract whose questions failed is asked again: at distances that double. Losing the
//! counts costs some questions.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::types::ContractKey;

/// First distance: an endpoint that was busy answers by then.
const FIRST: Duration = Duration::from_secs(2);
/// Longest distance: an operator who has mended an endpoint should see it work within this time.
pub(super) const LONGEST: Duration = Duration::from_secs(600);
/// Failures after which a question that fails counts as one without an answer: the contract may be
/// what makes endpoints fail. By then the longest distance is nearly reached.
const PATIENCE: u32 = 8;

/// How often each contract has failed in turn.
#[derive(Default)]
pub(super) struct Waits(Mutex<HashMap<ContractKey, u32>>);

impl Waits {
    /// Notes a failure and answers the time until the next try.
    pub(super) fn failed(&self, contract: ContractKey) -> Duration {
        let mut failures = self.failures();
        let count = failures.entry(contract).or_default();
        *count = count.saturating_add(1);
        FIRST.saturating_mul(1 << (*count - 1).min(16)).min(LONGEST)
    }

    /// Starts over.
    pub(super) fn ended(&self, contract: ContractKey) {
        self.failures().remove(&contract);
    }

    /// Whether a failed question of this contract is worth another try.
    pub(super) fn is_patient(&self, contract: ContractKey) -> bool {
        self.failures().get(&contract).is_none_or(|count| *count < PATIENCE)
    }

    fn failures(&self) -> MutexGuard<'_, HashMap<ContractKey, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_double_to_a_bound_for_each_contract_alone() {
        let waits = Waits::default();
        let (one, other) = (ContractKey(1), ContractKey(2));
        let seconds = |key| waits.failed(key).as_secs();
        let grown: Vec<u64> = (0..12).map(|_| seconds(one)).collect();
        assert_eq!(grown, [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
        assert!(!waits.is_patient(one) && waits.is_patient(other));
        assert_eq!(seconds(other), 2);
        waits.ended(one);
        assert!(waits.is_patient(one));
        assert_eq!(seconds(one), 2);
        for _ in 0..100 {
            assert!(waits.failed(one) <= LONGEST);
        }
    }
}
