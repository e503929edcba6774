"""Reads what a package says to people, as they do: the page in a browser, the lines in a shell."""

import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from export.package.documents.instructions import INDENT


class Page(HTMLParser):
    """What a reader meets: elements, their attributes, and the words between them."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html.decode())
        self.words = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]

    def values(self, *names: str) -> list[str]:
        """Return the values of attributes, in the order of the page."""
        return [str(attrs[name]) for _, attrs in self.elements for name in names if name in attrs]


def part(text: str, heading: str) -> list[str]:
    """Return the lines to type under a heading."""
    lines = text.split("\n")
    start = lines.index(heading) + 1
    headings = [at for at in range(start, len(lines)) if lines[at].isupper()]
    end = headings[0] if headings else len(lines)
    return [line.removeprefix(INDENT) for line in lines[start:end] if line.startswith(INDENT)]


def typed(lines: list[str], where: Path) -> subprocess.CompletedProcess[str]:
    """Type lines into bash, as they stand; stop at the first that fails."""
    bash = shutil.which("bash")
    assert bash is not None
    tools = Path(sys.executable).parent  # bagit.py and custos lie beside this Python
    return subprocess.run(
        [bash, "-c", "\n".join(["set -e", *lines])],
        cwd=where,
        env={"PATH": f"{tools}:{os.environ['PATH']}", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
