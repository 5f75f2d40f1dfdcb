//! Transfers in the order of their positions.

use serde::Serialize;

use super::lines::{Format, Names};
use super::walk::Question;
use crate::api::answer::{hash, instant, party};
use crate::api::asked::{Asked, shown as said};
use crate::api::params;
use crate::api::problem::Problem;
use crate::store::read::Standing;
use crate::store::read::export::Shown;
use crate::store::read::export_transfers::{
    At, TransferRow, TransfersAsked, TransfersPage, transfers_page,
};
use crate::store::{Pool, StoreError};
use crate::types::{Standard, TransferKind};

/// Rows of one statement: some 700 kB of text, a few tens of milliseconds.
const PAGE_ROWS: i32 = 2_000;

/// A walk over transfers.
pub(in crate::api) struct Transfers(TransfersAsked);

impl Transfers {
    /// Of one contract, or of several of a chain, behind a position and up to a block.
    pub(in crate::api) fn of(
        contracts: Vec<i32>,
        chain_wide: bool,
        shown: Shown,
        after: At,
    ) -> Self {
        Self(TransfersAsked { shown, contracts, chain_wide, after, limit: PAGE_ROWS })
    }

    /// The first line of a file.
    pub(in crate::api) fn head(format: Format) -> &'static str {
        match format {
            Format::Csv => {
                "block,log_index,batch_index,time,tx_hash,contract,token_id,token_id_to,standard,kind,\
                 from,to,amount\n"
            }
            Format::Ndjson => "",
        }
    }
}

/// The position behind which the rows begin: that of `after_position`, or the end of the block before
/// `from_block`, whichever is later.
pub(in crate::api) fn start(asked: &Asked) -> Result<At, Problem> {
    let from_block = params::query(asked, "from_block", params::block)?.unwrap_or(0);
    let after = params::query(asked, "after_position", position)?;
    Ok(after.unwrap_or((-1, 0, 0)).max((from_block - 1, i32::MAX, i32::MAX)))
}

/// `block.log_index.batch_index`, as in the first three columns of a row.
fn position(text: &str) -> Result<At, String> {
    let wrong = || {
        format!(
            "{} is no position: expected block.log_index.batch_index, as 12287507.5.0",
            said(text)
        )
    };
    let mut parts = text.split('.');
    let mut number = || params::block(parts.next()?).ok();
    let small = |number: i64| i32::try_from(number).ok();
    let read = [number(), number(), number()];
    match (read, parts.next()) {
        ([Some(block), Some(log), Some(batch)], None) => {
            small(log).zip(small(batch)).map(|(log, batch)| (block, log, batch)).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

impl Question for Transfers {
    type Page = TransfersPage;

    async fn read(&self, pool: &Pool) -> Result<TransfersPage, StoreError> {
        transfers_page(pool, &self.0).await
    }

    fn behind(&self, page: &TransfersPage) -> Option<Self> {
        let full = i32::try_from(page.rows.len()).is_ok_and(|count| count >= self.0.limit);
        let last = page.rows.last().filter(|_| full)?;
        let after = (last.block, last.log_index, last.batch_index);
        Some(Self(TransfersAsked { after, ..self.0.clone() }))
    }

    fn beside(page: &TransfersPage) -> (&Standing, Option<&str>) {
        (&page.standing, page.stamp.as_deref())
    }
}

/// A transfer in a file.
#[derive(Serialize)]
struct Line<'a> {
    block: i64,
    log_index: i32,
    batch_index: i32,
    time: Option<String>,
    tx_hash: String,
    contract: &'a str,
    token_id: String,
    token_id_to: Option<String>,
    standard: &'static str,
    kind: &'static str,
    from: Option<String>,
    to: Option<String>,
    amount: String,
}

impl<'a> Line<'a> {
    fn of(row: &TransferRow, contract: &'a str) -> Self {
        let standard = if row.amount.is_some() { Standard::Erc1155 } else { Standard::Erc721 };
        Self {
            block: row.block,
            log_index: row.log_index,
            batch_index: row.batch_index,
            time: row.time.map(instant),
            tx_hash: hash(row.tx_hash),
            contract,
            token_id: row.token_id.0.to_string(),
            token_id_to: row.token_id_to.map(|last| last.0.to_string()),
            standard: standard.as_str(),
            kind: TransferKind::of(row.from_addr.into(), row.to_addr.into()).as_str(),
            from: party(row.from_addr),
            to: party(row.to_addr),
            amount: row.amount.map_or("1".to_owned(), |amount| amount.0.to_string()),
        }
    }

    fn csv(&self) -> String {
        let none = String::new();
        let Self { block, log_index, batch_index, tx_hash, contract, token_id, .. } = self;
        let Self { standard, kind, amount, .. } = self;
        let [time, last, from, to] = [&self.time, &self.token_id_to, &self.from, &self.to]
            .map(|it| it.as_ref().unwrap_or(&none));
        format!(
            "{block},{log_index},{batch_index},{time},{tx_hash},{contract},{token_id},{last},\
             {standard},{kind},{from},{to},{amount}\n"
        )
    }
}

/// Appends the rows of a page.
pub(super) fn write(page: &TransfersPage, format: Format, names: &mut Names, out: &mut Vec<u8>) {
    for row in &page.rows {
        let contract = std::str::from_utf8(names.of(&row.address)).unwrap_or_default();
        let line = Line::of(row, contract);
        match format {
            Format::Csv => out.extend_from_slice(line.csv().as_bytes()),
            Format::Ndjson => {
                // A buffer takes everything, and these values are all text and numbers.
                let _ = serde_json::to_writer(&mut *out, &line);
                out.push(b'\n');
            }
        }
    }
}
