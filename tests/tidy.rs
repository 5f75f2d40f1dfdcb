//! The house keeps itself: what reviews would otherwise have to look for, as tests over the text
//! of the tree. No database, no network, and every check is shown to complain.
//!
//! Reading order: `house` reads the tree, `tokens` takes a file apart, `complaint` words what is
//! wrong. Then the checks: `tree` (every file is reached by `mod` lines), `imports` over `paths`
//! (who may know whom), `places` (where SQL, tasks, the environment and JSON-RPC stand), `marks`
//! (what never stays in code), `shape` (how a file opens and how long it is), `words` (one meaning
//! each), `migrations`, `documents` (what operators and callers are told) and `manifest`.
#![expect(
    clippy::unwrap_used,
    reason = "clippy's exemption for tests does not reach their helpers"
)]

mod tidy {
    mod house;
    mod tokens;
    mod complaint;
    mod tree;
    mod paths;
    mod imports;
    mod places;
    mod marks;
    mod shape;
    mod words;
    mod migrations;
    mod documents;
    mod manifest;
}
