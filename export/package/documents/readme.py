"""Pure. `data/README.html`: what lies in this package, for whoever opens it first.

Self-contained HTML without script: it opens from a folder, offline, on a locked-down machine, and
reads well aloud. The same facts give the same bytes. Every text that came from people is escaped.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from string import Template
from typing import Final

from export.package.format import layout
from export.package.format.records import USES, CopyType, ExhibitRecord, FileRole, Withheld

DEMONSTRATION: Final = (
    "Demonstration: this package was made with demonstration keys. It is no evidence."
)
NO_FACES: Final = "No facial recognition was used, live or retrospective."

_STYLE: Final = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem;"
    "color:#0b0c0c;background:#fff}"
    "table{border-collapse:collapse;width:100%}"
    "caption{text-align:left;font-weight:bold;padding:.5rem 0}"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;"
    "border-bottom:1px solid #b1b4b6}"
    "dt{font-weight:bold}dd{margin:0 0 .5rem}code{overflow-wrap:anywhere}"
    ".notice{border:4px solid #d4351c;padding:.8rem;font-weight:bold}"
)

_PAGE: Final = Template("""\
<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'">
<title>Evidence package $package</title>
<style>$style</style>
</head>
<body>
<main>
<h1>Evidence package $package</h1>
$notice<p>Released by $council under reference <strong>$urn</strong>. $faces</p>
<h2>How to check this package</h2>
<p>Follow <code>VERIFY.txt</code>, which lies beside this folder, or run <code>custos verify</code>
on the ZIP file. Check it before you rely on it, and again before court. Keep the ZIP file as you
received it: work on copies of it.</p>
$exhibits</main>
</body>
</html>
""")

_EXHIBIT: Final = Template("""\
<h2 id="$reference">Exhibit $spoken: $title</h2>
<dl>
$facts</dl>
<table>
<caption>Files of exhibit $spoken</caption>
<thead>
<tr><th scope="col">File</th><th scope="col">What it may be used for</th>\
<th scope="col">Size in bytes</th><th scope="col">SHA-256</th></tr>
</thead>
<tbody>
$rows</tbody>
</table>
""")

_ROW: Final = Template("""\
<tr><th scope="row"><a href="$link">$name</a></th><td>$use</td><td>$size</td>\
<td><code>$sha256</code></td></tr>
""")

_USES: Final = (
    (
        re.compile(r"master/.*"),
        "the original, bit for bit as it was received; for forensic analysis",
    ),
    (re.compile(r"player/.*"), "the manufacturer's player for the original"),
    (re.compile(r"contact-sheet\.jpg"), USES[CopyType.STILL]),
    (re.compile(r".*\.derivation\.json"), "how a copy was made, and how it compares"),
    (re.compile(r".*\.frames\.csv"), "every picture of a copy with its time and digest"),
)


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of the payload, as the index shows it."""

    path: str
    """From inside the package's folder: `data/exhibits/…`."""
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ReadmeFacts:
    """What the index says beside the exhibit records."""

    package: str
    urn: str
    council: str
    demonstration: bool
    exhibits: tuple[ExhibitRecord, ...]
    files: tuple[ListedFile, ...]
    """All files of the payload but the index itself."""


def readme_html(facts: ReadmeFacts) -> bytes:
    """Write the index.

    Raises:
        NamingError: an exhibit reference is none.
    """
    text = _PAGE.substitute(
        style=_STYLE,
        package=escape(facts.package),
        notice=f'<p class="notice">{DEMONSTRATION}</p>\n' if facts.demonstration else "",
        council=escape(facts.council),
        urn=escape(facts.urn),
        faces=NO_FACES,
        exhibits="".join(_exhibit(exhibit, facts.files) for exhibit in facts.exhibits),
    )
    return text.encode()


def _exhibit(exhibit: ExhibitRecord, files: Iterable[ListedFile]) -> str:
    reference = layout.file_reference(exhibit.exhibit_ref)
    folder = layout.exhibit_folder(reference)
    return _EXHIBIT.substitute(
        reference=reference,
        spoken=escape(exhibit.exhibit_ref),
        title=escape(exhibit.title),
        facts="".join(
            f"<dt>{escape(term)}</dt>\n<dd>{escape(text)}</dd>\n" for term, text in _facts(exhibit)
        ),
        rows="".join(
            _row(file, file.path.removeprefix(folder), exhibit)
            for file in files
            if file.path.startswith(folder)
        ),
    )


def _row(file: ListedFile, name: str, exhibit: ExhibitRecord) -> str:
    return _ROW.substitute(
        link=escape(file.path.removeprefix("data/"), quote=True),
        name=escape(name),
        use=escape(_use(name, exhibit)),
        size=f"{file.size:,}",
        sha256=escape(file.sha256),
    )


def _use(name: str, exhibit: ExhibitRecord) -> str:
    for copy in exhibit.copies:
        if name == f"{copy.name}.mp4":
            return copy.use
    for pattern, use in _USES:
        if pattern.fullmatch(name):
            return use
    return "the exhibit record: camera, times, clock check and files"


def _facts(exhibit: ExhibitRecord) -> list[tuple[str, str]]:
    pairs = [
        ("Camera", f"{exhibit.camera.id}, {exhibit.camera.name}"),
        ("Time shown by the system", _period(exhibit.displayed_start, exhibit.displayed_end)),
        ("Actual time (UTC)", _period(exhibit.corrected_start, exhibit.corrected_end)),
        ("Clock check", _clock(exhibit)),
        *_recordings(exhibit),
        ("Original", _original(exhibit)),
    ]
    if exhibit.gaps_and_faults:
        pairs.append(("Gaps and faults", " ".join(exhibit.gaps_and_faults)))
    return pairs


def _recordings(exhibit: ExhibitRecord) -> list[tuple[str, str]]:
    """Return the camera and the times of each file of the original, where there are several."""
    masters = [file for file in exhibit.files if file.role is FileRole.MASTER]
    return [
        (
            f"File {number}, time shown by its system",
            ", ".join(
                (
                    file.camera.id if file.camera else "not known",
                    _period(file.displayed_start, file.displayed_end),
                )
            ),
        )
        for number, file in enumerate(masters, 1)
        if len(masters) > 1
    ]


def _period(start: str | None, end: str | None) -> str:
    if start is None and end is None:
        return "not known"
    return f"{start or 'not known'} to {end or 'not known'}"


def _clock(exhibit: ExhibitRecord) -> str:
    check = exhibit.clock_check
    if check is None:
        return "The system's clock was not compared with a reference."
    if check.offset_ms == 0:
        return f"The system's clock agreed with {check.reference_source} at {check.reference_at}."
    seconds, thousandths = divmod(abs(check.offset_ms), 1000)
    word = "fast" if check.offset_ms > 0 else "slow"
    return (
        f"The system's clock was {seconds}.{thousandths:03} seconds {word} against "
        f"{check.reference_source} at {check.reference_at}."
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
