"""Pure. The part of `README.html` on one exhibit: pictures, player, times, what is known, files."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from string import Template
from typing import Final, NamedTuple

from evidence.exhibits.description import clock_picture
from export.package.documents.contents import ListedFile, in_words, rank, size_words
from export.package.documents.escapes import escape
from export.package.documents.history import off
from export.package.documents.moments import as_shown, lasting, moment
from export.package.format import layout
from export.package.format.records import CopyType, ExhibitRecord, FileRole, MasterFile, Withheld

PLAYABLE: Final = frozenset({CopyType.COURT_PLAYABLE, CopyType.REDACTED, CopyType.PROCESSED})
"""The kinds of copy that a browser plays."""

_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
"""The bytes that an address holds as they are: none of them ends an attribute."""

UNKNOWN: Final = "not recorded"

_SECTION: Final = Template("""\
<section class="exhibit" aria-labelledby="$reference">
<h2 id="$reference"><span class="ref">Exhibit $spoken</span> $title</h2>
<div class="$stage">
$players<div>
<h3>When</h3>
$times</div>
</div>
$stills<h3>What is recorded</h3>
<dl>
$facts</dl>
<h3>Files of exhibit $spoken</h3>
<ul class="files">
$files</ul>
</section>
""")

_PLAYER: Final = Template("""\
<figure class="player">
<video controls preload="none" playsinline src="$source" aria-label="$name, $use"></video>
<figcaption><strong>$name</strong> $use. $comparison<span class="screen">If it does not play \
here, <a href="$source">open the file $name.mp4</a>.</span></figcaption>
</figure>
""")

_STILLS: Final = Template("""\
<figure class="stills">
<a href="$source"><img src="$source" alt="Still pictures of $of, with their times"></a>
<figcaption>Still pictures of $of, for orientation.</figcaption>
</figure>
""")

_FILE: Final = Template("""\
<li><a href="$link">$name</a> <span class="use">$use</span> <span class="size">$size</span> \
<span class="digest">SHA-256 <code>$sha256</code></span></li>
""")


class Period(NamedTuple):
    """From when to when some footage runs, as the record says it; None: not recorded."""

    of: str
    """The file or view; empty where the whole exhibit is meant."""
    displayed_start: str | None
    displayed_end: str | None
    corrected_start: str | None
    corrected_end: str | None


def periods(exhibit: ExhibitRecord) -> tuple[Period, ...]:
    """Return the times of an exhibit: the one place where these pages read them."""
    whole = Period(
        "",
        exhibit.displayed_start,
        exhibit.displayed_end,
        exhibit.corrected_start,
        exhibit.corrected_end,
    )
    masters = [file for file in exhibit.files if file.role is FileRole.MASTER]
    if len(masters) == 1:
        return (whole,)
    return (whole, *(_of_file(number, file) for number, file in enumerate(masters, 1)))


def _of_file(number: int, file: MasterFile) -> Period:
    """Return the times of one file of several; its name may be withheld, its camera never is."""
    name = file.original_name or f"file {number}"
    camera = f", camera {file.camera.id}" if file.camera else ""
    return Period(
        f"{name[:1].upper()}{name[1:]}{camera}",
        file.displayed_start,
        file.displayed_end,
        file.corrected_start,
        file.corrected_end,
    )


def link(path: str) -> str:
    """Return a path of the package as an address relative to the page, encoded (RFC 3986)."""
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in path.encode("utf-8"))


def exhibit_section(
    exhibit: ExhibitRecord, files: Sequence[ListedFile], comparisons: Mapping[str, str]
) -> str:
    """Write the part on one exhibit; `comparisons` says of each copy how it compares.

    Raises:
        NamingError: the exhibit reference is none.
    """
    reference = layout.file_reference(exhibit.exhibit_ref)
    folder = layout.exhibit_folder(reference)
    own = sorted(
        (file for file in files if file.path.startswith(folder)),
        key=lambda file: rank(file.path.removeprefix(folder)),
    )
    there = {file.path for file in own}
    players = _players(exhibit, reference, there, comparisons)
    return _SECTION.substitute(
        reference=escape(reference, quote=True),
        spoken=escape(exhibit.exhibit_ref),
        title=escape(exhibit.title),
        stage="stage beside" if players else "stage",
        players=players,
        stills=_stills(exhibit, reference, there),
        times="".join(_times(period) for period in periods(exhibit)),
        facts="".join(_fact(term, text) for term, text in _facts(exhibit)),
        files="".join(_file(file, file.path.removeprefix(folder), exhibit) for file in own),
    )


def _players(
    exhibit: ExhibitRecord, reference: str, there: set[str], comparisons: Mapping[str, str]
) -> str:
    parts = []
    for copy in exhibit.copies:
        path = layout.copy_path(reference, copy.name)
        if copy.type in PLAYABLE and path in there:
            said = comparisons.get(copy.name, "")
            parts.append(
                _PLAYER.substitute(
                    source=link(path),
                    name=escape(copy.name, quote=True),
                    use=escape(copy.use, quote=True),
                    comparison=f"{escape(said)} " if said else "",
                )
            )
    return "".join(parts)


def _stills(exhibit: ExhibitRecord, reference: str, there: set[str]) -> str:
    parts = []
    for copy in exhibit.copies:
        path = layout.contact_sheet_path(reference, copy.name)
        if copy.type is CopyType.STILL and path in there:
            of = escape(copy.derived_from, quote=True)
            parts.append(_STILLS.substitute(source=link(path), of=of))
    return "".join(parts)


def _times(period: Period) -> str:
    of = f"<p><strong>{escape(period.of)}</strong></p>\n" if period.of else ""
    rows = (
        ("From", period.corrected_start, period.displayed_start),
        ("To", period.corrected_end, period.displayed_end),
    )
    return (
        f'{of}<dl class="times">\n'
        + "".join(
            f"<div><dt>{word}</dt><dd>{_actual(corrected)}<span>{_shown(displayed)}</span></dd>"
            "</div>\n"
            for word, corrected, displayed in rows
        )
        + "</dl>\n"
    )


def _actual(corrected: str | None) -> str:
    if corrected is None:
        return f"<strong>actual time {UNKNOWN}</strong>"
    at = moment(corrected)
    return (
        f'<time datetime="{escape(at.machine, quote=True)}">{escape(at.local)}</time>'
        f"<span>{escape(at.utc)}</span>"
    )


def _shown(displayed: str | None) -> str:
    if displayed is None:
        return f"what the system showed is {UNKNOWN}"
    return f"the system showed {escape(as_shown(displayed))}"


def _fact(term: str, text: str) -> str:
    return f"<div><dt>{escape(term)}</dt><dd>{escape(text)}</dd></div>\n"


def _facts(exhibit: ExhibitRecord) -> list[tuple[str, str]]:
    pairs = [
        ("Camera", _listed(exhibit.camera.id, exhibit.camera.name, exhibit.camera.type)),
        ("Place", _place(exhibit)),
        ("System clock", clock_words(exhibit)),
        ("Recorder", _recorder(exhibit)),
        ("Taken from there", _export(exhibit)),
        ("Original", _original(exhibit)),
        ("Picture", _picture(exhibit)),
    ]
    if exhibit.gaps_and_faults:
        pairs.append(("Gaps and faults", " ".join(exhibit.gaps_and_faults)))
    return [(term, text) for term, text in pairs if text]


def _listed(*parts: str | None) -> str:
    """Join what is known, each part once: a camera's number may be its name."""
    return ", ".join(dict.fromkeys(part for part in parts if part))


def _place(exhibit: ExhibitRecord) -> str:
    camera = exhibit.camera
    degrees = f"{camera.lat}, {camera.lon} (WGS 84)" if camera.lat and camera.lon else ""
    return _listed(camera.location, degrees)


def clock_words(exhibit: ExhibitRecord) -> str:
    """Say how the system's clock compared with a reference, or that nobody compared them."""
    check = exhibit.clock_check
    if check is None:
        return "The system's clock was not compared with a reference."
    at = moment(check.checked_at)
    against = f"when compared with {check.reference_source} on {at.local}"
    words = f"The system's clock was {off(check.offset_ms)} {against}."
    if picture := clock_picture(check):
        words = f"{words} A photograph of that is kept (SHA-256 {picture})."
    return words if check.offset_ms == 0 else f"{words} The actual times are corrected for that."


def _recorder(exhibit: ExhibitRecord) -> str:
    recorder = exhibit.recorder
    parts = [_listed(recorder.make, recorder.model)]
    for word, value in (
        ("serial number", recorder.serial),
        ("firmware", recorder.firmware),
        ("channel", recorder.channel),
    ):
        parts.append(f"{word} {value}" if value else "")
    return _listed(*parts)


def _export(exhibit: ExhibitRecord) -> str:
    export = exhibit.export
    when = f" on {moment(export.at).local}" if export.at else ""
    how = f": {export.method}" if export.method else ""
    software = _listed(export.software, export.version)
    return f"by a member of staff ({export.by_role}){when}{how}" + (
        f", with {software}" if software else ""
    )


def _original(exhibit: ExhibitRecord) -> str:
    masters = [file for file in exhibit.files if file.role is FileRole.MASTER]
    withheld = isinstance(exhibit.master, Withheld)
    nameless = "name withheld" if withheld else "a file that is not in this package"
    names = ", ".join(
        f"{file.original_name or nameless} (SHA-256 {file.sha256})" for file in masters
    )
    if isinstance(exhibit.master, Withheld):
        return f"Not in this package: {exhibit.master.withheld}. {names}"
    return names


def _picture(exhibit: ExhibitRecord) -> str:
    if exhibit.width is None or exhibit.height is None:
        return ""
    seconds, each = exhibit.duration, exhibit.frame_count
    parts = [f"{exhibit.width} by {exhibit.height} pixels"]
    parts.append(f"{each:,} pictures" if each is not None else "")
    if seconds is not None:
        above, below = map(int, seconds.split("/"))
        parts.append(lasting(timedelta(milliseconds=above * 1000 // below)))
    sound = {True: "with sound", False: "without sound", None: ""}[exhibit.audio]
    return _listed(*parts, sound)


def _file(file: ListedFile, name: str, exhibit: ExhibitRecord) -> str:
    return _FILE.substitute(
        link=link(file.path),
        name=escape(name),
        use=escape(in_words(name, exhibit)),
        size=size_words(file.size),
        sha256=escape(file.sha256),
    )
