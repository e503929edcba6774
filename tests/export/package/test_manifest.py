"""Tag files have one byte form each, and what is not in it is no bag of ours."""

from dataclasses import replace
from pathlib import Path

import pytest

from export.package.errors import ManifestError
from export.package.format.manifest import (
    BAGIT_TXT,
    BagInfo,
    check_bagit,
    format_bag_info,
    format_manifest,
    parse_bag_info,
    parse_manifest,
    payload_oxum,
)

SUITE = Path(__file__).parents[3] / "../shared/conformance/bagit/v1.0"
A, B = "a" * 64, "b" * 64
INFO = BagInfo(
    custos_package=1,
    source_organization="Barchester Council",
    external_description="CCTV evidence, 1 exhibit",
    bagging_date="2026-11-21",
    external_identifier="BAR-7K4M-2XQ9-J",
    payload_oxum="123.4",
    internal_sender_identifier="BAR-7K4M-2XQ9-J-R1",
    bag_software_agent="Custos 0.1.0",
    demonstration=True,
)


def test_a_manifest_is_sorted_by_bytes_and_round_trips() -> None:
    digests = {"data/b": A, "data/a/x": B, "data/Z": A, "data/a-": B}
    text = format_manifest(digests)
    assert [line.split(b"  ")[1] for line in text.splitlines()] == [
        b"data/Z",
        b"data/a-",
        b"data/a/x",
        b"data/b",
    ]
    assert parse_manifest(text) == digests


def test_line_ends_and_percent_signs_in_a_path_are_encoded_as_the_rfc_says() -> None:
    digests = {"data/100%": A, "data/%0A": B, "data/a\nb\rc": A}
    text = format_manifest(digests)
    assert b"data/100%25\n" in text
    assert b"data/%250A\n" in text
    assert b"data/a%0Ab%0Dc\n" in text
    assert parse_manifest(text) == digests


@pytest.mark.parametrize(
    "text",
    [
        f"{A}  data/a",
        f"{A} data/a\n",
        f"{A} *data/a\n",
        f"{A}\tdata/a\n",
        f"{A.upper()}  data/a\n",
        f"{A[1:]}  data/a\n",
        f"{A}  data/a\r\n",
        f"{A}  data/a\n\n",
        f"\n{A}  data/a\n",
        f"{A}  ./data/a\n",
        f"{A}  data/../a\n",
        f"{A}  /data/a\n",
        f"{A}  ~/a\n",
        f"{A}  data\\a\n",
        f"{A}  data/%0a\n",
        f"{A}  data/%41\n",
        f"{A}  data/b\n{A}  data/a\n",
        f"{A}  data/a\n{B}  data/a\n",
        f"{A}  data/a\n{A}  data/a\n",
        f"\ufeff{A}  data/a\n",
    ],
)
def test_a_manifest_in_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(ManifestError):
        parse_manifest(text.encode())


def test_a_manifest_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(ManifestError):
        parse_manifest(f"{A}  data/".encode() + b"\xff\n")


def test_every_truncation_of_a_manifest_is_refused_but_at_a_line() -> None:
    text = format_manifest({"data/a": A, "data/b": B})
    for size in range(len(text)):
        if text[:size] in (b"", text[: size - 1] + b"\n"):
            continue
        with pytest.raises(ManifestError):
            parse_manifest(text[:size])


def test_bag_info_round_trips_in_its_one_order() -> None:
    text = format_bag_info(INFO)
    assert text == (
        b"Custos-Package: 1\n"
        b"Source-Organization: Barchester Council\n"
        b"External-Description: CCTV evidence, 1 exhibit\n"
        b"Bagging-Date: 2026-11-21\n"
        b"External-Identifier: BAR-7K4M-2XQ9-J\n"
        b"Payload-Oxum: 123.4\n"
        b"Internal-Sender-Identifier: BAR-7K4M-2XQ9-J-R1\n"
        b"Bag-Software-Agent: Custos 0.1.0\n"
        b"Demonstration: yes\n"
    )
    assert parse_bag_info(text) == INFO
    honest = replace(INFO, demonstration=False)
    assert parse_bag_info(format_bag_info(honest)) == honest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b": yes", b": Yes"),
        (b": yes", b": maybe"),
        (b"\n", b"\r\n"),
        (b": 123.4", b":  123.4"),
        (b": 123.4", b": 0123.4"),
        (b": 123.4", b": 123"),
        (b"2026-11-21", b"21/11/2026"),
        (b"Custos-Package: 1", b"Custos-Package: 2"),
        (b"Custos-Package: 1", b"Custos-Package: 01"),
        (b"Custos-Package: 1\n", b""),
        (b"Custos-Package: 1\n", b"Custos-Package: 1\nCustos-Package: 1\n"),
        (b"Demonstration: yes\n", b""),
        (b"Demonstration: yes\n", b"Demonstration: yes\nContact-Name: X\n"),
        (b"Demonstration: yes\n", b"Demonstration: yes"),
        (b"Source-Organization: Barchester Council\n", b"Source-Organization: \n"),
        (b"Barchester Council", b"Barchester\n  Council"),
        (b"Barchester Council", b"\xff"),
    ],
)
def test_bag_info_in_any_other_form_is_refused(old: bytes, new: bytes) -> None:
    text = format_bag_info(INFO).replace(old, new)
    with pytest.raises(ManifestError):
        parse_bag_info(text)


@pytest.mark.parametrize("value", ["", " x", "x ", "a\nb", "a\rb", "\0"])
def test_a_value_that_would_make_another_line_is_refused(value: str) -> None:
    with pytest.raises(ManifestError):
        format_bag_info(replace(INFO, external_description=value))


def test_bagit_txt_has_one_form() -> None:
    check_bagit(BAGIT_TXT)
    for wrong in (
        BAGIT_TXT.replace(b"1.0", b"0.97"),
        BAGIT_TXT[:-1],
        BAGIT_TXT + b"\n",
        b"\xef\xbb\xbf" + BAGIT_TXT,
        BAGIT_TXT.replace(b": 1.0", b" : 1.0"),
        BAGIT_TXT.replace(b"\n", b"\r\n"),
    ):
        with pytest.raises(ManifestError):
            check_bagit(wrong)


def test_the_payload_is_counted_in_bytes_and_files() -> None:
    assert payload_oxum({"data/a": 3, "data/b": 4}) == "7.2"


def refuse(bag: Path) -> None:
    """Read the parts of a bag of the conformance suite that our parsers have to do with."""
    check_bagit((bag / "bagit.txt").read_bytes())
    files = {p.relative_to(bag).as_posix() for p in bag.rglob("*") if p.is_file()}
    payload = {path for path in files if path.startswith("data/")}
    if "manifest-sha256.txt" in files:
        listed = parse_manifest((bag / "manifest-sha256.txt").read_bytes())
        if set(listed) != payload:
            raise ManifestError("not every payload file is listed")
    elif "manifest-sha512.txt" in files:
        raise ManifestError("a package of ours has SHA-256")


@pytest.mark.skipif(not SUITE.is_dir(), reason="the BagIt conformance suite is not on this machine")
@pytest.mark.parametrize("bag", sorted((SUITE / "invalid").glob("*")), ids=lambda bag: bag.name)
def test_what_the_conformance_suite_calls_invalid_is_refused(bag: Path) -> None:
    with pytest.raises(ManifestError):
        refuse(bag)
