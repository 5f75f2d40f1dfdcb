//! Whether an address has code at a block, as one node tells.
//!
//! Most nodes keep the state of their newest blocks only, and few of them fail for it in the same
//! words. To have forgotten it is no fault: another endpoint may be an archive.

use alloy::primitives::{Address, Bytes};
use serde_json::json;
use serde_json::value::RawValue;

use super::endpoint::Endpoint;
use super::failure::{Blame, Failure};
use super::limits::CODE_BYTES_MAX;
use super::line::Call;
use super::question::{all, newest, read};
use super::verdict::Verdict;
use super::wire::hex;
use super::{ChainError, Code};

/// How the code of an account begins that runs the code of another one (EIP-7702).
const DELEGATION: [u8; 3] = [0xef, 0x01, 0x00];

/// That beginning and an address.
const DELEGATION_BYTES: usize = DELEGATION.len() + 20;

/// Asks for the code of `address` at `block`, or at the newest one. A failure whose verdict is
/// [`Verdict::NoState`] or [`Verdict::NoMethod`] says that this node cannot tell.
pub(super) async fn code(
    endpoint: &Endpoint,
    address: Address,
    block: Option<u64>,
) -> Result<Code, Failure> {
    let at = block.map_or_else(|| "latest".to_owned(), hex);
    let call = Call::new("eth_getCode", json!([format!("{address:#x}"), at])).light();
    let [reply] = all(endpoint.ask(&[call]).await.map_err(Failure::without_limits)?)?;
    match reply {
        Ok(raw) if raw.get() == "null" => Err(missing(endpoint, block).await),
        Ok(raw) => present(&raw),
        Err(failure) if matches!(failure.blame, Blame::Rate | Blame::Cut) => {
            // What a busy node says of archives is about its rates.
            Err(Failure { verdict: None, ..failure.without_limits() })
        }
        Err(Failure { verdict: None, error: ChainError::Behind { .. }, .. }) => {
            Err(missing(endpoint, block).await)
        }
        // To lack a method or a state is no fault of the endpoint that other questions should suffer
        // for.
        Err(failure) => Err(Failure { blame: Blame::Nobody, ..failure.without_limits() }),
    }
}

/// What it means that a node has nothing of `block`: it has forgotten it, or is not there yet.
async fn missing(endpoint: &Endpoint, block: Option<u64>) -> Failure {
    let Some(block) = block else {
        return Failure::nonsense("no state of its newest block");
    };
    match newest(endpoint).await {
        Ok(newest) if newest.number >= block => {
            let text = format!("it does not keep the state of block {block}");
            let verdict = Some(Verdict::NoState);
            Failure { verdict, ..Failure::transient(Blame::Nobody, text) }
        }
        Ok(_) => Failure::behind(format!("block {block}")),
        Err(failure) => failure,
    }
}

fn present(raw: &RawValue) -> Result<Code, Failure> {
    // Two digits a byte, and what is around them.
    if raw.get().len() > 2 * CODE_BYTES_MAX + 4 {
        return Err(Failure::nonsense(format!("code of more than {CODE_BYTES_MAX} bytes")));
    }
    let code: Bytes = read(raw)?;
    let is_delegation = code.len() == DELEGATION_BYTES && code.starts_with(&DELEGATION);
    Ok(if code.is_empty() || is_delegation { Code::Absent } else { Code::Present })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> Option<Code> {
        let raw = RawValue::from_string(format!("\"{code}\"")).unwrap();
        present(&raw).ok()
    }

    #[test]
    fn code_is_there_unless_it_is_empty_or_a_delegation() {
        let address = "11".repeat(20);
        for (code, expected) in [
            ("0x", Some(Code::Absent)),
            ("0x00", Some(Code::Present)),
            (&format!("0xef0100{address}"), Some(Code::Absent)),
            (&format!("0xef0100{address}00"), Some(Code::Present)),
            (&format!("0xef0001{address}"), Some(Code::Present)),
            ("0x0", None),
            ("0xzz", None),
        ] {
            assert_eq!(found(code), expected, "{code}");
        }
        let long = |bytes: usize| format!("0x{}", "60".repeat(bytes));
        assert_eq!(found(&long(CODE_BYTES_MAX)), Some(Code::Present));
        assert_eq!(found(&long(CODE_BYTES_MAX + 1)), None);
    }
}
