//! Members of a body read as values. Every fault is collected with its JSON pointer, so that whoever
//! sent the body hears of all of them at once.

use serde_json::{Map, Value};

use super::body::pointer;
use super::moment::chosen;
use super::places::Place;
use super::problem::{Fault, Problem};
use super::values;
use crate::store::read::at::At;

/// Most faults that are named: of a list whose every item is wrong the first ones tell enough.
const FAULTS_MAX: usize = 100;

/// What is wrong with a body.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// A fault of the member `name` of what the pointer `at` leads to.
    pub(super) fn at(&mut self, at: &str, name: &str, detail: impl Into<String>) {
        let short: String = name.chars().take(64).collect();
        self.to(pointer(at, &short), detail);
    }

    /// A fault of what the pointer leads to.
    pub(super) fn to(&mut self, pointer: String, detail: impl Into<String>) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(Fault { r#in: "body", pointer, detail: detail.into() });
        }
    }

    /// Goes on only where nothing is wrong.
    pub(super) fn none(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(self.problem()) }
    }

    /// The problem of a body without something that it must have; there is a fault then.
    pub(super) fn problem(self) -> Problem {
        Problem::invalid(self.0)
    }
}

/// An object of a body, and where in it that is.
#[derive(Debug)]
pub(super) struct Members<'b> {
    object: &'b Map<String, Value>,
    /// JSON pointer to the object.
    pub at: String,
}

impl<'b> Members<'b> {
    /// The body itself, which has no other members than these.
    pub(super) fn of(
        object: &'b Map<String, Value>,
        allowed: &[&str],
        faults: &mut Faults,
    ) -> Self {
        let members = Self { object, at: String::new() };
        members.only(allowed, faults);
        members
    }

    fn only(&self, allowed: &[&str], faults: &mut Faults) {
        for name in self.object.keys().filter(|name| !allowed.contains(&name.as_str())) {
            faults.at(&self.at, name, format!("unknown member; allowed: {}", allowed.join(", ")));
        }
    }

    /// Whether the member was sent; `null` is as good as nothing.
    pub(super) fn has(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(|value| !value.is_null())
    }

    /// A member that may be missing.
    pub(super) fn optional<T>(
        &self,
        name: &str,
        read: fn(&Value) -> Result<T, String>,
        faults: &mut Faults,
    ) -> Option<T> {
        let value = self.object.get(name).filter(|value| !value.is_null())?;
        read(value).map_err(|detail| faults.at(&self.at, name, detail)).ok()
    }

    /// A member that must be there.
    pub(super) fn needed<T>(
        &self,
        name: &str,
        read: fn(&Value) -> Result<T, String>,
        faults: &mut Faults,
    ) -> Option<T> {
        if !self.has(name) {
            faults.at(&self.at, name, format!("{name} is missing"));
        }
        self.optional(name, read, faults)
    }

    /// The contract that `chain` and `contract` name.
    pub(super) fn place(&self, faults: &mut Faults) -> Option<Place> {
        let chain = self.needed("chain", values::chain, faults);
        let contract = self.needed("contract", values::address, faults);
        Some(Place { chain: chain?, contract: contract? })
    }

    /// The moment that `at_block`, `at_time` or `min_finality` ask for.
    pub(super) fn moment(&self, faults: &mut Faults) -> At {
        let block = self.optional("at_block", values::block, faults);
        let time = self.optional("at_time", values::instant, faults);
        let finality = self.optional("min_finality", values::finality, faults);
        chosen(block, time, finality).unwrap_or_else(|(first, second)| {
            faults.at(&self.at, second, format!("send either {first} or {second}"));
            At::Now
        })
    }

    /// The list `name` of 1 to `most` values.
    pub(super) fn list(&self, name: &str, most: usize, faults: &mut Faults) -> &'b [Value] {
        let values = self.object.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if values.is_empty() || values.len() > most {
            faults.at(&self.at, name, format!("{name} is a list of 1 to {most}"));
            return &[];
        }
        values
    }

    /// The objects of the list `name`, which have no other members than these.
    pub(super) fn objects(
        &self,
        (name, most): (&str, usize),
        allowed: &[&str],
        faults: &mut Faults,
    ) -> Vec<Members<'b>> {
        let mut objects = Vec::new();
        for (number, value) in self.list(name, most, faults).iter().enumerate() {
            let at = format!("{}/{number}", pointer(&self.at, name));
            match value {
                Value::Object(object) => {
                    let members = Members { object, at };
                    members.only(allowed, faults);
                    objects.push(members);
                }
                _ => faults.to(at, format!("expected an object of {}", allowed.join(", "))),
            }
        }
        objects
    }
}
