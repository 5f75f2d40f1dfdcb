//! What contracts answer, as words and texts. Pure; the data is whatever a stranger wants it to be.

use alloy::primitives::U256;

/// Bytes of a word of the ABI.
const WORD: usize = 32;

/// Most characters of a name that are kept: more is no name, and would be shown in every list.
pub(super) const TEXT_MAX: usize = 128;

/// Most bytes of a text that are read: enough for [`TEXT_MAX`] characters of four bytes behind as
/// many again that are not kept.
const READ_MAX: usize = 8 * TEXT_MAX;

/// The first word of an answer.
pub(super) fn word(answer: &[u8]) -> Option<U256> {
    answer.get(..WORD).map(U256::from_be_slice)
}

/// A text, as an ABI string or, as older contracts have it, as one word padded with zeros. What is
/// not kept is made out in [`readable`].
pub(super) fn text(answer: &[u8]) -> Option<String> {
    let bytes = match answer.len() {
        WORD => {
            let end = answer.iter().rposition(|byte| *byte != 0)?;
            &answer[..=end]
        }
        _ => {
            let length_at = usize::try_from(word(answer)?).ok()?;
            let rest = answer.get(length_at..)?;
            let length = usize::try_from(word(rest)?).ok()?;
            rest[WORD..].get(..length)?
        }
    };
    readable(&bytes[..bytes.len().min(READ_MAX)])
}

/// The text without what nobody can read: bytes that are not UTF-8 become U+FFFD, characters that
/// control a terminal or turn the direction of what follows go, as does space around it; at most
/// [`TEXT_MAX`] characters. None where nothing is left.
fn readable(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let kept: String = text.chars().filter(|mark| !mark.is_control() && !turns(*mark)).collect();
    let cut: String = kept.trim().chars().take(TEXT_MAX).collect();
    let cut = cut.trim_end();
    (!cut.is_empty()).then(|| cut.to_owned())
}

/// Marks of direction, of lines and of byte order, which show nothing of their own.
fn turns(mark: char) -> bool {
    matches!(mark, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{B256, Bytes};
    use alloy::sol_types::SolValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_real_contracts_are_read_in_both_shapes() {
        let maker = "4d616b6572000000000000000000000000000000000000000000000000000000";
        let maker: B256 = maker.parse().unwrap();
        assert_eq!(text(maker.as_slice()).as_deref(), Some("Maker"));
        let kitties = "0x0000000000000000000000000000000000000000000000000000000000000020\
                         000000000000000000000000000000000000000000000000000000000000000d\
                         43727970746f4b69747469657300000000000000000000000000000000000000";
        let kitties: Bytes = kitties.parse().unwrap();
        assert_eq!(text(&kitties).as_deref(), Some("CryptoKitties"));
    }

    #[test]
    fn what_is_no_text_is_none() {
        let head = |offset: U256, length: U256, rest: &[u8]| {
            let words = [offset.to_be_bytes::<32>(), length.to_be_bytes::<32>()].concat();
            [&words, rest].concat()
        };
        let at = U256::from(WORD);
        for (answer, why) in [
            (vec![], "nothing"),
            (vec![0; 32], "a word of zeros"),
            (vec![b'a'; 31], "less than a word"),
            (vec![b'a'; 33], "an offset beyond everything"),
            (head(at, U256::from(4), b"abc"), "a text that is cut"),
            (head(at, U256::MAX, b"abc"), "an endless text"),
            (head(U256::from(u64::MAX), at, b"abc"), "an offset beyond the data"),
            (head(U256::from(64), at, b"abc"), "an offset at which no word is left"),
            (head(at, U256::ZERO, b""), "a text of no bytes"),
            (head(at, U256::from(4), b"\x00 \n\t"), "a text of nothing to see"),
        ] {
            assert_eq!(text(&answer), None, "{why}");
        }
    }

    #[test]
    fn a_hostile_text_is_cut_and_cleaned() {
        let of = |said: &[u8]| text(&Bytes::copy_from_slice(said).abi_encode()).unwrap_or_default();
        assert_eq!(of(b"  Bored\0 Ape\x1b[2J\r\n "), "Bored Ape[2J");
        assert_eq!(of("\u{202e}epA deroB\u{2066}".as_bytes()), "epA deroB");
        assert_eq!(of(b"\xff\xfeok"), "\u{fffd}\u{fffd}ok");
        assert_eq!(of("семья 👩‍👩‍👧".as_bytes()), "семья 👩‍👩‍👧");
        let long = of(&vec![b'x'; 1_000_000]);
        assert_eq!(long, "x".repeat(TEXT_MAX));
        assert_eq!(of("🦍".repeat(1_000).as_bytes()), "🦍".repeat(TEXT_MAX));
    }

    fn is_clean(text: &str) -> bool {
        let count = text.chars().count();
        (1..=TEXT_MAX).contains(&count)
            && text.trim() == text
            && !text.chars().any(|mark| mark.is_control() || mark == '\0')
    }

    proptest! {
        #[test]
        fn whatever_is_answered_a_text_is_clean(answer in any::<Vec<u8>>()) {
            prop_assert!(text(&answer).is_none_or(|text| is_clean(&text)));
        }

        #[test]
        fn every_head_is_survived(
            offset in prop_oneof![0u64..256, any::<u64>()],
            length in prop_oneof![0u64..256, any::<u64>()],
            rest in any::<Vec<u8>>(),
        ) {
            let mut answer = U256::from(offset).to_be_bytes::<32>().to_vec();
            answer.extend(U256::from(length).to_be_bytes::<32>());
            answer.extend(rest);
            prop_assert!(text(&answer).is_none_or(|text| is_clean(&text)));
        }

        #[test]
        fn what_alloy_encodes_is_read(said in "[a-zA-Z0-9 é🦍]{0,100}") {
            let expected = said.trim();
            let expected = (!expected.is_empty()).then(|| expected.to_owned());
            prop_assert_eq!(text(&said.abi_encode()), expected);
        }

        #[test]
        fn what_is_read_as_a_string_alloy_reads_too(
            said in "[a-z]{1,90}",
            pad in 0usize..3,
            lost in 0usize..40,
        ) {
            let mut answer = said.abi_encode();
            answer.extend(vec![0; pad * WORD]);
            answer.truncate(answer.len() - lost);
            if let Ok(alloys) = String::abi_decode(&answer) {
                prop_assert_eq!(text(&answer), Some(alloys));
            }
        }

        #[test]
        fn a_word_of_letters_is_its_letters(said in "[a-zA-Z]{1,32}") {
            let mut answer = [0; WORD];
            answer[..said.len()].copy_from_slice(said.as_bytes());
            prop_assert_eq!(text(&answer), Some(said));
        }
    }
}
