"""Where a person's own connection may lead; names are resolved by the test."""

import pytest

from executions.actions.check_base_url import AddressRefused, Fault, check_own_base_url, resolve_host

PUBLIC = "93.184.215.14"


def check(url: str, *addresses: str) -> None:
    check_own_base_url(url, resolve=lambda host: addresses)


@pytest.fixture(autouse=True)
def _listed(settings):
    settings.SUNA_ALLOWED_HOSTS = ["Suna.Internal", "10.0.0.7"]


@pytest.mark.parametrize("url", ["https://suna.example.org", "https://suna.example.org:8443/api"])
def test_a_host_whose_addresses_are_all_public_is_allowed_over_https(url):
    check(url, PUBLIC, "2606:2800:21f:cb07::1")


@pytest.mark.parametrize(
    ("url", "addresses", "fault"),
    [
        ("http://suna.example.org", [PUBLIC], Fault.NOT_HTTPS),
        ("https://suna.example.org", [], Fault.UNKNOWN_HOST),
        ("https://suna.example.org", ["10.0.0.1"], Fault.NOT_PUBLIC),
        ("https://suna.example.org", [PUBLIC, "127.0.0.1"], Fault.NOT_PUBLIC),
        ("https://suna.example.org", [PUBLIC, "fe80::1%2"], Fault.NOT_PUBLIC),
        ("ftp://suna.example.org", [PUBLIC], Fault.MALFORMED),
        ("https://user:pw@suna.example.org", [PUBLIC], Fault.MALFORMED),
        ("https://evil.example\\@127.0.0.1/", [PUBLIC], Fault.MALFORMED),
        ("javascript:alert(1)", [PUBLIC], Fault.MALFORMED),
    ],
)
def test_any_other_address_is_refused_with_what_is_wrong(url, addresses, fault):
    with pytest.raises(AddressRefused) as refused:
        check(url, *addresses)
    assert (refused.value.fault, refused.value.code, refused.value.status) == (fault, "url_not_allowed", 400)


@pytest.mark.parametrize("url", ["http://suna.internal", "https://SUNA.internal./x", "http://10.0.0.7:8000"])
def test_a_host_that_an_operator_lists_is_allowed_however_it_is_written(url):
    check(url, "10.0.0.7")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0", "localhost", "[::1]", "[::ffff:7f00:1]"]
)
def test_every_way_to_write_this_machine_is_refused_with_the_real_resolver(host):
    with pytest.raises(AddressRefused) as refused:
        check_own_base_url(f"https://{host}/")
    assert refused.value.fault in {Fault.NOT_PUBLIC, Fault.MALFORMED, Fault.UNKNOWN_HOST}


def test_the_real_resolver_takes_odd_ways_to_write_an_address_apart():
    assert set(resolve_host("127.1")) == {"127.0.0.1"}
    assert resolve_host("no-such-host.invalid") == ()
