//! What a refusal says of the request itself, where it says so. Pure.
//!
//! The words are those of geth, Erigon, Nethermind, Besu, Reth, anvil and the providers before
//! them; codes alone decide nothing but where the execution API or JSON-RPC fixes them.

/// A refusal that another endpoint would repeat, or that says that this one never answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The called contract failed: it reverted, or ran out of what a call is given.
    Failed,
    /// The node does not offer the method.
    NoMethod,
    /// The node does not keep the state of the asked block, or not for this plan.
    NoState,
}

/// `method not found` of JSON-RPC 2.0, section 5.1.
const NO_METHOD: i64 = -32_601;

/// `execution reverted` of the execution API, with the reason as data.
const REVERTED: i64 = 3;

/// How nodes say that a contract failed, in lower case.
const FAILED: &[&str] = &[
    "revert",
    "vm execution error",
    "vm exception",
    "evm error",
    "execution aborted",
    "invalid opcode",
    "bad instruction",
    "opcode not supported",
    "out of gas",
    "gas uint64 overflow",
    "stack underflow",
    "stack overflow",
    "stack limit reached",
    "invalid jump",
    "bad jump",
    "return data out of bounds",
];

/// How nodes say that they lack a method, in lower case.
const LACKING: &[&str] = &[
    "method not found",
    "does not exist/is not available",
    "method not supported",
    "unsupported method",
    "is not supported",
    "unknown method",
    "method not allowed",
    "method is not whitelisted",
];

/// How nodes say that they keep no state of a block, in lower case: all the words of a row.
const STATELESS: &[&[&str]] = &[
    // geth and its kin, by hash and by path.
    &["missing trie node"],
    &["historical state"],
    &["state ", " is not available"],
    &["state histories", "not available"],
    // Nethermind.
    &["no state available"],
    &["missingtrienode"],
    &["is missing from the db"],
    // Erigon.
    &["due to pruning"],
    &["state", "is pruned"],
    &["state", "has been pruned"],
    // Reth.
    &["no state found for block"],
    &["pruned history unavailable"],
    // Besu.
    &["world state unavailable"],
    &["world state", "not available"],
    // Parity and OpenEthereum.
    &["state pruning"],
    &["pruned state"],
    // Proofs of old state, of reth and of providers before it.
    &["exceeds maximum proof window"],
    &["exceeds the maximum proof window"],
    // Plans of providers: Infura, Alchemy, Ankr, QuickNode, dRPC, public nodes.
    &["archive state"],
    &["archive data"],
    &["archive node"],
    &["archive request"],
    &["archival"],
    &["archive", "not available"],
    &["archive", "not allowed"],
    &["archive", "not supported"],
    &["archive", "upgrade"],
    &["archive", "plan"],
];

/// Longest message that is read; the rest is no sentence.
const READ_MAX: usize = 1_024;

/// What an error of this code, message and data says of its request; most say nothing. Data is read
/// for lacking state only, which Nethermind names nowhere else: that of a revert is the contract's.
pub(super) fn verdict(code: i64, message: &str, data: Option<&str>) -> Option<Verdict> {
    let lower = |text: &str| -> String {
        text.chars().take(READ_MAX).flat_map(char::to_lowercase).collect()
    };
    let words = lower(message);
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    let lacks_state =
        |words: &str| STATELESS.iter().any(|row| row.iter().all(|phrase| words.contains(phrase)));
    if code == REVERTED || says(FAILED) {
        Some(Verdict::Failed)
    } else if lacks_state(&words) || data.is_some_and(|data| lacks_state(&lower(data))) {
        Some(Verdict::NoState)
    } else if code == NO_METHOD || says(LACKING) {
        Some(Verdict::NoMethod)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_calls_and_methods_are_told_from_trouble() {
        for (code, message, expected) in [
            (3, "execution reverted: not yours", Some(Verdict::Failed)),
            (3, "", Some(Verdict::Failed)),
            (-32_000, "execution reverted", Some(Verdict::Failed)),
            (-32_015, "VM execution error.", Some(Verdict::Failed)),
            (-32_000, "invalid opcode: INVALID", Some(Verdict::Failed)),
            (-32_603, "EVM error InvalidFEOpcode", Some(Verdict::Failed)),
            (-32_000, "out of gas", Some(Verdict::Failed)),
            (-32_000, "execution aborted (timeout = 5s)", Some(Verdict::Failed)),
            (
                -32_601,
                "the method eth_call does not exist/is not available",
                Some(Verdict::NoMethod),
            ),
            (-32_601, "", Some(Verdict::NoMethod)),
            (-32_600, "Unsupported method: eth_getBlockReceipts", Some(Verdict::NoMethod)),
            (-32_000, "header not found", None),
            (-32_005, "limit exceeded", None),
            (-32_603, "Internal error", None),
            (429, "too many requests", None),
        ] {
            assert_eq!(verdict(code, message, None), expected, "{code} {message}");
        }
    }

    #[test]
    fn a_state_that_is_not_kept_is_told_in_many_words() {
        let hash = "0x9a3e2261ccbc0bcb8cf0e0544bcc6dd3b5c009c85679f24d23a488a7c0d1be8e";
        for (code, message) in [
            (-32_000, format!("missing trie node {hash} (path ) state {hash} is not available")),
            (-32_000, format!("missing trie node {hash} (path )")),
            (-32_000, "required historical state unavailable (reexec=128)".to_owned()),
            (-32_000, format!("historical state {hash} is not available")),
            (-32_000, "historical state not available in path scheme yet".to_owned()),
            (-32_000, format!("state {hash} is not available, not found")),
            (-32_002, format!("No state available for block 123 ({hash})")),
            (-32_000, "old data not available due to pruning: requested block 1".to_owned()),
            (-32_603, "state at block #49871645 is pruned".to_owned()),
            (4_444, "pruned history unavailable".to_owned()),
            (-32_000, "World state unavailable".to_owned()),
            (
                -32_000,
                "This request is not supported because your node is running with state pruning. \
                 Run with --pruning=archive."
                    .to_owned(),
            ),
            (-32_602, "project ID does not have access to archive state".to_owned()),
            (-32_801, "Historical state not available".to_owned()),
            (-32_600, "Archive requests are not available on the free plan".to_owned()),
            (-32_602, "distance to target block exceeds maximum proof window".to_owned()),
        ] {
            assert_eq!(verdict(code, &message, None), Some(Verdict::NoState), "{message}");
        }
        let trace = r#""Nethermind.Trie.MissingTrieNodeException: Node A is missing from the DB""#;
        assert_eq!(verdict(-32_603, "Internal error", Some(trace)), Some(Verdict::NoState));
        assert_eq!(verdict(3, "missing trie node", None), Some(Verdict::Failed));
        assert_eq!(verdict(-32_603, "Internal error", Some("{}")), None);
        let phrases = STATELESS.iter().copied().flatten().chain(FAILED).chain(LACKING);
        assert!(phrases.into_iter().all(|phrase| *phrase == phrase.to_lowercase()));
    }
}
