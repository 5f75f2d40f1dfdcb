//! What bodies look like, gathered from the types that are written and read. Every object is closed:
//! what is not in its schema is in no answer.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::api::answer::{Meta, Page};
use crate::api::route::{Answer, Shape};

/// Where the document keeps them.
const PLACE: &str = "/components/schemas";

/// The schemas of what is written, and of what is read: of a member with a default only the latter
/// may do without.
pub(super) struct Schemas {
    written: SchemaGenerator,
    read: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = PLACE.into();
                settings.meta_schema = None;
            })
        };
        Self {
            written: settings().for_serialize().into_generator(),
            read: settings().for_deserialize().into_generator(),
        }
    }
}

/// Closes an object that names its members.
fn close(schema: &mut Schema) {
    let open = schema.get("properties").is_some() && schema.get("additionalProperties").is_none();
    if open {
        schema.insert("additionalProperties".into(), false.into());
    }
}

fn closed(mut schema: Schema) -> Value {
    RecursiveTransform(close).transform(&mut schema);
    schema.to_value()
}

impl Schemas {
    /// The reference to the schema of what is written as `T`.
    pub(super) fn written<T: JsonSchema>(&mut self) -> Value {
        self.written.subschema_for::<T>().to_value()
    }

    /// The schema of a request's body.
    pub(super) fn read(&mut self, shape: Shape) -> Value {
        closed(shape(&mut self.read))
    }

    /// The schema of a success, where it is JSON.
    pub(super) fn answer(&mut self, answer: Answer) -> Option<Value> {
        let meta = self.written::<Meta>();
        Some(match answer {
            Answer::Text(_) => return None,
            Answer::Bare(shape) => closed(shape(&mut self.written)),
            Answer::List(shape) => {
                let row = shape(&mut self.written).to_value();
                let page = self.written::<Page>();
                json!({
                    "type": "object",
                    "properties": {
                        "data": {"type": "array", "items": row},
                        "page": page,
                        "meta": meta,
                    },
                    "required": ["data", "page", "meta"],
                    "additionalProperties": false,
                })
            }
            Answer::One(shape) => with_meta(closed(shape(&mut self.written)), meta),
        })
    }

    /// All that was referred to, by name.
    pub(super) fn all(mut self) -> Map<String, Value> {
        let mut all = self.read.take_definitions(true);
        all.extend(self.written.take_definitions(true));
        let close = |(name, schema): (String, Value)| {
            let schema = Schema::try_from(schema).unwrap_or_default();
            (name, closed(schema))
        };
        all.into_iter().map(close).collect()
    }
}

/// `answer::one` writes `meta` among the members of the object.
fn with_meta(mut object: Value, meta: Value) -> Value {
    object["properties"]["meta"] = meta;
    if let Some(required) = object["required"].as_array_mut() {
        required.push("meta".into());
    }
    object
}
