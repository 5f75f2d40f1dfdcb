//! Rows for binary COPY (Postgres manual, "COPY", section "Binary Format"), encoded in memory
//! first, so that no lock is held while a row is made.

use sqlx::PgConnection;

use super::{StoreError, Uint256};

/// Signature, flags and length of the header's extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Ends the data: a field count of -1.
const TRAILER: [u8; 2] = (-1i16).to_be_bytes();

/// Encoded rows of one table.
pub struct CopyRows {
    bytes: Vec<u8>,
    fields: i16,
    scratch: Vec<u8>,
}

impl CopyRows {
    /// No rows yet; each will have `fields` fields.
    pub fn new(fields: i16) -> Self {
        Self { bytes: HEADER.to_vec(), fields, scratch: Vec::new() }
    }

    /// Begins a row; exactly the announced number of fields must follow.
    pub fn row(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&self.fields.to_be_bytes());
        self
    }

    /// An `int2`.
    pub fn int2(&mut self, value: i16) -> &mut Self {
        self.field(&value.to_be_bytes())
    }

    /// An `int4`.
    pub fn int4(&mut self, value: i32) -> &mut Self {
        self.field(&value.to_be_bytes())
    }

    /// An `int8`.
    pub fn int8(&mut self, value: i64) -> &mut Self {
        self.field(&value.to_be_bytes())
    }

    /// A `bytea`.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.field(value)
    }

    /// A `numeric`, or null.
    pub fn numeric(&mut self, value: Option<Uint256>) -> &mut Self {
        let Some(value) = value else {
            self.bytes.extend_from_slice(&(-1i32).to_be_bytes());
            return self;
        };
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        value.write_numeric(&mut scratch);
        self.field(&scratch);
        self.scratch = scratch;
        self
    }

    fn field(&mut self, value: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(&(value.len() as i32).to_be_bytes());
        self.bytes.extend_from_slice(value);
        self
    }

    /// Sends the rows by `statement`, a `copy … from stdin (format binary)`.
    pub async fn send(
        mut self,
        connection: &mut PgConnection,
        statement: &'static str,
    ) -> Result<u64, StoreError> {
        self.bytes.extend_from_slice(&TRAILER);
        let mut copy = connection.copy_in_raw(statement).await?;
        copy.send(self.bytes).await?;
        Ok(copy.finish().await?)
    }
}
