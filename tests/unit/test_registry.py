"""Names and properties of protocol numbers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.needs import needs_tshark

from tlsaudit import registry

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"

# IANA's suites with Triple DES, from its table.
REGISTERED_3DES = {
    *(0x000A, 0x000D, 0x0010, 0x0013, 0x0016, 0x001B, 0x001F, 0x0023, 0x008B, 0x008F, 0x0093),
    *(0xC003, 0xC008, 0xC00D, 0xC012, 0xC017, 0xC01A, 0xC01B, 0xC01C, 0xC034),
}
# draft-ietf-tls-openpgp-keys, NSS, and draft-ietf-tls-ecc.
HISTORIC_3DES = {0x0072, 0x0077, 0x007C, 0xFEFF, 0xFFE0, 0xFF83, 0x004A}


class TestTripleDes:
    def test_it_is_twenty_registered_suites_and_seven_historic_ones(self) -> None:
        suites = [suite for suite in registry.cipher_suites().values() if suite.is_3des]
        assert {suite.code_point for suite in suites if suite.registered} == REGISTERED_3DES
        assert {suite.code_point for suite in suites if not suite.registered} == HISTORIC_3DES
        assert {code for code in range(0x10000) if registry.is_3des(code)} == (
            REGISTERED_3DES | HISTORIC_3DES
        )

    def test_nss_numbers_are_in_the_order_of_nss(self) -> None:
        assert registry.is_3des(0xFEFF)
        assert not registry.is_3des(0xFEFE)
        assert registry.is_3des(0xFFE0)
        assert not registry.is_3des(0xFFE1)

    def test_of_ssl20_it_is_two_cipher_kinds(self) -> None:
        assert {0x0700C0, 0x0701C0} == registry.SSL2_3DES_KINDS

    def test_iana_does_not_discourage_it_so_recommended_is_no_measure(self) -> None:
        suites = [registry.cipher_suite(code) for code in REGISTERED_3DES]
        assert {suite.recommended for suite in suites if suite} == {"N"}


class TestCipherSuites:
    @pytest.mark.parametrize(
        ("code", "name", "parts"),
        [
            (0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", ("RSA", "3DES_EDE_CBC", "SHA", 112)),
            (0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", ("RSA_EXPORT", "RC4_40", "MD5", 40)),
            (0x0009, "TLS_RSA_WITH_DES_CBC_SHA", ("RSA", "DES_CBC", "SHA", 56)),
            (
                0x0026,
                "TLS_KRB5_EXPORT_WITH_DES_CBC_40_SHA",
                ("KRB5_EXPORT", "DES_CBC_40", "SHA", 40),
            ),
            (0x1301, "TLS_AES_128_GCM_SHA256", ("", "AES_128_GCM", "SHA256", 128)),
            (0xC0A0, "TLS_RSA_WITH_AES_128_CCM_8", ("RSA", "AES_128_CCM_8", "", 128)),
            (0xC0B4, "TLS_SHA256_SHA256", ("", "NULL", "SHA256", 0)),
            (0xE013, "ECC_SM4_CBC_SM3", ("ECC", "SM4_CBC", "SM3", 128)),
        ],
    )
    def test_parts_come_from_the_name(
        self, code: int, name: str, parts: tuple[str, str, str, int]
    ) -> None:
        suite = registry.cipher_suite(code)
        assert suite is not None
        assert suite.name == name
        assert (suite.key_exchange, suite.cipher, suite.mac, suite.bits) == parts

    def test_export_null_rc4_and_anonymous_are_told_apart(self) -> None:
        def flags(code: int) -> tuple[bool, ...]:
            suite = registry.cipher_suite(code)
            assert suite is not None
            return suite.export, suite.null, suite.rc4, suite.anonymous

        assert flags(0x0017) == (True, False, True, True)  # DH_anon_EXPORT_WITH_RC4_40_MD5
        assert flags(0x0064) == (True, False, True, False)  # RSA_EXPORT1024_WITH_RC4_56_SHA
        assert flags(0xC010) == (False, True, False, False)  # ECDHE_RSA_WITH_NULL_SHA
        assert flags(0x0009) == (False, False, False, False)  # RSA_WITH_DES_CBC_SHA

    def test_every_suite_below_112_bits_is_export_single_des_fortezza_or_nothing(self) -> None:
        weak = {
            s.cipher for s in registry.cipher_suites().values() if s.bits < 112 and not s.export
        }
        assert weak == {"NULL", "DES_CBC", "FORTEZZA_CBC"}

    def test_signals_and_grease_are_no_suites(self) -> None:
        for code in (0x00FF, 0x5600, 0x0A0A, 0xFAFA):
            assert registry.cipher_suite(code) is None
            assert not registry.is_3des(code)
        assert registry.cipher_suite_name(0x5600) == "TLS_FALLBACK_SCSV"
        assert registry.is_signalling(0x00FF)

    def test_unknown_numbers_are_named_by_their_digits(self) -> None:
        assert registry.cipher_suite_name(0xABCD) == "0xABCD"
        assert registry.version_name(0x1234) == "0x1234"
        assert registry.group_name(0x00AA) == "0x00AA"
        assert registry.extension_name(0x0A0A) == "0x0A0A"
        assert registry.alert_name(200) == "alert 200"
        assert registry.link_type_name(9999) == "link type 9999"

    def test_grease_is_sixteen_numbers(self) -> None:
        grease = [code for code in range(0x10000) if registry.is_grease(code)]
        assert len(grease) == 16
        assert grease[:3] == [0x0A0A, 0x1A1A, 0x2A2A]
        assert 0x1A2A not in grease


class TestVersions:
    def test_they_are_ranked_from_old_to_new_across_tls_and_dtls(self) -> None:
        ladder = [0x0002, 0x0300, 0x0301, 0x0302, 0xFEFF, 0x0303, 0xFEFD, 0x7F12, 0x7F1C, 0x0304]
        ranks = [registry.version_rank(code) for code in ladder]
        assert None not in ranks
        assert ranks == sorted(ranks)  # type: ignore[type-var]

    def test_every_rank_belongs_to_one_number(self) -> None:
        ranks = [v.rank for v in registry.VERSIONS.values() if v.rank is not None]
        assert len(set(ranks)) == len(ranks)
        assert len(registry.VERSION_NAMES) == len(set(registry.VERSION_NAMES)) == len(ranks)

    def test_grease_and_tlcp_have_no_rank(self) -> None:
        assert registry.version_rank(0x7A7A) is None
        assert registry.version_rank(0x0101) is None
        assert registry.version_name(0x0101) == "TLCP 1.1"

    def test_tls13_is_every_draft_and_nothing_older(self) -> None:
        tls13 = {code for code in registry.VERSIONS if registry.is_tls13(code)}
        assert {0x0304, 0x7F0E, 0x7F1C, 0x7E01, 0xFB17, 0xFB1A, 0xFEFC} <= tls13
        assert not {0x0303, 0xFEFD, 0x0302, 0x0101} & tls13


def test_names_for_the_core_are_complete_and_plain() -> None:
    names = registry.names_for_core()
    suites = {code: (name, is_3des) for code, name, is_3des in names["cipher_suites"]}
    assert suites[0x000A] == ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", True)
    assert suites[0x00FF] == ("TLS_EMPTY_RENEGOTIATION_INFO_SCSV", False)
    versions = {code: (name, rank) for code, name, rank in names["versions"]}
    assert versions[0x0303] == ("TLS 1.2", registry.version_rank(0x0303))
    assert versions[0x0101] == ("TLCP 1.1", None)
    assert names["ssl2_3des_kinds"] == [0x0700C0, 0x0701C0]


def test_well_known_numbers_have_their_names() -> None:
    assert registry.alert_name(70) == "protocol_version"
    assert registry.group_name(0x001D) == "x25519"
    assert registry.extension_name(43) == "supported_versions"
    assert registry.link_type_name(1) == "Ethernet"
    assert registry.SSL2_KINDS[0x0700C0] == "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"


def test_the_table_of_suites_is_made_of_names_that_the_script_can_take_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    refresh = __import__("refresh_registry")
    for suite in registry.cipher_suites().values():
        parts = refresh.parse(suite.name)
        assert parts == (suite.key_exchange, suite.cipher, suite.mac, suite.bits, suite.export)
    with pytest.raises(ValueError, match="ROT13"):
        refresh.parse("TLS_RSA_WITH_ROT13_SHA")
    assert refresh.read_historic(refresh.HISTORIC).keys() <= {
        code for code, _, _ in registry.names_for_core()["cipher_suites"]
    }


def test_the_script_reads_ranges_reserved_numbers_and_cells_of_several_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    refresh = __import__("refresh_registry")
    iana = tmp_path / "tls-parameters-4.csv"
    iana.write_text(
        "Value,Description,DTLS-OK,Recommended,Reference\n"
        '"0x00,0x0A",TLS_RSA_WITH_3DES_EDE_CBC_SHA,Y,N,[RFC5246]\n'
        '"0x00,0x1C-1D",Reserved to avoid conflicts with SSLv3,,,[RFC5246]\n'
        '"0x00,0x47-4F","Reserved to avoid conflicts with\ndeployed implementations",,,[Eronen]\n'
        '"0x0A,0x0A",Reserved,Y,N,[RFC8701]\n'
        '"0x0B-12,*",Unassigned,,,\n',
        encoding="utf-8",
    )
    assert refresh.read_iana(iana) == {
        0x000A: ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "N", "IANA: RFC 5246")
    }


# Where tshark says otherwise, and why we do not follow: a draft's number, and a number given twice,
# has a name of its own here, so that a name leads to one number.
TSHARK_SAYS = {
    0x0047: "TLS_ECDH_ECDSA_WITH_NULL_SHA",
    0x0048: "TLS_ECDH_ECDSA_WITH_RC4_128_SHA",
    0x0049: "TLS_ECDH_ECDSA_WITH_DES_CBC_SHA",
    0x004A: "TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA",
    0x004B: "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA",
    0x004C: "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA",
    0xCC13: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCC14: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCC15: "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0xFFE0: "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA",
    0xFFE1: "SSL_RSA_FIPS_WITH_DES_CBC_SHA",
}


def test_every_name_leads_to_one_number() -> None:
    names = [name for _, name, _ in registry.names_for_core()["cipher_suites"]]
    assert len(set(names)) == len(names)


def test_names_of_suites_are_those_of_tshark_but_for_a_written_list() -> None:
    needs_tshark()
    values = subprocess.run(
        ["tshark", "-G", "values"], capture_output=True, text=True, check=True
    ).stdout
    ours = {code: name for code, name, _ in registry.names_for_core()["cipher_suites"]}
    theirs = {}
    for line in values.splitlines():
        fields = line.split("\t")
        if fields[:2] == ["V", "tls.handshake.ciphersuite"]:
            theirs[int(fields[2], 0)] = fields[3]
    both = ours.keys() & theirs.keys()
    assert len(both) > 400
    different = {code: theirs[code] for code in both if theirs[code] != ours[code]}
    # A later tshark may have taken up one of our names.
    assert different.items() <= TSHARK_SAYS.items()
