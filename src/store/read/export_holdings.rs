//! Pages of a contract's holdings for streams of any length: one row a page, whose columns hold all
//! values one behind the other, so that neither side pays for a million rows.

use alloy::primitives::{Address, U256};
use sqlx::Row;
use sqlx::types::Json;

use super::at::At;
use super::export::{Shown, stamp};
use super::page_sql::{asked, holdings, irregular, tokens_of_ranges};
use super::{Incomplete, Standing};
use crate::store::digits::Digits;
use crate::store::{Pool, StoreError, Uint256};
use crate::types::ContractKey;

/// Which page of which contract is asked.
#[derive(Clone, Copy, Debug)]
pub struct HoldingsAsked {
    /// Chain and block.
    pub shown: Shown,
    /// The contract.
    pub contract: ContractKey,
    /// Last row of the page before, in the order (token, owner).
    pub after: Option<(U256, Address)>,
    /// Most rows.
    pub limit: i32,
}

/// A page by token and owner, as it was sent.
#[derive(Clone, Debug)]
pub struct HoldingsPage {
    /// How the chain stands.
    pub standing: Standing,
    /// Names the contract where tokens of it lie in ranges that are too long to be listed.
    pub incomplete: Vec<Incomplete>,
    /// What the contract's history is, so that another one is noticed; none while it is not whole.
    pub stamp: Option<String>,
    tokens: Vec<u8>,
    owners: Vec<u8>,
    balances: Vec<u8>,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Holding<'a> {
    /// The token.
    pub token_id: Digits<'a>,
    /// Who holds it.
    pub owner: &'a [u8; 20],
    /// Units held, more than none; `None` means one.
    pub balance: Option<Digits<'a>>,
}

/// Stands in place of a balance that is null: no number has so many digits.
const NONE: [u8; 2] = [0xFF, 0xFF];

/// One page, in a statement short enough to hold no snapshot open between pages.
pub async fn holdings_page(pool: &Pool, asked: &HoldingsAsked) -> Result<HoldingsPage, StoreError> {
    let (token_id, owner) = asked.after.map_or((U256::ZERO, Vec::new()), |(token_id, owner)| {
        // An empty owner sorts before every address: nothing of the first token is left out.
        (token_id, owner.to_vec())
    });
    let at = At::Block(asked.shown.block);
    let row = sqlx::query(concat!(
        "select a.as_of, i.incomplete, s.stamp, h.tokens, h.owners, h.balances",
        asked!(),
        "cross join lateral (",
        irregular!(),
        ") i
        cross join (",
        stamp!("array[$2::int4]"),
        r") s
        cross join lateral (
            select coalesce(string_agg(numeric_send(u.token_id), ''), '') as tokens,
                coalesce(string_agg(u.owner, ''), '') as owners,
                coalesce(string_agg(coalesce(numeric_send(u.balance), $11), ''), '') as balances
            from (
                (",
        holdings!(),
        r")
                union all (",
        tokens_of_ranges!(),
        r")
                order by token_id, owner
                limit $9
            ) u
            where o.open
        ) h",
    ))
    .bind(asked.shown.chain.0)
    .bind(asked.contract.0)
    .bind(at.word())
    .bind(at.block())
    .bind(at.time())
    .bind(Uint256(token_id))
    .bind(owner)
    .bind(Uint256(U256::MAX))
    .bind(i64::from(asked.limit))
    .bind(false)
    .bind(NONE)
    .fetch_one(pool)
    .await?;
    let Json(as_of): Json<Vec<Standing>> = row.try_get("as_of")?;
    let Json(incomplete) = row.try_get("incomplete")?;
    let page = HoldingsPage {
        standing: as_of.into_iter().next().ok_or(StoreError::Corrupt { column: "as_of" })?,
        incomplete,
        stamp: row.try_get("stamp")?,
        tokens: row.try_get("tokens")?,
        owners: row.try_get("owners")?,
        balances: row.try_get("balances")?,
    };
    page.check()?;
    Ok(page)
}

impl HoldingsPage {
    /// The rows, in their order.
    pub fn rows(&self) -> impl Iterator<Item = Holding<'_>> {
        let (mut tokens, mut balances) = (&self.tokens[..], &self.balances[..]);
        let owners = self.owners.as_chunks().0.iter();
        owners.map_while(move |owner| {
            let token_id = Digits::take(&mut tokens)?;
            let balance = match balances.strip_prefix(&NONE) {
                Some(rest) => {
                    balances = rest;
                    None
                }
                None => Some(Digits::take(&mut balances)?),
            };
            Some(Holding { token_id, owner, balance })
        })
    }

    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.owners.len() / 20
    }

    /// Key of the last row.
    pub fn last(&self) -> Option<(U256, Address)> {
        let row = self.rows().last()?;
        Some((row.token_id.uint256()?.0, Address::from(row.owner)))
    }

    /// Whether every row can be read and stands in its order: the statement sorts the rows before
    /// it strings them together, and a planner might part the two.
    fn check(&self) -> Result<(), StoreError> {
        let keys = || self.rows().map(|row| (row.token_id, row.owner));
        if keys().count() != self.count() || !keys().is_sorted_by(|one, next| one < next) {
            return Err(StoreError::Corrupt { column: "holdings" });
        }
        Ok(())
    }
}
