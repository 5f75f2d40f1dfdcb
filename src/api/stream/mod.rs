//! Answers of any length, page after page, that show one block from the first row to the last.
//!
//! `fixed` finds that block and holds it against every page; `walk` reads the pages by key, each in
//! a statement of its own, the next one while one is written out. `holdings` and `transfers` are what
//! is walked over, `lines` how rows are written, and `body` makes an answer of it. Between two pages
//! no statement and no transaction is open, so that a slow client keeps nothing of the database.

mod body;
mod fixed;
mod holdings;
mod lines;
mod transfers;
mod walk;

pub(in crate::api) use body::{Noted, respond};
pub(in crate::api) use fixed::{Fixed, of_ownership, of_transfers};
pub(in crate::api) use holdings::Holdings;
pub(in crate::api) use lines::Format;
pub(in crate::api) use transfers::{Transfers, start};
pub(in crate::api) use walk::Walk;
