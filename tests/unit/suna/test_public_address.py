"""Public and not public: every wrapping of a private address counts as what is inside (reliability 3.7)."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.suna.public_address import is_public

PRIVATE = [
    "0.0.0.1",
    "10.1.2.3",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.1.2.3",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:192.168.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::808:808",
    "100::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:808:808::80ff:fffe",
    "2001:0:7f00:1::f7f7:f7f7",
    "2001:20::1",
    "2001:db8::1",
    "3fff::1",
    "4000::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "172.15.0.1",
    "172.32.0.1",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_reachable_from_everywhere_is_not_public(address):
    assert is_public(address) is False


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_internet_is_public(address):
    assert is_public(address) is True


@given(st.ip_addresses(v=4))
def test_whatever_the_standard_library_calls_private_is_not_public_wrapped_or_plain(address):
    if address.is_private or address.is_multicast or address.is_reserved:
        number = int(address)
        wrapped = [
            ipaddress.IPv6Address((0xFFFF << 32) | number),
            ipaddress.IPv6Address((0x0064FF9B << 96) | number),
            ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
        ]
        assert not any(is_public(str(one)) for one in (address, *wrapped))


@given(st.ip_addresses(v=6))
def test_a_public_v6_address_is_one_that_the_standard_library_calls_global_too(address):
    if is_public(str(address)):
        assert address.is_global or address.sixtofour or address.ipv4_mapped


def test_what_is_no_address_is_an_error():
    with pytest.raises(ValueError, match="does not appear"):
        is_public("suna.example.org")
