"""A PKCS#11 URI names one key, whole, and never a PIN."""

import pytest

from custody.errors import FormatError
from custody.keys.hsm.uris import KeyPlace, format_place, parse_place

PLACE = KeyPlace("council", "seal", "/usr/lib/hsm.so", "/etc/custos/pin")
URI = "pkcs11:token=council;object=seal?module-path=/usr/lib/hsm.so&pin-source=file:/etc/custos/pin"


@pytest.mark.parametrize(
    "place",
    [PLACE, KeyPlace("a;b=c&d%e?f", "Größe 1", "/opt/my lib/x&y.so", "/p;q")],
    ids=["plain", "signs that mean something"],
)
def test_a_uri_is_read_back(place: KeyPlace) -> None:
    assert parse_place(format_place(place)) == place


def test_it_is_written_as_people_write_it() -> None:
    assert format_place(PLACE) == URI
    assert parse_place(URI.replace("file:/", "file:///")) == PLACE


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("https://hsm", "no PKCS#11 URI"),
        ("pkcs11:token=council;object=seal", "lacks module-path, pin-source"),
        (URI.replace(";object=seal", ""), "lacks object"),
        (URI.replace("object=seal", "object="), "names token and object"),
        (URI.replace("object=seal", "object=%ff"), "no text"),
        (URI + "&slot-id=1", "'slot-id' has no place"),
        (URI.replace("object=seal", "object=seal;object=other"), "'object' has no place"),
        (URI.replace("module-path=/", "module-path="), "begin with a slash"),
        (URI.replace("file:/", "|cat /"), "read from a file"),
        (URI + "x" * 2000, "no PKCS#11 URI"),
    ],
)
def test_what_names_no_key_is_refused(uri: str, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        parse_place(uri)


def test_a_pin_in_it_is_refused_and_not_repeated() -> None:
    with pytest.raises(FormatError, match="A PIN must not stand") as refused:
        parse_place(URI + "&pin-value=8642")
    assert "8642" not in str(refused.value)
