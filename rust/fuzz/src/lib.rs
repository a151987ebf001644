//! The bodies of the targets. They live among the tests, which run them too.

#[path = "../../wire/tests/fuzz_bodies/capture.rs"]
pub mod capture;
#[path = "../../wire/tests/fuzz_bodies/certificate.rs"]
pub mod certificate;
#[path = "../../wire/tests/fuzz_bodies/datagrams.rs"]
pub mod datagrams;
#[path = "../../wire/tests/fuzz_bodies/eap.rs"]
pub mod eap;
#[path = "../../wire/tests/fuzz_bodies/hello.rs"]
pub mod hello;
#[path = "../../wire/tests/fuzz_bodies/packet.rs"]
pub mod packet;
#[path = "../../wire/tests/fuzz_bodies/quic.rs"]
pub mod quic;
#[path = "../../wire/tests/fuzz_bodies/quic_seeds.rs"]
pub mod quic_seeds;
#[path = "../../wire/tests/fuzz_bodies/rows.rs"]
pub mod rows;
#[path = "../../wire/tests/fuzz_bodies/sealing.rs"]
pub mod sealing;
#[path = "../../wire/tests/fuzz_bodies/seeds.rs"]
pub mod seeds;
#[path = "../../wire/tests/fuzz_bodies/stream.rs"]
pub mod stream;
#[path = "../../wire/tests/fuzz_bodies/text.rs"]
pub mod text;
