//! Answers to many questions at once: each by itself, in the order asked. What fails one of them is
//! told in its place; what fails Herald fails them all.

use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::{self, Meta};
use super::problem::Problem;

/// Most questions of a body: what one statement answers well within a request's time.
pub(super) const ITEMS_MAX: usize = 500;

/// Lowest status that is Herald's own fault.
const OWN_FAULT: u16 = 500;

/// Answers in the order of the questions.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}s")]
pub(super) struct Answers<T> {
    data: Vec<T>,
    meta: Meta,
}

/// Why one question is not answered: a code of the table of problems and what about it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ItemError {
    /// A code of the table of problems.
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    loaded_percent: Option<f64>,
}

impl ItemError {
    /// The problem of one question.
    pub(super) fn of(problem: Problem) -> Result<Self, Problem> {
        let described = problem.code.describe();
        if described.status >= OWN_FAULT {
            return Err(problem);
        }
        let loaded_percent = problem.loaded_percent;
        Ok(Self { code: described.name, detail: problem.detail, loaded_percent })
    }
}

/// The answers to all of them.
pub(super) fn answers<T: Serialize>(data: Vec<T>, meta: Meta) -> Result<Response, Problem> {
    answer::json(&Answers { data, meta })
}
