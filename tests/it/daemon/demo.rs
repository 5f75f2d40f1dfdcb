//! `herald dev` as a person runs it: Ctrl-C, twice at once, killed and started again.

use std::time::Duration;

use rustix::process::Signal;

use super::process::{Ended, Program};
use super::setup::Setup;
use super::within;
use crate::support::folder::Folder;

/// A place for a demo, so that it does not meet that of anybody else.
fn place() -> Setup {
    let mut setup = Setup::with("");
    let dir = setup.path().canonicalize().unwrap().join("dev");
    setup.replace("[database]\n", &format!("[dev]\ndir = '{}'\n[database]\n", dir.display()));
    setup
}

fn start(setup: &Setup, arguments: &[&str]) -> Program {
    let fixed = ["dev", "--listen", "127.0.0.1:0", "--seed", "5"];
    Program::start(setup, &[&fixed[..], arguments].concat())
}

/// Waits until the demo has said where everything is; answers that line.
async fn welcomed(demo: &Program) -> String {
    let line = demo.out.line(0, |line| line.starts_with("Herald answers at "));
    let found = within("the welcome", line).await;
    found.unwrap_or_else(|| panic!("it ended:\n{}\n{}", demo.out.text(), demo.log.tail())).1
}

/// Waits until the traffic is under way.
async fn running(demo: &Program) {
    let line = demo.out.line(0, |line| line.contains("checkpoint"));
    within("a status line", line).await.expect("the demo goes on");
}

fn assert_nothing_left(folder: &Folder, ended: &Ended) {
    let left = folder.inhabitants();
    assert_eq!(left, [], "left after\n{}\n{}", ended.out, ended.log);
}

#[tokio::test]
async fn ctrl_c_ends_a_demo_with_all_its_processes() {
    let setup = place();
    let demo = start(&setup, &[]);
    let welcome = welcomed(&demo).await;
    running(&demo).await;
    assert!(setup.folder.inhabitants().len() > 3, "two chains and a server of several processes");

    let second = start(&setup, &[]).ended().await;
    assert_eq!(second.code(), Some(1), "{}", second.log);
    let address = welcome.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let address = address.trim_end_matches([';', ',', '.']);
    assert!(second.log.contains(address), "{address} is not in {}", second.log);

    demo.signal_group(Signal::INT);
    let ended = demo.ended().await;
    assert_eq!(ended.code(), Some(0), "{}", ended.log);
    assert_nothing_left(&setup.folder, &ended);
}

#[tokio::test]
async fn a_demo_cleans_up_after_one_that_was_killed_and_finds_no_difference() {
    let setup = place();
    let killed = start(&setup, &["--replicas", "1"]);
    welcomed(&killed).await;
    running(&killed).await;
    killed.kill().await;
    assert!(!setup.folder.inhabitants().is_empty(), "what was killed could not clean up");

    let ended = start(&setup, &["--for", "12s", "--replicas", "2"]).ended().await;
    assert!(ended.out.contains("killed replica "), "{}", ended.out);
    assert_eq!(ended.code(), Some(0), "{}\n{}", ended.out, ended.log);
    assert_eq!(ended.out.lines().last(), Some("0 differences"), "{}", ended.out);
    // On each of the two chains three collectibles, one of them with ranges, and one of balances.
    for (of_kind, lines) in [(" tokens owned, ", 6), (" burnt, 2 ranges, ", 2), (" balances, ", 2)]
    {
        let found = ended.out.lines().filter(|line| line.contains(of_kind)).count();
        assert_eq!(found, lines, "{of_kind} in {}", ended.out);
    }
    assert_nothing_left(&setup.folder, &ended);
}

#[tokio::test]
async fn a_demo_that_is_stopped_while_it_is_set_up_leaves_nothing() {
    let setup = place();
    let demo = start(&setup, &[]);
    let line = demo.out.line(0, |line| line.contains("setting up"));
    within("the first line", line).await.expect("the demo begins");
    demo.signal_group(Signal::INT);
    let ended = demo.stops_within(Duration::from_secs(10)).await;
    assert_eq!(ended.code(), Some(0), "{}", ended.log);
    assert_nothing_left(&setup.folder, &ended);
}
