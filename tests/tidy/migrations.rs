//! Migrations: numbered without gaps, opening with why and what they lock, and telling the same
//! oldest release to the reader and to the database.

use super::complaint::{Complaint, holds, places};
use super::house::House;

/// What the opening comment names the oldest release with that can run on the schema.
const COMPATIBLE: &str = "-- compatible_from: ";

/// Number and name of `migrations/0001_create_tables.sql`.
fn numbered(path: &str) -> Option<(u32, &str)> {
    let (number, name) = path.strip_prefix("migrations/")?.strip_suffix(".sql")?.split_once('_')?;
    let named =
        name.chars().all(|mark| mark.is_ascii_lowercase() || mark.is_ascii_digit() || mark == '_');
    (number.len() == 4 && named && !name.is_empty()).then_some((number.parse().ok()?, name))
}

fn release(text: &str) -> Option<[u32; 3]> {
    let parts: Vec<u32> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

fn numbers(house: &House) -> Vec<Complaint> {
    let mut out = Vec::new();
    for ((path, _), expected) in house.files("migrations/", "").zip(1..) {
        match numbered(path) {
            None => out.push(Complaint::about(path, "is not named NNNN_verb_noun.sql")),
            Some((number, _)) if number != expected => {
                let what = format!("number {expected:04} comes here: no gap, no double");
                out.push(Complaint::about(path, what));
            }
            Some(_) => {}
        }
    }
    out
}

fn openings(house: &House) -> Vec<Complaint> {
    let mut out = Vec::new();
    for (path, text) in house.files("migrations/", ".sql") {
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("--")).collect();
        if !head.join(" ").to_lowercase().contains("lock") || head.len() < 2 {
            let what = "opens without a comment that says why and what it locks (`locks nothing`)";
            out.push(Complaint::at(path, 1, what));
        }
        let stated = head.iter().find_map(|line| line.strip_prefix(COMPATIBLE));
        let Some(stated) = stated.filter(|stated| release(stated).is_some()) else {
            let what = format!("its opening comment has no line `{COMPATIBLE}X.Y.Z`");
            out.push(Complaint::at(path, 1, what));
            continue;
        };
        if release(stated) > release(env!("CARGO_PKG_VERSION")) {
            out.push(Complaint::at(path, 1, format!("{stated} is newer than this release")));
        }
        let number = numbered(path).map_or(0, |(number, _)| number);
        let row = format!(
            "insert into platform.migrations (version, compatible_from) \
             values ({number}, '{stated}');"
        );
        if text.matches("insert into platform.migrations").count() != 1 || !text.contains(&row) {
            out.push(Complaint::about(
                path,
                format!("has to hold once, as its comment says: {row}"),
            ));
        }
    }
    out
}

#[test]
fn migrations_are_numbered_without_gaps() {
    holds(numbers);
    assert!(House::real().files("migrations/", ".sql").next().is_some(), "no migration was read");
    let files = ["0001_a.sql", "0003_b.sql", "0003_c.sql", "4_d.sql", "0005_E.sql", "x.md"];
    let files = files.map(|name| format!("migrations/{name}"));
    let files = files.each_ref().map(|path| (path.as_str(), ""));
    let wrong =
        ["0003_b.sql", "0005_E.sql", "4_d.sql", "x.md"].map(|name| format!("migrations/{name}"));
    assert_eq!(places(numbers, &files), wrong);
}

#[test]
fn a_migration_says_why_what_it_locks_and_which_release_can_run_on_it() {
    holds(openings);
    let row = |stated: &str| {
        format!(
            "insert into platform.migrations (version, compatible_from) values (2, '{stated}');\n"
        )
    };
    let head = "-- Why. Locks nothing.\n-- compatible_from: 0.1.0\n";
    let path = "migrations/0002_x.sql";
    let check = |text: String| places(openings, &[(path, &text)]);
    assert!(check(format!("{head}\n{}", row("0.1.0"))).is_empty());
    let at = format!("{path}:1");
    assert_eq!(check(format!("create table x ();\n{head}{}", row("0.1.0"))), [at.as_str(), &at]);
    assert_eq!(check(head.replace("Locks", "Touches") + &row("0.1.0")), [at.as_str()]);
    assert_eq!(check(head.replace("0.1.0", "99.0.0") + &row("99.0.0")), [at.as_str()]);
    assert_eq!(check(head.to_owned() + &row("0.0.9")), [path]);
    assert_eq!(check(head.to_owned()), [path]);
    assert_eq!(check(head.to_owned() + &row("0.1.0") + &row("0.1.0")), [path]);
}
