//! The built program: exit codes, where words go, and what is never shown.

use std::path::Path;
use std::process::{Command, Output};

/// Runs the program with nothing in its environment but `variables`.
fn herald(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_herald"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("the program was built with this test")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A file of this text in a directory that lives as long as the test.
fn file(dir: &tempfile::TempDir, content: &str) -> String {
    let path = dir.path().join("herald.toml");
    std::fs::write(&path, content).expect("a new directory can be written");
    path.display().to_string()
}

const SOUND: &str = "[database]\nurl = 'postgres://u:hunter2@h/d'\n[chains.base]\n\
                     endpoints = ['https://hunter2.example']\n";

#[test]
fn a_wrong_configuration_prints_all_faults_and_exits_2() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "[http]\nlisten = 1\nrequest_timeout_ms = 1\n[chains.base]\n");
    for arguments in [["check", "--offline"], ["config", "show"]] {
        let output = herald(&[&arguments[..], &["--config", &path]].concat(), &[]);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
        let lines: Vec<String> = text(&output.stderr).lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "error: the configuration has 3 faults");
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert!(lines[1].starts_with("http.listen: found 1; allowed: an address and a port"));
        assert!(lines[1].ends_with(&format!("({path}:2)")), "{}", lines[1]);
        assert!(lines[2].starts_with("http.request_timeout_ms: found 1; allowed: "));
        assert!(lines[3].starts_with("chains.base.endpoints: missing; allowed: "));
    }
}

#[test]
fn an_unknown_key_is_refused_with_a_suggestion() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "[http]\nlissten = '127.0.0.1:1'\n");
    let variable = ("HERALD_DATABASE__EMBEDED", "true");
    let output = herald(&["check", "--config", &path], &[variable]);
    let complaint = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint.contains("http.lissten: unknown key, did you mean `listen`?"), "{complaint}");
    assert!(
        complaint.contains("database.embeded: unknown key, did you mean `embedded`?"),
        "{complaint}"
    );
    assert!(complaint.contains("(HERALD_DATABASE__EMBEDED)"), "{complaint}");
}

#[test]
fn the_effective_configuration_is_shown_with_origins_and_without_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, SOUND);
    let variables = [("HERALD_CONFIG", path.as_str()), ("HERALD_HTTP__LISTEN", "127.0.0.1:9")];
    let output = herald(&["config", "show"], &variables);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let line = |key: &str| {
        let found = shown.lines().find(|line| line.starts_with(&format!("{key} = ")));
        found.unwrap_or_else(|| panic!("{key} is not in\n{shown}")).to_owned()
    };
    assert!(line("http.listen").starts_with("http.listen = \"127.0.0.1:9\" "));
    assert!(line("http.listen").ends_with("# HERALD_HTTP__LISTEN"));
    assert!(line("http.request_timeout_ms").ends_with("# default"));
    assert!(line("database.url").starts_with("database.url = (hidden) "));
    assert!(line("database.url").ends_with(&format!("# {path}:2")));
    assert!(line("chains.base.id").ends_with("# preset"));
    assert!(line("chains.base.endpoints[0].name").contains("\"endpoint-1\""));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_sound_configuration_is_summed_up_and_one_without_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, SOUND);
    let output = herald(&["check", "--offline", "--config", &path], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("configuration: ok\n"), "{}", text(&output.stdout));

    let output = herald(&["check", "--offline"], &[]);
    let complaint = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
    assert!(complaint.contains("database.url") && complaint.contains("database.embedded"));
}

#[test]
fn the_example_is_sound_and_a_file_that_is_not_there_is_named() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/example.toml");
    let output = herald(&["check", "--offline", "--config", &example.display().to_string()], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    let output = herald(&["check", "--config", "/absent/herald.toml"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("/absent/herald.toml: cannot be opened"));
}

#[test]
fn wrong_usage_exits_2_and_help_and_version_exit_0() {
    for arguments in [&[][..], &["fly"], &["check", "--nothing"], &["config"]] {
        let output = herald(arguments, &[]);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
        assert!(text(&output.stderr).contains("Usage: herald"), "{}", text(&output.stderr));
    }
    for arguments in [&["--help"][..], &["check", "--help"], &["config", "show", "--help"]] {
        let output = herald(arguments, &[]);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
        assert!(text(&output.stdout).contains(":\n  herald "), "{}", text(&output.stdout));
    }
    let output = herald(&["--version"], &[]);
    assert_eq!(text(&output.stdout), format!("herald {}\n", env!("CARGO_PKG_VERSION")));
}
