"""Where a webhook may lead, and where it may not."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.delivery.addresses import AddressGuard, parse_url
from api.errors import ApiError, InvalidError, SettingsError


def answer_with(*addresses: str) -> AddressGuard:
    return AddressGuard((), lambda _host, _port: addresses)


REFUSED = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",  # CGNAT
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",  # Metadata of clouds
    "172.16.0.1",
    "172.31.255.255",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.1.2.3",
    "64:ff9b:1::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "not an address",
    "",
]
ALLOWED = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", REFUSED)
def test_networks_that_are_not_public_are_refused(address: str) -> None:
    assert not AddressGuard().allows(address)
    with pytest.raises(InvalidError) as caught:
        answer_with(address).check("https://hook.example.org/")
    assert caught.value.code == "webhook_address_refused"


@pytest.mark.parametrize("address", ALLOWED)
def test_public_addresses_are_allowed(address: str) -> None:
    assert AddressGuard().allows(address)
    target = answer_with(address).check("https://hook.example.org/a?b=c")
    assert target.addresses == (address,)
    assert target.host == "hook.example.org"


def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    with pytest.raises(InvalidError) as caught:
        answer_with("8.8.8.8", "10.0.0.1").check("https://hook.example.org")
    assert caught.value.code == "webhook_address_refused"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]:8080/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "http://LOCALHOST.:80/",
    ],
)
def test_loopback_in_any_dress_is_refused(url: str) -> None:
    with pytest.raises(InvalidError) as caught:
        AddressGuard().check(url)
    assert caught.value.code in {"webhook_address_refused", "webhook_host_unknown"}


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://127.0.0.0x1/",
        "http://017700000001/",
    ],
)
def test_numbers_for_hosts_never_get_as_far_as_a_connection(url: str) -> None:
    # Even with a resolver that would read them as public.
    with pytest.raises(InvalidError):
        answer_with("8.8.8.8").check(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook.example.org",
        "//hook.example.org/",
        "ftp://hook.example.org/",
        "file:///etc/passwd",
        "gopher://hook.example.org/",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user:pass@hook.example.org/",
        "https://user@hook.example.org/",
        "https://8.8.8.8@127.0.0.1/",
        "https://hook.example.org:0/",
        "https://hook.example.org:65536/",
        "https://hook.example.org:x/",
        "https://hook.example.org/#fragment",
        "https://hook.example.org\\@127.0.0.1/",
        "https://hook.example.org/ a",
        "https://hook.example.org/\r\nX: y",
        "https://hook.example.org/\x00",
        "https://[::1/",
        "https://hook.example.org/" + "a" * 2048,
    ],
)
def test_what_is_no_webhooks_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidError) as caught:
        answer_with("8.8.8.8").check(url)
    assert caught.value.code == "webhook_url_invalid"


@given(text=st.text() | st.text().map(lambda rest: "https://" + rest))
def test_no_text_breaks_the_guard(text: str) -> None:
    try:
        target = answer_with("8.8.8.8").check(text)
    except ApiError as error:
        assert error.code.startswith("webhook_")
    else:
        assert target.url.scheme in {"http", "https"}
        assert target.addresses


def test_a_listed_network_is_reached_and_only_that() -> None:
    guard = AddressGuard(("10.20.0.0/16", "fd00:1::/32"))
    assert guard.allows("10.20.3.4")
    assert guard.allows("::ffff:10.20.3.4")
    assert guard.allows("fd00:1::5")
    assert not guard.allows("10.21.0.1")
    assert not guard.allows("fd00:2::5")
    assert not guard.allows("127.0.0.1")


def test_listing_everything_does_not_list_multicast() -> None:
    guard = AddressGuard(("0.0.0.0/0", "::/0"))
    assert guard.allows("10.0.0.1")
    assert not any(guard.allows(one) for one in ("224.0.0.1", "255.255.255.255", "ff02::1", "::"))


def test_a_wrong_network_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError):
        AddressGuard(("10.20.0.0/99",))


def test_a_name_without_an_address_is_told() -> None:
    def fail(host: str, port: int) -> Sequence[str]:
        raise OSError(f"{host}:{port}")

    with pytest.raises(InvalidError) as caught:
        AddressGuard((), fail).check("https://no-such-host.example/")
    assert caught.value.code == "webhook_host_unknown"


def test_names_outside_ascii_are_asked_for_as_dns_spells_them() -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["8.8.8.8"]

    target = AddressGuard((), resolve).check("https://城管.example.org/")
    assert asked == ["xn--uisq74f.example.org"] == [target.host]


def test_the_port_asked_for_is_the_schemes_or_the_urls() -> None:
    ports: list[int] = []

    def resolve(_host: str, port: int) -> Sequence[str]:
        ports.append(port)
        return ["8.8.8.8"]

    for url in ("https://a.example", "http://a.example", "https://a.example:8443"):
        AddressGuard((), resolve).check(url)
    assert ports == [443, 80, 8443]


def test_a_url_is_kept_as_it_was_sent() -> None:
    assert str(parse_url("https://a.example/p?token=x%20y")) == "https://a.example/p?token=x%20y"
