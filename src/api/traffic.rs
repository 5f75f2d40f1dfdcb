//! What goes on upon a connection: whether it asks for anything at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What there was of requests since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// None ever.
    Nothing,
    /// Some were there before, none since, and none is being worked on.
    Quiet,
    /// Some, or the server looks after the connection's pauses by itself.
    Requests,
}

/// Requests of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    begun: AtomicUsize,
    /// Of those begun, how many were there at the last look.
    seen: AtomicUsize,
    running: AtomicUsize,
    /// Whether the server ends the connection by itself where it lies idle.
    timed: AtomicBool,
}

/// A request that is being worked on, until dropped.
pub(super) struct Running(Traffic);

impl Traffic {
    /// A request begins; `timed` where the server ends connections that lie idle after it.
    pub(super) fn begin(&self, timed: bool) -> Running {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        self.0.running.fetch_add(1, Ordering::Relaxed);
        self.0.timed.store(timed, Ordering::Relaxed);
        Running(self.clone())
    }

    /// Looks what there was since the last call of this.
    pub(super) fn look(&self) -> Seen {
        let begun = self.0.begun.load(Ordering::Relaxed);
        let seen = self.0.seen.swap(begun, Ordering::Relaxed);
        let running = self.0.running.load(Ordering::Relaxed);
        match begun {
            0 => Seen::Nothing,
            _ if begun > seen || running > 0 || self.0.timed.load(Ordering::Relaxed) => {
                Seen::Requests
            }
            _ => Seen::Quiet,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_is_who_has_not_asked_since_the_last_look() {
        let traffic = Traffic::default();
        assert_eq!(traffic.look(), Seen::Nothing);
        let running = traffic.begin(false);
        assert_eq!(traffic.look(), Seen::Requests, "begun");
        assert_eq!(traffic.look(), Seen::Requests, "still being worked on");
        drop(running);
        assert_eq!(traffic.look(), Seen::Quiet);
        drop(traffic.begin(false));
        assert_eq!(traffic.look(), Seen::Requests, "asked and answered meanwhile");
        drop(traffic.begin(true));
        assert_eq!(traffic.look(), Seen::Requests);
        assert_eq!(traffic.look(), Seen::Requests, "the server looks after it");
    }
}
