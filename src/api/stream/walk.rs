//! Reads page after page, the next one while something is done with one.

use std::time::Duration;

use futures_util::future::join;

use super::Fixed;
use crate::api::ApiState;
use crate::api::codes::Code;
use crate::api::problem::Problem;
use crate::store::read::Standing;
use crate::store::{Pool, StoreError};

/// Something that is read in pages by key.
pub(in crate::api) trait Question: Sized + Send + Sync + 'static {
    /// A page.
    type Page: Send + Sync;

    /// Reads the page that is asked for.
    fn read(&self, pool: &Pool) -> impl Future<Output = Result<Self::Page, StoreError>> + Send;

    /// The question for the page behind this one; none behind the last.
    fn behind(&self, page: &Self::Page) -> Option<Self>;

    /// What the page saw beside its rows: how the chain stands, and what the contracts' histories are.
    fn beside(page: &Self::Page) -> (&Standing, Option<&str>);

    /// Refuses a page that leaves something out.
    fn whole(&self, _page: &Self::Page) -> Result<(), Problem> {
        Ok(())
    }
}

/// A walk over pages, of which one is read ahead and no more. While nobody takes it, nothing of the
/// database is held.
pub(in crate::api) struct Walk<Q: Question> {
    pool: Pool,
    timeout: Duration,
    fixed: Fixed,
    question: Q,
    /// What was read ahead; none behind the last page.
    ahead: Option<Result<Q::Page, Problem>>,
}

impl<Q: Question> Walk<Q> {
    /// Reads the first page.
    pub(in crate::api) async fn begin(
        state: &ApiState,
        fixed: Fixed,
        question: Q,
    ) -> Result<Self, Problem> {
        let (pool, timeout) = (state.pool.clone(), state.request_timeout);
        let mut walk = Self { pool, timeout, fixed, question, ahead: None };
        let first = read(&walk.pool, walk.timeout, &walk.question).await?;
        walk.check(&first).await?;
        walk.ahead = Some(Ok(first));
        Ok(walk)
    }

    /// The block that is shown.
    pub(in crate::api) fn fixed(&self) -> &Fixed {
        &self.fixed
    }

    /// Does `work` with the next page while the one behind it is read; none behind the last page.
    pub(in crate::api) async fn step<T>(
        &mut self,
        work: impl FnOnce(&Q::Page) -> T + Send,
    ) -> Result<Option<T>, Problem> {
        let Some(page) = self.ahead.take().transpose()? else { return Ok(None) };
        let Some(behind) = self.question.behind(&page) else { return Ok(Some(work(&page))) };
        // Polled in this order: the statement is on its way before the work begins.
        let reading = read(&self.pool, self.timeout, &behind);
        let (next, done) = join(reading, async { work(&page) }).await;
        self.question = behind;
        self.ahead = Some(match next {
            Ok(next) => self.check(&next).await.map(|()| next),
            Err(problem) => Err(problem),
        });
        Ok(Some(done))
    }

    async fn check(&mut self, page: &Q::Page) -> Result<(), Problem> {
        let (standing, stamp) = Q::beside(page);
        self.fixed.check(&self.pool, standing, stamp).await?;
        self.question.whole(page)
    }
}

async fn read<Q: Question>(
    pool: &Pool,
    timeout: Duration,
    question: &Q,
) -> Result<Q::Page, Problem> {
    let late = |_| Problem::new(Code::TimedOut, "the database took too long for a page");
    Ok(tokio::time::timeout(timeout, question.read(pool)).await.map_err(late)??)
}
