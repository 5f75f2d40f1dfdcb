//! The configuration as a whole: layers, presets, documentation, secrets; its faults in `faults`.

mod faults;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::file::{Source, parse};
use super::tree::{Node, Table, Value};
use super::*;

const DEFAULT: &str = include_str!("../../../config/default.toml");
const CHAINS: &str = include_str!("../../../config/chains.toml");
const EXAMPLE: &str = include_str!("../../../config/example.toml");

fn load_with(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, Faults> {
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    load_text("herald.toml", text, variables)
}

fn good(text: &str) -> Loaded {
    load_with(text, &[]).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

fn faults_of(text: &str) -> Vec<String> {
    match load_with(text, &[]) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.0.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_default_alone_loads_and_names_no_database() {
    let loaded = load(None, []).unwrap();
    assert!(loaded.config.chains.is_empty());
    assert_eq!(loaded.config.log.format, LogFormat::Auto);
    let error = loaded.config.database.required().unwrap_err().to_string();
    assert!(error.contains("database.url") && error.contains("database.embedded"), "{error}");
}

#[test]
fn the_example_loads() {
    let config = good(EXAMPLE).config;
    assert!(matches!(config.database.required(), Ok(DatabaseSource::Embedded(_))));
    let chain = &config.chains[0];
    assert_eq!((chain.name.as_str(), chain.id), ("ethereum", Caip2(1)));
    assert_eq!(chain.finality_depth, Duration::from_secs(1200));
    assert_eq!(chain.endpoints[0].name, "endpoint-1");
    assert_eq!(chain.contracts[0].start_block, Some(12_287_507));
}

#[test]
fn upper_layers_win_and_every_setting_knows_its_own() {
    let text = "[http]\nlisten = \"127.0.0.1:1\"\n[chains.base]\nrange_max = 7\n\
                endpoints = [\"https://x.example\"]\n";
    let variables = [("HERALD_HTTP__LISTEN", "[::1]:2"), ("HERALD_CHAINS__BASE__ID", "8453")];
    let loaded = load_with(text, &variables).unwrap();
    assert_eq!(loaded.config.http.listen.to_string(), "[::1]:2");
    let setting = |path: &str| {
        let found = loaded.settings.iter().find(|setting| setting.path == path).unwrap();
        (found.value.clone().unwrap_or_default(), found.origin.to_string())
    };
    for (path, value, origin) in [
        ("roles", "[\"index\", \"api\"]", "default"),
        ("http.listen", "\"[::1]:2\"", "HERALD_HTTP__LISTEN"),
        ("http.request_timeout_ms", "10000", "default"),
        ("chains.base.preset", "\"base\"", "default"),
        ("chains.base.id", "\"8453\"", "HERALD_CHAINS__BASE__ID"),
        ("chains.base.block_time_ms", "2000", "preset"),
        ("chains.base.range_max", "7", "herald.toml:4"),
        ("chains.base.endpoints[0]", "(hidden)", "herald.toml:5"),
        ("chains.base.endpoints[0].name", "\"endpoint-1\"", "default"),
    ] {
        assert_eq!(setting(path), (value.into(), origin.into()), "{path}");
    }
}

#[test]
fn every_preset_loads_under_its_name_and_has_an_id_of_its_own() {
    let presets = parse(CHAINS, &Source::Presets).unwrap();
    let mut ids = BTreeSet::new();
    for name in presets.keys().filter(|name| *name != "none") {
        let text = format!("[chains.{name}]\nendpoints = [\"wss://x.example\"]\n");
        let chain = good(&text).config.chains.remove(0);
        assert!(ids.insert(chain.id), "{name} has the id of another");
    }
    assert!(ids.len() >= 15);
    let exceptions = ["polygon", "zksync", "cronos"];
    for name in exceptions {
        let text = format!("[chains.{name}]\nendpoints = [\"wss://x.example\"]\n");
        assert!(!good(&text).config.chains[0].trust_bloom, "{name}");
    }
}

#[test]
fn endpoints_are_urls_or_tables() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rpc");
    std::fs::write(&file, "wss://spare.example/KEY\n").unwrap();
    let text = format!(
        "[chains.mine]\nid = 31337\nendpoints = [\"http://127.0.0.1:8545\", \
         {{ url_file = {file:?}, role = \"spare\", rps = 25 }}, \
         {{ name = \"third\", url = \"https://x.example\" }}]\n"
    );
    let chain = good(&text).config.chains.remove(0);
    let names: Vec<_> = chain.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
    assert_eq!(names, ["endpoint-1", "endpoint-2", "third"]);
    let spare = &chain.endpoints[1];
    assert_eq!((spare.role, spare.rps), (EndpointRole::Spare, Some(25)));
    assert_eq!(secrecy::ExposeSecret::expose_secret(&spare.url), "wss://spare.example/KEY");
}

#[test]
fn secrets_are_in_no_text_that_is_made_of_a_configuration() {
    let text = "[database]\nurl = 'postgres://u:hunter2@h/d'\n[chains.base]\n\
                endpoints = ['https://hunter2.example', { url = 'wss://x.example/hunter2' }]\n";
    let loaded = good(text);
    let shown = lines(&loaded.settings).join("\n");
    assert!(shown.contains("database.url = (hidden)"), "{shown}");
    for made in [format!("{loaded:?}"), shown] {
        assert!(!made.contains("hunter2"), "{made}");
    }
    let broken = load_with(&format!("{text}oops = true\n"), &[]).unwrap_err();
    assert!(!format!("{broken}{broken:?}").contains("hunter2"), "{broken}");
}

/// The paths of a tree without names of chains and places in lists.
fn documented(table: &Table, path: &str, paths: &mut BTreeSet<String>) {
    for (key, node) in table {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let inner: Vec<&Node> = node.list().map_or(vec![node], |items| items.iter().collect());
        match inner.first().map(|node| &node.value) {
            Some(Value::Table(_)) => inner
                .iter()
                .filter_map(|node| node.table())
                .for_each(|table| documented(table, &path, paths)),
            _ => {
                paths.insert(path);
            }
        }
    }
}

#[test]
fn the_default_documents_exactly_the_keys_that_are_read() {
    let is_key = |line: &str| line.starts_with('#') && !line[1..].starts_with([' ', '#']);
    let mut text = String::new();
    let mut above = "";
    for line in DEFAULT.lines() {
        let bare = if is_key(line) && line.len() > 1 { &line[1..] } else { line };
        let states = !bare.is_empty() && !bare.starts_with("# ") && bare != "#";
        assert!(!states || above.starts_with("# "), "no comment explains {line:?}");
        text.push_str(bare);
        text.push('\n');
        above = line;
    }
    // With both of the twins given the text is faulty, but every key of it is asked for.
    let mut paths = BTreeSet::new();
    documented(&parse(&text, &Source::Default).unwrap(), "", &mut paths);
    let unknown = |fault: &String| fault.contains("unknown key");
    assert_eq!(faults_of(&text).into_iter().filter(unknown).collect::<Vec<_>>(), [""; 0]);
    let whole = "[chains.ethereum]\nendpoints = [{ url = 'ws://x' }]\n[[chains.ethereum.contracts]]\n\
                 address = '0xbc4ca0eda7647a8ab7c2061c2e118a18a936f13d'\nstart_block = 1\n";
    let read: BTreeSet<String> =
        good(whole).settings.iter().map(|setting| setting.path.replace("[0]", "")).collect();
    assert_eq!(paths, read);
}

proptest! {
    #[test]
    fn no_text_and_no_variable_makes_the_reader_panic(
        text in "(?s)\\PC{0,40}(\n\\[chains\\.[a-z]{1,4}\\]\n[a-z_]{1,9} = \\PC{0,20}\n){0,2}",
        variable in "HERALD_[A-Z_]{0,30}",
        value in "\\PC{0,20}",
    ) {
        if let Err(faults) = load_with(&text, &[(&variable, &value)]) {
            prop_assert!(!faults.0.is_empty());
            prop_assert_eq!(faults.to_string().lines().count(), faults.0.len());
        }
    }
}
