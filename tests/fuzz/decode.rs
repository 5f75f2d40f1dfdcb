//! The fuzzer's way into the target, which the tests share.
#![no_main]

#[path = "../it/decode/reference.rs"]
mod reference;
#[path = "../it/decode/target.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|input: &[u8]| target::run(input));
