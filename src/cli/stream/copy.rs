//! Copies a stream line by line, and tells one that was cut off from one that has ended.

use std::io::Write;

use axum::body::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::Told;
use super::sink::{Sink, is_gone};

/// How a copy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Copied {
    /// All of it is there.
    Whole,
    /// Whoever reads standard output wants no more.
    Enough,
}

/// A stream that ended before its end.
#[derive(Debug, thiserror::Error)]
#[error("the stream was cut off ({why})")]
pub(in crate::cli) struct Cut {
    why: String,
    /// The last whole line.
    pub(in crate::cli) last: String,
}

/// Copies the lines of `body` into `sink` and shows each to `see`.
///
/// # Errors
///
/// [`Cut`] where the stream ends within; else what `sink` or `see` say.
pub(in crate::cli) async fn copy(
    mut body: BoxStream<'static, anyhow::Result<Bytes>>,
    sink: &mut Sink,
    told: &mut Told,
    see: &mut (dyn FnMut(&str) -> anyhow::Result<()> + Send),
) -> anyhow::Result<Copied> {
    let mut part: Vec<u8> = Vec::new();
    let mut last = String::new();
    while let Some(piece) = body.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) => return Err(Cut { why: format!("{error:#}"), last }.into()),
        };
        part.extend_from_slice(&piece);
        let Some(end) = part.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1) else {
            continue;
        };
        let lines = std::str::from_utf8(&part[..end])?;
        let mut count = 0;
        for line in lines.lines() {
            see(line)?;
            count += 1;
        }
        last = lines.lines().next_back().unwrap_or_default().to_owned();
        match sink.write_all(&part[..end]) {
            Err(error) if is_gone(&error) => return Ok(Copied::Enough),
            written => written?,
        }
        told.more(count);
        part.drain(..end);
    }
    if part.is_empty() {
        return Ok(Copied::Whole);
    }
    Err(Cut { why: "its last line is not whole".into(), last }.into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use futures_util::stream;

    use super::*;
    use crate::cli::shown::Show;

    /// What becomes of a file of these pieces: how it ended, and its text.
    async fn copied(pieces: Vec<Result<&'static str, &'static str>>) -> (String, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let pieces = pieces.into_iter().map(|piece| match piece {
            Ok(text) => Ok(Bytes::from_static(text.as_bytes())),
            Err(why) => Err(anyhow::anyhow!(why)),
        });
        let body = stream::iter(pieces.collect::<Vec<_>>()).boxed();
        let mut sink = Sink::open(Some(&path)).unwrap();
        let mut told = Told::new(Show::Lines, "csv", true);
        let ended = copy(body, &mut sink, &mut told, &mut |_| Ok(())).await;
        let ended = match ended {
            Ok(copied) => {
                sink.finish().unwrap();
                format!("{copied:?}")
            }
            Err(error) => {
                drop(sink);
                error.downcast_ref::<Cut>().map_or(error.to_string(), |cut| cut.last.clone())
            }
        };
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, usize::from(path.exists()), "a temporary file stays");
        (ended, fs::read_to_string(path).ok())
    }

    #[tokio::test]
    async fn a_file_is_there_only_when_it_is_whole() {
        let whole = copied(vec![Ok("a,"), Ok("b\nc\nd"), Ok("\n")]).await;
        assert_eq!(whole, ("Whole".into(), Some("a,b\nc\nd\n".into())));
        assert_eq!(copied(vec![Ok("a\nb"), Err("gone")]).await, ("a".into(), None));
        assert_eq!(copied(vec![Ok("a\nb")]).await, ("a".into(), None), "half a line at the end");
        assert_eq!(copied(vec![]).await, ("Whole".into(), Some(String::new())));
    }
}
