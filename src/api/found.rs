//! What an answer says of the contract it is about: whether that may be told, and at which blocks.

use super::answer;
use super::codes::Code;
use super::moment::When;
use super::problem::Problem;
use super::scope::untracked;
use crate::store::StoreError;
use crate::store::contract_row::ContractRow;
use crate::store::read::at::At;
use crate::store::read::{NOW, Read, Standing};
use crate::types::ContractState;

/// A contract as the statement that answers has found it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'r> {
    /// Its chain.
    pub chain: &'r Standing,
    /// The contract.
    pub contract: &'r ContractRow,
}

impl<'r> Found<'r> {
    /// Of an answer about one contract of one chain, which must be tracked, or have been, with
    /// anything of it left.
    pub(super) fn of<T>(read: &'r Read<T>) -> Result<Self, Problem> {
        let chain = read.as_of.first().ok_or(StoreError::Corrupt { column: "as_of" })?;
        let contract = read.contract.as_ref().ok_or(StoreError::Corrupt { column: "contract" })?;
        Self { chain, contract }.tracked()
    }

    /// Refuses a contract that is not tracked, nor was with anything of it left.
    pub(super) fn tracked(self) -> Result<Self, Problem> {
        if self.contract.is_tracked() {
            return Ok(self);
        }
        let why = match (&self.contract.refused, &self.contract.refused_detail) {
            (Some(_), Some(detail)) => format!(" ({detail})"),
            (Some(word), None) => format!(" ({word})"),
            _ => String::new(),
        };
        Err(untracked(self.contract.address.into(), &self.chain.caip2, &why))
    }

    /// The word of the contract's standard. A contract of which anything is stored has one.
    pub(super) fn standard(&self) -> &'r str {
        self.contract.standard.as_deref().unwrap_or_default()
    }

    /// Refuses a contract whose ownership is not known, or not at the block asked for. One that is no
    /// longer followed answers at blocks up to its last, where a block or a time was asked for.
    pub(super) fn owned(self, when: &When) -> Result<Self, Problem> {
        let at = self.chain.at.unwrap_or(NOW);
        match self.contract.state()? {
            ContractState::Ready => {}
            ContractState::Stopped => {
                let named = matches!(when.at, At::Block(_) | At::Time(_));
                if !named || Some(at) > self.contract.frozen_at() {
                    return Err(self.stopped());
                }
            }
            _ => return Err(self.not_ready()),
        }
        Ok(self)
    }

    /// Refuses a block from before the contract's first one.
    pub(super) fn begun(self) -> Result<Self, Problem> {
        let at = self.chain.at.unwrap_or(NOW);
        match self.contract.start_block.filter(|start| at < *start) {
            None => Ok(self),
            Some(start) => {
                let block = match at {
                    ..0 => "the time asked for".to_owned(),
                    _ => format!("block {at} of {}", self.chain.caip2),
                };
                let detail = format!("{block} lies before the contract's start_block {start}");
                Err(Problem::new(Code::NotIndexed, detail))
            }
        }
    }

    /// The newest block up to which the contract's history is whole; [`i64::MAX`] while it is followed.
    pub(super) fn whole_to(&self) -> Result<i64, Problem> {
        match self.contract.state()? {
            ContractState::Ready => Ok(i64::MAX),
            ContractState::Stopped => self.contract.frozen_at().ok_or_else(|| self.stopped()),
            _ => Err(self.not_ready()),
        }
    }

    /// Refuses a contract of which no fact is to be shown any more.
    pub(super) fn kept(self) -> Result<Self, Problem> {
        if self.contract.purging { Err(self.stopped()) } else { Ok(self) }
    }

    /// Refuses a contract that is no longer followed.
    pub(super) fn followed(self) -> Result<Self, Problem> {
        if self.contract.state()? == ContractState::Stopped {
            return Err(self.stopped());
        }
        Ok(self)
    }

    fn not_ready(&self) -> Problem {
        let detail = format!(
            "{} on {} is {}: its ownership is answered once its history is whole",
            answer::address(self.contract.address),
            self.chain.caip2,
            self.contract.state
        );
        let loaded_percent = self.contract.loaded_percent.map(answer::percent);
        Problem { loaded_percent, ..Problem::new(Code::ContractNotReady, detail) }
    }

    fn stopped(&self) -> Problem {
        let row = self.contract;
        let name = format!("{} on {}", answer::address(row.address), self.chain.caip2);
        let again = "POST /v1/contracts follows it again";
        let detail = match (row.frozen_at(), row.live_to) {
            _ if row.purging => {
                format!("{name} is not tracked: its facts are being removed; {again} after that")
            }
            (Some(last), _) => format!(
                "{name} was followed until block {last}: at_block answers up to it; {again}"
            ),
            (None, Some(last)) => format!(
                "{name} was followed until block {last}, and its history was not whole; {again}"
            ),
            (None, None) => format!("{name} was stopped before it was followed; {again}"),
        };
        Problem::new(Code::ContractNotTracked, detail)
    }
}
