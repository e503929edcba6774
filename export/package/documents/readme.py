"""Pure. `README.html`, the face of a package: for whom and why, each exhibit, history, checking.

Self-contained HTML without script: it opens from a folder, offline, on a locked-down machine,
prints, and reads well aloud. It is a statement that leaves the house, so everything in it comes
from the exhibit records and from the events that the package opens, and every text that came from
people is escaped. The same facts give the same bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Final

from custody.formats.disclosure import LoggedEvent
from export.package.documents.contents import (
    PROOF_FILES,
    PROOF_FOLDERS,
    ListedFile,
    size_words,
)
from export.package.documents.escapes import escape
from export.package.documents.exhibit_part import exhibit_section, link
from export.package.documents.history import Line, Names, Values, history, person, proposal
from export.package.documents.look import STYLE
from export.package.format import layout
from export.package.format.records import ExhibitRecord

DEMONSTRATION: Final = (
    "Demonstration: this package was made with demonstration keys. It is no evidence."
)
NO_FACES: Final = "No facial recognition was used, live or retrospective."

PURPOSES: Final = {
    "police": "the police",
    "cps": "the Crown Prosecution Service",
    "council": "a prosecution by the council",
    "insurer": "an insurer or legal representative",
}
"""For whom a release of each kind is, in words; another kind is named as it stands."""

_PAGE: Final = Template("""\
<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src 'self' file:; media-src 'self' file:; \
style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>CCTV evidence $package, $council</title>
<style>$style</style>
</head>
<body>
<header>
<p>$council</p>
<h1>CCTV evidence <span>$package</span></h1>
<p>$counted · reference $urn</p>
</header>
<main>
$notice<section aria-labelledby="about">
<h2 id="about">For whom, and why</h2>
<dl class="key">
$about</dl>
<nav aria-label="On this page">
<ul>
$links</ul>
</nav>
</section>
$exhibits<section aria-labelledby="history">
<h2 id="history">What happened</h2>
<p>Each line is an entry in the council's custody log, in the log's order, as this package opens it
to its reader. The times are those of the entries.</p>
<ol class="history">
$history</ol>
<p>The log's entry of the sealing itself came after this page was written: it is in
<a href="$entry">seal</a>, and <kbd>custos verify</kbd> shows it with the stamped time.</p>
</section>
<section aria-labelledby="check">
<h2 id="check">How to check this package</h2>
<p>Check it before you rely on it, and again before court. Keep the ZIP file as you received it, and
work on copies. This page says what the package contains; it came inside the package, so it proves
nothing by itself.</p>
<ol class="steps">
<li>Get the council's trust file from the council by another road than this package: from the page
/verify of its web site, or from the letter that announced the package.</li>
<li>With Custos installed, run on the ZIP file:
<pre><code>custos verify $package.zip --trust council.trust.json</code></pre></li>
<li>Without it, follow <a href="$verify">VERIFY.txt</a>, command by command, for Linux, macOS and
Windows.</li>
</ol>
</section>
<section aria-labelledby="open">
<h2 id="open">What was not checked</h2>
<ul class="open">
$open</ul>
</section>
<section aria-labelledby="proofs">
<h2 id="proofs">The other files of this package</h2>
<p>They are not evidence themselves; they prove it.</p>
<ul class="files">
$proofs</ul>
</section>
</main>
<footer>
<p>$faces Written by Custos when the package was sealed by $council.</p>
</footer>
</body>
</html>
""")


@dataclass(frozen=True, slots=True)
class ReadmeFacts:
    """What the page is made of: nothing that the package itself does not carry."""

    package: str
    urn: str
    council: str
    demonstration: bool
    exhibits: tuple[ExhibitRecord, ...]
    files: tuple[ListedFile, ...]
    """All files of the payload."""
    events: tuple[LoggedEvent, ...]
    """The custody events, opened as the package opens them."""
    witnessed: bool
    """Whether the custody log's policy asks for a witness."""
    comparisons: Mapping[str, str]
    """How each copy compares with its original, by its name: the sentence of its derivation."""


def readme_html(facts: ReadmeFacts) -> bytes:
    """Write the page.

    Raises:
        NamingError: an exhibit reference is none.
        FormatError, ProofError: an opening does not open its event.
    """
    text = _PAGE.substitute(
        style=STYLE,
        package=escape(facts.package),
        council=escape(facts.council),
        urn=escape(facts.urn),
        counted=escape(_counted(facts)),
        notice=f'<p class="notice">{DEMONSTRATION}</p>\n' if facts.demonstration else "",
        about="".join(_term(term, words) for term, words in _about(facts)),
        links="".join(_links(facts.exhibits)),
        exhibits="".join(
            exhibit_section(exhibit, facts.files, facts.comparisons) for exhibit in facts.exhibits
        ),
        history="".join(_line(line) for line in history(facts.events, _names(facts.exhibits))),
        entry=link(layout.RELEASE_ENTRY),
        verify=link(layout.VERIFY),
        open="".join(f"<li>{escape(words)}</li>\n" for words in _not_checked(facts)),
        proofs="".join(_proofs()),
        faces=NO_FACES,
    )
    return text.encode()


def _counted(facts: ReadmeFacts) -> str:
    exhibits, files = len(facts.exhibits), len(facts.files)
    size = size_words(sum(file.size for file in facts.files))
    return (
        f"{exhibits} {'exhibit' if exhibits == 1 else 'exhibits'}, "
        f"{files} {'file' if files == 1 else 'files'}, {size}"
    )


def _about(facts: ReadmeFacts) -> Iterator[tuple[str, str]]:
    """Yield what the package opens of its proposal; what it keeps closed is left out."""
    values: Values = proposal(facts.events)
    kind = str(values.get("kind", ""))
    pairs = (
        ("Released by", facts.council),
        ("Released to", values.get("recipient")),
        ("Released for", PURPOSES.get(kind, kind)),
        ("Purpose", values.get("purpose")),
        ("Legal basis", values.get("basis")),
        ("Proposed by", person(values)),
        ("Contents", ", ".join(f"{each.exhibit_ref}: {each.title}" for each in facts.exhibits)),
    )
    for term, words in pairs:
        if words:
            yield term, str(words)


def _term(term: str, words: str) -> str:
    return f"<div><dt>{escape(term)}</dt><dd>{escape(words)}</dd></div>\n"


def _links(exhibits: Sequence[ExhibitRecord]) -> Iterator[str]:
    for exhibit in exhibits:
        reference = layout.file_reference(exhibit.exhibit_ref)
        yield f'<li><a href="#{reference}">Exhibit {escape(exhibit.exhibit_ref)}</a></li>\n'
    for anchor, words in (
        ("history", "What happened"),
        ("check", "How to check it"),
        ("open", "What was not checked"),
        ("proofs", "The other files"),
    ):
        yield f'<li><a href="#{anchor}">{words}</a></li>\n'


def _names(exhibits: Sequence[ExhibitRecord]) -> Names:
    return Names(
        records={exhibit.record: exhibit.exhibit_ref for exhibit in exhibits},
        copies={copy.sha256: copy.name for exhibit in exhibits for copy in exhibit.copies},
    )


def _line(line: Line) -> str:
    at = line.at
    return (
        f'<li><p><time datetime="{at.machine}">{at.local}</time> <span>{at.utc}</span></p>'
        f"<p>{escape(line.words)}</p></li>\n"
    )


def _not_checked(facts: ReadmeFacts) -> Iterator[str]:
    """Yield what nobody checked, as the records say it: a gap that is told misleads nobody."""
    for exhibit in facts.exhibits:
        spoken = exhibit.exhibit_ref
        if exhibit.clock_check is None:
            yield (
                f"{spoken}: nobody compared the clock of the system that recorded it with a "
                "reference, so the actual times are not known better than it showed them."
            )
        if exhibit.container is None:
            yield f"{spoken}: the original could not be examined, so nothing was measured on it."
        if not any(copy.name in facts.comparisons for copy in exhibit.copies):
            yield f"{spoken}: no copy in this package was compared with the original."
    if not facts.witnessed:
        yield (
            "Nobody witnesses the council's custody log: the council alone vouches that it is "
            "complete."
        )
    yield "What the pictures show, and who is seen in them, is not part of any check."
    yield "This package holds no content credentials (C2PA)."


def _proofs() -> Iterator[str]:
    for path, words in PROOF_FILES:
        yield f'<li><a href="{link(path)}">{path}</a> <span class="use">{words}</span></li>\n'
    for folder, words in PROOF_FOLDERS:
        yield f'<li><strong>{folder}</strong> <span class="use">{words}</span></li>\n'
