//! Who may do what: API keys and their scopes.

pub mod key;
