//! `herald contracts` on the database and on a running daemon, which must say the same.

use alloy::primitives::Address;

use super::keys;
use super::process::{Ended, Program};
use super::setup::{FAST, Setup, named};
use super::site::Site;
use crate::support::database::fresh;
use crate::support::seed::judge;
use crate::support::sim::tracked;

/// A place to run commands on.
struct Shell<'a> {
    setup: &'a Setup,
    /// Arguments that lead to a daemon.
    at: Vec<String>,
}

impl Shell<'_> {
    async fn run(&self, words: &str) -> Ended {
        let at = self.at.iter().map(String::as_str);
        let words: Vec<&str> =
            ["contracts"].into_iter().chain(words.split(' ')).chain(at).collect();
        Program::start(self.setup, &words).ended().await
    }

    /// What a command says that ends with this code; its errors where that is not 0.
    async fn says(&self, code: i32, words: &str) -> String {
        let ended = self.run(words).await;
        assert_eq!(ended.code(), Some(code), "{words}: {}{}", ended.out, ended.log);
        if code == 0 { ended.out } else { ended.log }
    }
}

async fn story(shell: &Shell<'_>, pool: &herald::store::Pool, contract: Address) {
    let which = format!("--chain one --contract {contract}");
    judge(pool, Some("not_nft")).await;
    let refused = shell.says(1, &format!("add {which}")).await;
    assert!(refused.contains("because not_nft (not_nft)"), "{refused}");
    judge(pool, None).await;
    let ready =
        shell.says(0, &format!("add {which} --start-block 5 --standard erc721 --wait")).await;
    assert!(ready.starts_with(&format!("followed {contract} on eip155:1001")), "{ready}");
    assert!(ready.ends_with("ready, erc721, from block 5 on"), "{ready}");
    let again = shell.says(0, &format!("add {which}")).await;
    assert!(again.starts_with("followed before"), "{again}");
    let higher = shell.says(1, &format!("add {which} --start-block 9")).await;
    assert!(higher.contains("tracked with start_block 5 (contract_conflict)"), "{higher}");

    let list = shell.says(0, "list --chain 1001 --status ready").await;
    let row = list.lines().find(|line| line.contains(&contract.to_string()));
    let fields: Vec<&str> = row.unwrap_or_else(|| panic!("{list}")).split_whitespace().collect();
    assert_eq!(fields, ["eip155:1001", &contract.to_string(), "ready", "100%", "erc721", "5"]);
    let stopped = shell.says(0, "list --status stopped").await;
    assert!(!stopped.contains(&contract.to_string()), "{stopped}");

    let unasked = shell.says(2, &format!("remove {which}")).await;
    assert!(unasked.contains("--yes"), "{unasked}");
    let removed = shell.says(0, &format!("remove {which} --yes")).await;
    assert!(removed.contains(": stopped"), "{removed}");
    assert_eq!(shell.says(0, &format!("remove {which} --yes")).await, removed);
    let purged = shell.says(0, &format!("remove {which} --purge --yes")).await;
    assert!(purged.starts_with(&contract.to_string()), "{purged}");
    let stranger = Address::repeat_byte(0x99);
    let unknown = format!("remove --chain one --contract {stranger} --yes");
    assert!(shell.says(1, &unknown).await.contains("contract_not_tracked"));
    for wrong in [
        format!("add --chain two --contract {contract}"),
        "add --chain one --contract 0x12".to_owned(),
        format!("add {which} --standard erc20"),
        format!("add {which} --start-block -1"),
        "list --chain two".to_owned(),
        "list --status gone".to_owned(),
    ] {
        shell.says(2, &wrong).await;
    }
}

#[tokio::test]
async fn contracts_are_added_listed_and_removed_on_the_database_and_by_url() {
    let database = fresh().await;
    let site = Site::new("one", 1_001, 20).await;
    let mut setup = Setup::on(&database);
    setup.chain(site.name, site.id, &[&named("node", &site.http())], FAST);
    let (daemon, client) = Program::answering(&setup).await;
    site.followed(&daemon, &client).await;
    let key = keys::create(&setup, "admin").await;
    let url = format!("http://{}", client.address());
    let local = Shell { setup: &setup, at: Vec::new() };
    story(&local, &database.pool, tracked()[0]).await;
    let at = ["--url", &url, "--key", &key].map(str::to_owned).to_vec();
    story(&Shell { setup: &setup, at }, &database.pool, tracked()[1]).await;

    let keyless = Shell { setup: &setup, at: vec!["--url".to_owned(), url] };
    let add = format!("add --chain one --contract {}", tracked()[2]);
    assert!(keyless.says(1, &add).await.contains("key_missing"));
    keyless.says(0, "list").await;
    daemon.stop().await;
    assert!(keyless.says(1, "list").await.contains("does not answer"));
}
