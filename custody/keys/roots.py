"""Adapter. The roots of what pages and letters are protected with, in the folder of the keys.

    cookie-hmac.key   32 bytes: signs the cookie of a sign-in that is under way
    code-hmac.key     32 bytes: without it nobody can tell a code from what is kept of it, or
                      make the address of a fee
    letter-aead.key   32 bytes: seals what a letter says until it goes out
    roots.json        written last: since when these are in use

    document-aead.key 32 bytes: wraps the key of each document that comes with a request
    documents.json    written last: since when, and what its key is held against

The second two came with a later version, so they have a record of their own. None of them opens a
record's key, and `record-kek.key` opens nothing of theirs: whoever gets hold of one has that one
(docs/adr/0013-keys.md). The files are kept as those of the keyring are.
"""

import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from custody.errors import FormatError, KeyStoreError
from custody.formats.canonical import JSON, canonical_json, format_time, parse_canonical, parse_time
from custody.keys.keychecks import check_of, hold
from custody.keys.keyfiles import SECRET_SIZE, check_folder, put_new, read_file, read_secret

_SINCE = "roots.json"
_DOCUMENTS, _DOCUMENTS_SINCE = "document-aead.key", "documents.json"
_FIRST = ("cookie-hmac.key", "code-hmac.key", "letter-aead.key")
ROOTS = (*_FIRST, _DOCUMENTS)


@dataclass(frozen=True, slots=True)
class Roots:
    """The roots in memory; printing them shows none."""

    cookies: bytes = field(repr=False)
    codes: bytes = field(repr=False)
    letters: bytes = field(repr=False)
    documents: bytes = field(repr=False)
    since: datetime
    """When the first three were made; before it, the key that wraps records' keys did for them."""


def make_roots(folder: Path, *, now: datetime) -> None:
    """Make the roots where none were made yet: at a first start, and at the first of this version.

    May be killed at any moment: the next call keeps what is there and makes what is missing. Once
    the record of a root is written, a missing file is a lost key, and nothing is made.

    Raises:
        KeyStoreError: others can write to the folder, we cannot, or it is not there.
    """
    check_folder(folder)
    since = format_time(now.replace(microsecond=0) + timedelta(seconds=1))
    try:
        if not os.path.lexists(folder / _SINCE):
            for name in _FIRST:
                put_new(folder, name, secrets.token_bytes(SECRET_SIZE))
            # A crash before this line leaves roots with which nothing was protected yet.
            put_new(folder, _SINCE, _record({"since": since}))
        if not os.path.lexists(folder / _DOCUMENTS_SINCE):
            put_new(folder, _DOCUMENTS, secrets.token_bytes(SECRET_SIZE))
            check = check_of(folder, _DOCUMENTS)
            put_new(folder, _DOCUMENTS_SINCE, _record({"since": since, "check": check}))
    except OSError as error:
        raise KeyStoreError(
            f"The roots of cookies, codes, letters and documents cannot be made in {folder} "
            f"({error.strerror}): docs/configuration.md says how to bring them"
        ) from error


def _record(said: dict[str, JSON]) -> bytes:
    return canonical_json({"v": 1, **said}) + b"\n"


def load_roots(folder: Path, *, withheld: Collection[str] = ()) -> Roots:
    """Load the roots, all but the ``withheld`` ones: those are not read.

    Raises:
        KeyStoreError: they were not made yet, one is lost or not the one that is recorded, or
            others can read it.
    """
    check_folder(folder)
    if not all(os.path.lexists(folder / name) for name in (_SINCE, _DOCUMENTS_SINCE)):
        raise KeyStoreError(
            f"The keys in {folder} are those of a version before this one: start `custos up` once, "
            "it makes the roots of cookies, codes, letters and documents"
        )
    hold(folder, [*(name for name in ROOTS if name not in withheld), _SINCE, _DOCUMENTS_SINCE])
    cookies, codes, letters, documents = (
        b"" if name in withheld else read_secret(folder / name) for name in ROOTS
    )
    since, _ = _read_record(folder / _SINCE)
    _, check = _read_record(folder / _DOCUMENTS_SINCE)
    if documents and check and check != check_of(folder, _DOCUMENTS):
        raise KeyStoreError(
            f"{folder / _DOCUMENTS} is not the one that {_DOCUMENTS_SINCE} beside it records: "
            "bring it back from its backup"
        )
    return Roots(cookies, codes, letters, documents, since=since)


def _read_record(path: Path) -> tuple[datetime, str]:
    data = read_file(path, secret=False)
    try:
        match parse_canonical(data.removesuffix(b"\n")):
            case {"v": 1, "since": str(since), **rest}:
                return parse_time(since), str(rest.get("check", ""))
    except FormatError as error:
        raise KeyStoreError(f"{path} cannot be read: {error}") from error
    raise KeyStoreError(f"{path} does not say since when the roots are in use")
