#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tlsaudit_fuzz::matp::check(input));
