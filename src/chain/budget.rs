//! What answers to wide queries may weigh together, whichever endpoint and chain they are of.
//!
//! A share is taken whole before a query is sent and given back by being dropped, so whoever waits
//! holds nothing and no two can wait for each other. Who waits longest is next.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::limits::BYTES_IN_FLIGHT_MAX;

/// Shares are counted in this many bytes, because a semaphore hands out 32 bits at once.
const UNIT: usize = 64 * 1024;

static OF_THIS_PROCESS: Budget = Budget::of(BYTES_IN_FLIGHT_MAX);

/// A part of the budget; dropping it gives it back.
pub(super) struct Share<'a> {
    _units: Option<SemaphorePermit<'a>>,
}

/// Waits for a share of `bytes` of this process's budget; for all of it where that is more.
pub(super) async fn share(bytes: usize) -> Share<'static> {
    OF_THIS_PROCESS.take(bytes).await
}

struct Budget {
    free: Semaphore,
    units: usize,
}

impl Budget {
    const fn of(bytes: usize) -> Self {
        let units = bytes / UNIT;
        Self { free: Semaphore::const_new(units), units }
    }

    async fn take(&self, bytes: usize) -> Share<'_> {
        let units = bytes.div_ceil(UNIT).min(self.units);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        // An error would say that the semaphore is closed, which nobody does.
        Share { _units: self.free.acquire_many(units).await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn whoever_waits_for_much_is_not_overtaken_by_who_wants_little() {
        let budget = Budget::of(10 * UNIT);
        let held = budget.take(4 * UNIT).now_or_never().expect("it is free");
        let mut large = pin!(budget.take(8 * UNIT));
        assert!(large.as_mut().now_or_never().is_none());
        assert!(budget.take(UNIT).now_or_never().is_none(), "others were first");
        drop(held);
        let large = large.now_or_never().expect("there is room");
        assert_eq!(budget.free.available_permits(), 2);
        drop(large);
        assert_eq!(budget.free.available_permits(), 10);
    }

    #[test]
    fn who_gives_up_waiting_leaves_nothing_behind() {
        let budget = Budget::of(10 * UNIT);
        let held = budget.take(9 * UNIT).now_or_never().expect("it is free");
        {
            let mut waiting = Box::pin(budget.take(2 * UNIT));
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        assert!(budget.take(UNIT).now_or_never().is_some());
        drop(held);
        assert_eq!(budget.free.available_permits(), 10);
    }

    #[test]
    fn parts_of_a_unit_count_whole_and_nobody_waits_for_more_than_there_is() {
        let budget = Budget::of(10 * UNIT);
        let small = budget.take(UNIT + 1).now_or_never().expect("it is free");
        assert_eq!(budget.free.available_permits(), 8);
        drop(small);
        assert!(budget.take(usize::MAX).now_or_never().is_some());
    }
}
