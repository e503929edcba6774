"""Service. What the row of an exhibit says, in the shape of its description.

The row keeps the description whole, and some of it again in columns by which people search. Here
the columns speak, so that whoever compares the result with the ledger finds any one that differs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from custody.formats.canonical import JSON, canonical_json
from evidence.exhibits.description import Description, parse_description, utc_text
from evidence.exhibits.tables import ExhibitRow


def described(row: ExhibitRow) -> Description:
    """Return the description that a row keeps.

    Raises:
        ShapeError: somebody changed it in the database.
    """
    return parse_description(row.description)


def describing_columns(description: Description) -> dict[str, Any]:
    """Return the columns of a row that say what a description does."""
    return {
        "title": description.title,
        "camera": description.camera.id,
        "displayed_start": description.displayed_start,
        "displayed_end": description.displayed_end,
        "corrected_start": _moment(description.corrected_start or description.displayed_start),
        "corrected_end": _moment(description.corrected_end or description.displayed_end),
    }


def facts_digest(facts: Any) -> str:  # noqa: ANN401 - a column of JSON
    """Return the SHA-256 under which events name facts or findings that a row keeps whole."""
    return sha256(canonical_json(facts)).hexdigest()


def row_facts(row: Any, masters: Sequence[Any]) -> dict[str, JSON]:  # noqa: ANN401 - also bare columns
    """Return what a row and the files of its original say: the facts of the latest description.

    ``row`` has the columns of `describing_columns`, ``reference`` and ``description``; ``masters``
    have ``position`` and ``sha256``, and are in their order. What was changed to something that is
    no description gives facts that no event has.
    """
    kept = row.description
    said: dict[str, JSON] = dict(kept) if isinstance(kept, Mapping) else {}
    said |= {
        "exhibit_ref": row.reference,
        "title": row.title,
        "displayed_start": row.displayed_start,
        "displayed_end": row.displayed_end,
    }
    camera = said.get("camera")
    said["camera"] = {**camera, "id": row.camera} if isinstance(camera, Mapping) else row.camera
    checked = said.get("clock_check") is not None
    for name, moment, shown in (
        ("corrected_start", row.corrected_start, row.displayed_start),
        ("corrected_end", row.corrected_end, row.displayed_end),
    ):
        known = checked or utc_text(moment) != _utc_or_nothing(shown)
        said[name] = utc_text(moment) if known else None
    said["files"] = _files(said.get("files"), masters)
    return said


def _files(said: JSON, masters: Sequence[Any]) -> list[JSON]:
    files = list(said) if isinstance(said, list | tuple) else []
    if len(files) != len(masters) or not all(isinstance(file, Mapping) for file in files):
        return [master.sha256 for master in masters]
    return [
        {**file, "sha256": master.sha256 if master.position == place else ""}
        for place, (file, master) in enumerate(zip(files, masters, strict=True))
        if isinstance(file, Mapping)
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _utc_or_nothing(text: str) -> str:
    try:
        return utc_text(_moment(text))
    except (ValueError, OverflowError):
        return ""
