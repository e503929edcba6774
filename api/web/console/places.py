"""Edge. Where pages of the console are: of a record, and those beside a page of a list."""

from collections.abc import Mapping
from urllib.parse import urlencode

from custody.formats.events import RecordKind
from evidence.exhibits.references import file_safe
from evidence.paging import Cursor, format_cursor
from export.desk.search import Named

_FOLDERS = {
    RecordKind.EXHIBIT: "/console/exhibits",
    RecordKind.RELEASE: "/console/releases",
    RecordKind.REQUEST: "/console/requests",
}


def record_path(named: Named) -> str:
    """Return the address of a record's page."""
    return f"{_FOLDERS[named.kind]}/{file_safe(named.name)}"


def exhibit_path(reference: str) -> str:
    """Return the address of an exhibit's page."""
    return f"{_FOLDERS[RecordKind.EXHIBIT]}/{file_safe(reference)}"


def page_address(path: str, asked: Mapping[str, str], cursor: Cursor | None) -> str:
    """Return the address of another page of what was asked for; no page: the empty text."""
    if cursor is None:
        return ""
    return list_address(path, {**asked, "cursor": format_cursor(cursor)})


def list_address(path: str, asked: Mapping[str, str]) -> str:
    """Return the address of a list with what was asked for, leaving out what was not."""
    said = {name: value for name, value in asked.items() if value}
    return f"{path}?{urlencode(said)}" if said else path
