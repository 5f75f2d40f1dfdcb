//! What a route is, and how one is written down: once, for the router, for what is refused before
//! its handler runs, and for the document.

use axum::routing::MethodRouter;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::ApiState;
use super::codes::Code;
use crate::account::key::Scope;

/// Writes a schema, and what it refers to into the generator.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;
/// Puts a handler into its method.
type Handler = fn() -> MethodRouter<ApiState>;

/// The body of a success.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// An object whole, to which `meta` comes.
    One(Shape),
    /// Rows with `page` and `meta`.
    List(Shape),
    /// An object as it is.
    Bare(Shape),
    /// Text of one of these media types.
    Text(&'static [&'static str]),
}

/// A route.
#[derive(Clone, Copy)]
pub struct Route {
    /// HTTP method; GET answers HEAD too.
    pub method: &'static str,
    /// Pattern of the path.
    pub path: &'static str,
    /// Name of the operation in generated clients, never changed.
    pub id: &'static str,
    /// What it answers, in one line.
    pub summary: &'static str,
    /// Names of the query parameters, in groups; any other is refused.
    pub query: &'static [&'static [&'static str]],
    /// What a key must be allowed to do; `None` needs no key.
    pub scope: Option<Scope>,
    /// Problems of its own, beside those that follow from its parameters.
    pub problems: &'static [Code],
    pub(super) body: Option<Shape>,
    pub(super) answer: Answer,
    pub(super) statuses: &'static [(u16, &'static str)],
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) handler: Handler,
}

fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Route {
    const fn new(method: &'static str, path: &'static str, handler: Handler) -> Self {
        Self {
            method,
            path,
            id: "",
            summary: "",
            query: &[],
            scope: None,
            problems: &[],
            body: None,
            answer: Answer::Text(&["text/plain"]),
            statuses: &[(200, "The answer")],
            headers: &[],
            handler,
        }
    }

    /// GET, and HEAD with it. `handler` is `|| get(…)`.
    pub(super) const fn get(path: &'static str, handler: Handler) -> Self {
        Self::new("GET", path, handler)
    }

    /// POST. `handler` is `|| post(…)`.
    pub(super) const fn post(path: &'static str, handler: Handler) -> Self {
        Self::new("POST", path, handler)
    }

    /// DELETE. `handler` is `|| delete(…)`.
    pub(super) const fn delete(path: &'static str, handler: Handler) -> Self {
        Self::new("DELETE", path, handler)
    }

    /// Its name in generated clients, and what it answers.
    pub(super) const fn named(mut self, id: &'static str, summary: &'static str) -> Self {
        self.id = id;
        self.summary = summary;
        self
    }

    /// Its query parameters, each of which `parameters` describes.
    pub(super) const fn query(mut self, groups: &'static [&'static [&'static str]]) -> Self {
        self.query = groups;
        self
    }

    /// Needs a key of this scope.
    pub(super) const fn needs(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// What it can answer beside what its parameters imply.
    pub(super) const fn problems(mut self, codes: &'static [Code]) -> Self {
        self.problems = codes;
        self
    }

    /// Takes a JSON body that is read as `T`.
    pub(super) const fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(reference::<T>);
        self
    }

    /// Answers one object by `answer::one`.
    pub(super) const fn one<T: JsonSchema>(mut self) -> Self {
        self.answer = Answer::One(T::json_schema);
        self
    }

    /// Answers rows by `answer::list`.
    pub(super) const fn list<T: JsonSchema>(mut self) -> Self {
        self.answer = Answer::List(reference::<T>);
        self
    }

    /// Answers an object by `answer::json`, without `meta`.
    pub(super) const fn bare<T: JsonSchema>(mut self) -> Self {
        self.answer = Answer::Bare(reference::<T>);
        self
    }

    /// Answers text of one of these media types.
    pub(super) const fn text(mut self, media_types: &'static [&'static str]) -> Self {
        self.answer = Answer::Text(media_types);
        self
    }

    /// Its successes, where it is not 200 alone, and what each means.
    pub(super) const fn statuses(mut self, all: &'static [(u16, &'static str)]) -> Self {
        self.statuses = all;
        self
    }

    /// Headers of its successes, and what each means.
    pub(super) const fn headers(mut self, all: &'static [(&'static str, &'static str)]) -> Self {
        self.headers = all;
        self
    }

    /// Names of its query parameters.
    pub(super) fn queries(&self) -> impl Iterator<Item = &'static str> {
        self.query.iter().flat_map(|group| group.iter().copied())
    }

    /// Names of the parameters in its path.
    pub(super) fn segments(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}
