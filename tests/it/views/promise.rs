//! The promise of the views: every column that was ever there stays, with its type, and `docs/SQL.md`
//! says what each means.

use std::collections::BTreeSet;

use herald::store::Pool;

use crate::documents::document;
use crate::support::database::fresh;

/// Columns that a release has shown, one a line: view, column, type. Lines are added, never changed.
const PROMISED: &str = include_str!("../../fixtures/herald_v1.txt");

/// View, column, type and meaning of each column, in order.
async fn columns(pool: &Pool) -> Vec<(String, String, String, Option<String>)> {
    sqlx::query_as(
        r"select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod),
            col_description(c.oid, a.attnum)
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'herald_v1'::regnamespace and a.attnum > 0 and not a.attisdropped
        order by c.oid, a.attnum",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn no_column_was_removed_or_retyped() {
    let db = fresh().await;
    let there = columns(&db.pool).await;
    let there: BTreeSet<String> =
        there.iter().map(|(view, column, kind, _)| format!("{view} {column} {kind}")).collect();
    let promised: BTreeSet<String> = PROMISED.lines().map(str::to_owned).collect();
    let broken: Vec<_> = promised.difference(&there).collect();
    assert!(broken.is_empty(), "removed or retyped: {broken:?}");
    let new: Vec<_> = there.difference(&promised).collect();
    assert!(new.is_empty(), "add to tests/fixtures/herald_v1.txt: {new:?}");
}

#[tokio::test]
async fn the_document_says_of_each_column_what_its_comment_says() {
    let db = fresh().await;
    let text = document("docs/SQL.md");
    let mut rows = Vec::new();
    let mut view = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("### herald_v1.") {
            view = name;
        } else if line.starts_with("| `") && !view.is_empty() {
            rows.push(format!("{view} {line}"));
        }
    }
    let there = columns(&db.pool).await;
    let expected: Vec<String> = there
        .iter()
        .map(|(view, column, kind, meaning)| {
            let meaning = meaning.as_deref().unwrap_or("(no comment)");
            format!("{view} | `{column}` | {kind} | {meaning} |")
        })
        .collect();
    assert_eq!(rows, expected, "docs/SQL.md");
    let comments: Vec<(String, Option<String>)> = sqlx::query_as(
        r"select relname::text, obj_description(oid, 'pg_class') from pg_class
            where relnamespace = 'herald_v1'::regnamespace order by oid",
    )
    .fetch_all(&db.pool)
    .await
    .unwrap();
    for (view, comment) in comments {
        let heading = format!("### herald_v1.{view}\n\n{}", comment.unwrap_or_default());
        assert!(text.contains(&heading), "{heading}");
    }
}
