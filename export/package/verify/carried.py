"""Pure. V7: the package carries the files that were approved, each of them, and no other."""

from collections.abc import Mapping, Sequence

from custody.check.finding import Finding, Outcome
from custody.check.log import LoggedEvent, SealedRelease, open_event
from custody.errors import CustodyError
from custody.formats.canonical import JSON
from export.package.format import layout
from export.package.verify.examined import spelled
from export.package.verify.survey import Contents


def check_carried(
    contents: Contents, events: Sequence[LoggedEvent], sealed: SealedRelease
) -> tuple[Finding, ...]:
    """Compare the exhibits' files, but for their records, with what `release.proposed` names."""
    approved = _approved(events, sealed.record)
    if approved is None:
        return ()  # the history of the release has failed already
    packed = sorted(
        (file.sha256, file.size)
        for path, file in contents.files.items()
        if path.startswith(layout.EXHIBITS) and not layout.is_exhibit_record(path)
    )
    if packed == approved:
        words = f"The package carries the {len(packed)} files that were approved, and no other."
        return (Finding("V7", Outcome.PASS, words, layout.EXHIBITS),)
    words = "The files in the package are not the ones that were approved."
    missing = [file for file in approved if file not in packed]
    added = [file for file in packed if file not in approved]
    said = spelled(missing), spelled(added)
    return (Finding("V7", Outcome.FAIL, words, layout.EXHIBITS, *said),)


def _approved(events: Sequence[LoggedEvent], release: str) -> list[tuple[str, int]] | None:
    """Return digests and sizes as the proposal names them; None: no proposal opens them."""
    for event in events:
        try:
            if event.entry.event == "release.proposed":
                values = open_event(event)
                if values.get("record") == release and "files" in values:
                    return sorted(_file(one) for one in _items(values["files"]))
        except CustodyError:
            continue  # V7 has said that it does not open
    return None


def _items(value: JSON) -> Sequence[JSON]:
    assert isinstance(value, list | tuple)  # as `open_event` has checked
    return value


def _file(value: JSON) -> tuple[str, int]:
    assert isinstance(value, Mapping)
    digest, size = value["sha256"], value["size"]
    assert isinstance(digest, str)
    assert isinstance(size, int)
    return digest, size
