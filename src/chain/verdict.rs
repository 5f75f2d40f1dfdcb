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

/// Longest message that is read; the rest is no sentence.
const READ_MAX: usize = 1_024;

/// What an error of this code and message says of its request; most say nothing.
pub(super) fn verdict(code: i64, message: &str) -> Option<Verdict> {
    let words: String = message.chars().take(READ_MAX).flat_map(char::to_lowercase).collect();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    if code == REVERTED || says(FAILED) {
        Some(Verdict::Failed)
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
            assert_eq!(verdict(code, message), expected, "{code} {message}");
        }
    }
}
