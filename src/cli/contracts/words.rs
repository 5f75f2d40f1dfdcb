//! Contracts as lines for people.

use super::place::{Added, Seen};

/// The head of a list.
pub(super) fn head() -> String {
    line(["CHAIN", "CONTRACT", "STATUS", "LOADED", "STANDARD", "FROM"])
}

/// A contract in a list.
pub(super) fn row(seen: &Seen) -> String {
    let from = seen.start_block.map_or("-".into(), |block| block.to_string());
    let standard = seen.standard.as_deref().unwrap_or("-");
    let loaded = loaded(seen).unwrap_or("-".into());
    line([&seen.chain, &seen.address, status(seen), &loaded, standard, &from])
}

fn line([chain, contract, status, loaded, standard, from]: [&str; 6]) -> String {
    format!("{chain:<15} {contract:<42} {status:<8} {loaded:>7} {standard:<8} {from:>12}")
}

fn loaded(seen: &Seen) -> Option<String> {
    match (seen.status.as_str(), seen.loaded_percent) {
        ("ready", _) => Some("100%".into()),
        (_, percent) => percent.map(|percent| format!("{percent:.1}%")),
    }
}

fn status(seen: &Seen) -> &str {
    if seen.purging { "purging" } else { &seen.status }
}

/// A contract by itself.
pub(super) fn one(seen: &Seen) -> String {
    let mut text = format!("{} on {}: {}", seen.address, seen.chain, status(seen));
    let loaded = loaded(seen).filter(|_| seen.status != "ready");
    text.extend(loaded.map(|percent| format!(", {percent} loaded")));
    text.extend(seen.standard.iter().map(|standard| format!(", {standard}")));
    text.extend(seen.start_block.map(|block| format!(", from block {block} on")));
    text
}

/// What a wish came to.
pub(super) fn added(added: &Added) -> String {
    let Added { seen, changed, undecided } = added;
    match (undecided, changed) {
        (true, _) => format!(
            "asked for {}; nobody has said yet whether it can be followed: is `herald run` running, \
             and do its endpoints answer?",
            one(seen)
        ),
        (false, true) => format!("followed {}", one(seen)),
        (false, false) => format!("followed before {}", one(seen)),
    }
}

/// What a removal came to.
pub(super) fn removed(seen: &Seen) -> String {
    let facts = if seen.purging { "; `herald run` removes its facts" } else { "" };
    format!("{}{facts}", one(seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: &str, loaded_percent: Option<f64>) -> Seen {
        Seen {
            chain: "eip155:1".into(),
            address: "0x60E4d786628Fea6478F785A6d7e704777c86a7c6".into(),
            status: status.into(),
            standard: None,
            start_block: Some(7),
            loaded_percent,
            purging: false,
        }
    }

    #[test]
    fn columns_stand_below_their_heads_whatever_is_known() {
        let unknown = Seen { start_block: None, ..seen("probing", None) };
        let ready = Seen { standard: Some("erc1155".into()), ..seen("ready", None) };
        let rows = [unknown, ready, seen("loading", Some(58.94))].map(|seen| row(&seen));
        assert!(rows.iter().all(|row| row.len() == head().len()), "{rows:#?}");
        assert!(rows[0].contains("probing        - -        "), "{}", rows[0]);
        assert!(rows[1].contains("ready       100% erc1155"), "{}", rows[1]);
        assert!(rows[2].contains("loading    58.9% -"), "{}", rows[2]);
    }

    #[test]
    fn a_verdict_that_has_not_come_is_no_verdict() {
        let added = |changed, undecided| {
            super::added(&Added { seen: seen("probing", None), changed, undecided })
        };
        assert!(added(true, false).starts_with("followed 0x60E4"));
        assert!(added(false, false).starts_with("followed before 0x60E4"));
        assert!(added(true, true).contains("is `herald run` running"));
    }
}
