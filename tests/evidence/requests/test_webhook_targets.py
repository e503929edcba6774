"""A claims system is called by TLS at a public address, and nothing of ours is reached that way."""

import pytest

from evidence.errors import InvalidError
from evidence.requests.notices.targets import Target, is_allowed, parse_target

PUBLIC = Target("https", "claims.example", 443, "/")
LOCAL = Target("http", "localhost", 8080, "/")


@pytest.mark.parametrize(
    ("url", "port", "path", "named"),
    [
        ("https://claims.example", 443, "/", "claims.example"),
        ("https://claims.example/a?b=c", 443, "/a?b=c", "claims.example"),
        ("https://claims.example:8443/", 8443, "/", "claims.example:8443"),
    ],
)
def test_an_address_is_read(url: str, port: int, path: str, named: str) -> None:
    target = parse_target(url, local=False)
    assert (target.host, target.port, target.path) == ("claims.example", port, path)
    assert target.named == named


@pytest.mark.parametrize(
    "url",
    [
        "http://claims.example/",
        "http://localhost/",
        "ftp://claims.example/",
        "https://user:word@claims.example/",
        "https://claims.example/#part",
        "https://claims.example:0/",
        "https://claims.example:65536/",
        "https://claims.example/a b",
        "https://claims.example\\@10.0.0.1/",
        "https://[::1]/",
        "https://",
        "https://.example/",
        "HTTPS://CLAIMS.EXAMPLE/",
        "https://claims.example/\r\nHost: x",
        f"https://claims.example/{'x' * 500}",
    ],
)
def test_what_is_no_address_of_theirs_is_refused(url: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_target(url, local=False)
    assert caught.value.field == "url"


def test_only_a_demonstration_calls_this_machine() -> None:
    assert parse_target("http://localhost:8080/", local=True) == LOCAL
    with pytest.raises(InvalidError, match="https"):
        parse_target("http://127.0.0.1/", local=True)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),  # noqa: S104
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1"),
        *("::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::a00:1", "2002:a00:1::", "2001:db8::1"),
        *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "claims.example", ""),
    ],
)
def test_no_address_within_is_called(address: str) -> None:
    assert not is_allowed(PUBLIC, address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_a_public_address_is_called(address: str) -> None:
    assert is_allowed(PUBLIC, address)
    assert not is_allowed(LOCAL, address), "a demonstration's own machine is this one"


def test_this_machine_is_called_where_it_is_allowed() -> None:
    assert is_allowed(LOCAL, "127.0.0.1")
    assert is_allowed(LOCAL, "::1")
    assert not is_allowed(LOCAL, "10.0.0.1")
