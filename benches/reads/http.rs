//! A connection that asks one thing after the other: as much HTTP/1.1 as measuring takes, so that the
//! one who asks needs little of the cores.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest answer that is read: a page of 50 has some tens of kilobytes.
const ANSWER_MAX: usize = 4 << 20;

/// What is read at once.
const READ: usize = 64 << 10;

/// What ends the head of an answer.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// An open connection.
pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// An answer.
pub(crate) struct Answer<'a> {
    /// Such as 200.
    pub(crate) status: u16,
    /// All of it.
    pub(crate) body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(READ) })
    }

    /// Asks and reads the whole answer.
    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Answer<'_>> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.read.clear();
        let mut whole = None;
        loop {
            if whole.is_none() {
                whole = head(&self.read)?;
            }
            if let Some((status, begin, length)) = whole
                && self.read.len() >= begin + length
            {
                anyhow::ensure!(self.read.len() == begin + length, "more than one answer");
                return Ok(Answer { status, body: &self.read[begin..] });
            }
            anyhow::ensure!(self.read.len() < ANSWER_MAX, "an answer beyond {ANSWER_MAX} bytes");
            self.read.reserve(READ);
            let more = self.stream.read_buf(&mut self.read).await?;
            anyhow::ensure!(more > 0, "the connection was closed within an answer");
        }
    }
}

/// Status, where the body begins, and its length, once the whole head is there.
fn head(read: &[u8]) -> anyhow::Result<Option<(u16, usize, usize)>> {
    let Some(end) = read.windows(HEAD_END.len()).position(|four| four == HEAD_END) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&read[..end]).context("a head that is no text")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status =
        status.and_then(|status| status.parse().ok()).context("an answer without status")?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .context("an answer without content-length")?;
    Ok(Some((status, end + HEAD_END.len(), length)))
}
