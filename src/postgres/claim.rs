//! Who may use a cluster: one daemon at a time, and one starter at a time.
//!
//! Both are locks of the kernel on a file (flock(2)): they end with the process that holds them,
//! however it ends, and do not pass to the server it started.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::PostgresError;
use super::error::io;
use super::place::Place;
use crate::config::Embedded;

/// Longest that another's start is waited for: creating a cluster and recovering take less.
const START_WAIT_MAX: Duration = Duration::from_secs(900);

/// Between two attempts at the start lock.
const POLL: Duration = Duration::from_millis(50);

/// Most bytes of a claim that are read: a number and a URL.
const CLAIM_BYTES_MAX: u64 = 1024;

/// A daemon's sole right to a cluster, until dropped or until the process ends.
#[derive(Debug)]
pub struct Claim {
    file: File,
    path: PathBuf,
}

impl Claim {
    /// Takes the claim, creating the home of the cluster where it is missing. Fails with
    /// [`PostgresError::InUse`] where another process holds it.
    pub fn take(config: &Embedded) -> Result<Self, PostgresError> {
        let place = Place::make(config)?;
        let path = place.home.join("claim");
        let mut file = open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let (pid, answers_at) = read(&mut file);
                return Err(PostgresError::InUse { home: place.home, pid, answers_at });
            }
            Err(TryLockError::Error(error)) => return Err(io("lock", &path)(error)),
        }
        let mut claim = Self { file, path };
        claim.write("")?;
        Ok(claim)
    }

    /// Writes where this daemon answers, such as `http://127.0.0.1:8080`, for whoever comes second.
    pub fn announce(&mut self, url: &str) -> Result<(), PostgresError> {
        self.write(url)
    }

    fn write(&mut self, url: &str) -> Result<(), PostgresError> {
        let text = format!("{}\n{url}\n", std::process::id());
        self.file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .and_then(|_| self.file.write_all(text.as_bytes()))
            .map_err(io("write", &self.path))
    }
}

/// Waits for the start lock; it is held until the file is dropped.
pub(super) async fn start_lock(place: &Place) -> Result<File, PostgresError> {
    let path = place.home.join("start.lock");
    let file = open(&path)?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(io("lock", &path)(error)),
            Err(TryLockError::WouldBlock) if began.elapsed() > START_WAIT_MAX => {
                return Err(PostgresError::Busy { home: place.home.clone() });
            }
            Err(TryLockError::WouldBlock) => sleep(POLL).await,
        }
    }
}

fn open(path: &std::path::Path) -> Result<File, PostgresError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(io("open", path))
}

/// What the holder has written; it may have written nothing yet.
fn read(file: &mut File) -> (Option<u32>, Option<String>) {
    let mut text = String::new();
    // What cannot be read only makes the message poorer.
    let _ = file.take(CLAIM_BYTES_MAX).read_to_string(&mut text);
    let mut lines = text.lines();
    let pid = lines.next().and_then(|line| line.parse().ok());
    let url = lines.next().filter(|line| !line.is_empty()).map(str::to_owned);
    (pid, url)
}
