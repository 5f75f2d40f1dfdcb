//! The holdings of a contract, by token and owner.

use super::lines::{Format, Names};
use super::walk::Question;
use crate::api::answer;
use crate::api::codes::Code;
use crate::api::problem::Problem;
use crate::api::scope::ContractScope;
use crate::store::digits::Digits;
use crate::store::read::Standing;
use crate::store::read::export::Shown;
use crate::store::read::export_holdings::{HoldingsAsked, HoldingsPage, holdings_page};
use crate::store::{Pool, StoreError};

/// Rows of one statement: some 300 kB of text, some ten milliseconds. Longer ones gain nothing, and a
/// stream keeps two.
const PAGE_ROWS: i32 = 5_000;

/// A walk over holdings.
pub(in crate::api) struct Holdings {
    asked: HoldingsAsked,
    /// What is said where not every holder can be listed.
    irregular: String,
}

impl Holdings {
    /// Of a contract at a block.
    pub(in crate::api) fn of(scope: &ContractScope, address: [u8; 20], shown: Shown) -> Self {
        let asked =
            HoldingsAsked { shown, contract: scope.contract, after: None, limit: PAGE_ROWS };
        let irregular = format!(
            "{} on {} has ranges too long to be listed; GET \
             /v1/tokens/{{chain}}/{{contract}}/{{token_id}} answers each of their tokens",
            answer::address(address),
            scope.chain.caip2
        );
        Self { asked, irregular }
    }

    /// The first line of a file.
    pub(in crate::api) fn head(format: Format) -> &'static str {
        match format {
            Format::Csv => "token_id,owner,balance\n",
            Format::Ndjson => "",
        }
    }
}

impl Question for Holdings {
    type Page = HoldingsPage;

    async fn read(&self, pool: &Pool) -> Result<HoldingsPage, StoreError> {
        holdings_page(pool, &self.asked).await
    }

    fn behind(&self, page: &HoldingsPage) -> Option<Self> {
        let full = i32::try_from(page.count()).is_ok_and(|count| count >= self.asked.limit);
        let after = page.last().filter(|_| full)?;
        let asked = HoldingsAsked { after: Some(after), ..self.asked };
        Some(Self { asked, irregular: self.irregular.clone() })
    }

    fn beside(page: &HoldingsPage) -> (&Standing, Option<&str>) {
        (&page.standing, page.stamp.as_deref())
    }

    fn whole(&self, page: &HoldingsPage) -> Result<(), Problem> {
        match page.incomplete.is_empty() {
            true => Ok(()),
            false => Err(Problem::new(Code::ContractIrregular, self.irregular.clone())),
        }
    }
}

/// Appends the rows of a page.
pub(super) fn write(page: &HoldingsPage, format: Format, names: &mut Names, out: &mut Vec<u8>) {
    let units = |balance: Option<Digits<'_>>, out: &mut Vec<u8>| match balance {
        Some(balance) => balance.write(out),
        None => out.push(b'1'),
    };
    for row in page.rows() {
        let owner = names.of(row.owner);
        match format {
            Format::Csv => {
                row.token_id.write(out);
                out.push(b',');
                out.extend_from_slice(owner);
                out.push(b',');
                units(row.balance, out);
                out.push(b'\n');
            }
            Format::Ndjson => {
                out.extend_from_slice(b"{\"token_id\":\"");
                row.token_id.write(out);
                out.extend_from_slice(b"\",\"owner\":\"");
                out.extend_from_slice(owner);
                out.extend_from_slice(b"\",\"balance\":\"");
                units(row.balance, out);
                out.extend_from_slice(b"\"}\n");
            }
        }
    }
}
