"""Pseudonyms keep what addresses and names have in common, and nothing else."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.evidence.hellos import cleaned_message
from tlsaudit.evidence.pseudonyms import Pseudonyms

PSEUDONYMS = Pseudonyms(b"sixteen bytes or more")


def common_bits(one: int, other: int, width: int) -> int:
    return width - (one ^ other).bit_length()


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_addresses_share_as_many_bits_as_before(one: int, other: int, shared: int) -> None:
    other = one ^ (other >> shared)
    before = [ipaddress.IPv4Address(each) for each in (one, other)]
    after = [int(ipaddress.ip_address(PSEUDONYMS.address(str(each)))) for each in before]
    assert common_bits(*after, 32) == common_bits(one, other, 32)
    assert ipaddress.IPv4Address(after[0]).is_multicast == before[0].is_multicast


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**128 - 1), st.integers(0, 128))
def test_addresses_of_ipv6_do_too(one: int, other: int, shared: int) -> None:
    other = one ^ (other >> shared)
    before = [ipaddress.IPv6Address(each) for each in (one, other)]
    after = [int(ipaddress.IPv6Address(PSEUDONYMS.address(str(each)))) for each in before]
    assert common_bits(*after, 128) == common_bits(one, other, 128)
    assert ipaddress.IPv6Address(after[0]).is_multicast == before[0].is_multicast


@given(st.binary(min_size=6, max_size=6))
def test_link_address_stays_a_group_or_a_single_one(mac: bytes) -> None:
    after = PSEUDONYMS.mac(mac)
    assert after[0] & 3 == mac[0] & 3
    assert len(after) == 6


@given(st.text(min_size=1, max_size=60))
def test_name_keeps_its_length_and_dots(name: str) -> None:
    data = name.encode("utf-8", "surrogateescape")
    after = PSEUDONYMS.name_bytes(data)
    assert len(after) == len(data)
    assert [len(each) for each in after.split(b".")] == [len(each) for each in data.split(b".")]
    for label, replaced in zip(data.lower().split(b"."), after.split(b"."), strict=True):
        assert not label or label != replaced


def test_names_of_one_domain_are_of_one_domain_again() -> None:
    one, other = (PSEUDONYMS.name(f"{host}.example.net") for host in ("mail", "intranet"))
    assert one.partition(".")[2] == other.partition(".")[2]
    assert PSEUDONYMS.name("MAIL.example.net") == one
    assert PSEUDONYMS.name("mail.example.org").partition(".")[0] != one.partition(".")[0]


@given(st.integers(0, 20), st.binary(max_size=400), st.booleans())
def test_any_message_is_cleaned_to_the_same_length(kind: int, body: bytes, is_dtls: bool) -> None:
    assert len(cleaned_message(kind, body, len(body), PSEUDONYMS, is_dtls)) == len(body)
    assert len(cleaned_message(kind, body, len(body) + 5, PSEUDONYMS, is_dtls)) == len(body)
