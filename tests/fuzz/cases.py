"""What is fuzzed, and what must hold: each function makes one case and checks it."""

import argparse
import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from api.cli.proof import verify as command
from custody.check import cms
from custody.check.seal import check_signature, check_timestamp
from custody.errors import CustodyError
from custody.formats import checkpoint, disclosure, entry, note, policy, proof, trust
from custody.formats.canonical import parse_canonical
from custody.formats.certificates import parse_chain
from export.errors import ExportError
from export.media.frames import read_copy_frames
from export.package.format import layout, manifest, records
from export.package.originals import read_stated
from tests.export.package.paper import Paper, Signatory, Wishes, make_signatory, seal
from tests.fuzz.mutations import DER, JSON, TEXT, ZIP, Mutation, fitting, mutate

Case = Callable[["World", Random], None]


class FuzzError(Exception):
    """A promise that did not hold; `data` is what broke it."""

    def __init__(self, words: str, data: bytes) -> None:
        super().__init__(words)
        self.data = data


@dataclass(frozen=True)
class World:
    """One council, one package of it, and a file to write packages to."""

    council: Signatory
    paper: Paper
    package: Path
    trust: Path


def make_world(folder: Path) -> World:
    """Make what all cases start from."""
    council = make_signatory()
    path = folder / "council.trust.json"
    path.write_bytes(trust.format_trust(council.trust))
    return World(council, seal(council), folder / "package.zip", path)


def changed_archive(world: World, draw: Random) -> None:
    """Change the bytes of an archive: it is never verified, and never intact."""
    _refused(world, draw, mutate(draw, world.paper.zip, ZIP))


def changed_file(world: World, draw: Random) -> None:
    """Change one file, with or without lists made anew: never verified, never intact."""
    path = draw.choice(sorted(world.paper.files))
    content = mutate(draw, world.paper.files[path], fitting(path))
    changed = world.paper.with_files({path: content})
    if draw.random() < 0.5:
        with contextlib.suppress(ExportError, UnicodeError):  # it cannot be made anew
            changed = changed.with_manifests_remade()
    _refused(world, draw, changed.zip)


def changed_name(world: World, draw: Random) -> None:
    """Change the name of one file: never verified, never intact."""
    path = draw.choice(sorted(world.paper.files))
    name = mutate(draw, path.encode(), TEXT)[:400].decode("utf-8", "replace")
    if name not in world.paper.files:
        with contextlib.suppress(ExportError):  # a name that no archive can hold
            _refused(world, draw, world.paper.with_files({path: None, name: b"new"}).zip)


def sealed_by_the_council(world: World, draw: Random) -> None:
    """Change a file before it is sealed: whatever it is called, it is called something."""
    files = world.paper.files
    tags = [p for p in files if p not in (layout.MANIFEST, layout.TAG_MANIFEST)]
    path = draw.choice(sorted(p for p in tags if not layout.is_sealed_apart(p)))
    content = mutate(draw, files[path], fitting(path))
    wishes = (
        Wishes(extra={path: content})
        if layout.is_payload(path)
        else Wishes(tag_files={path: content})
    )
    _judge(world, draw, seal(world.council, wishes).zip)


def changed_trust(world: World, draw: Random) -> None:
    """Change the trust file: it is refused in words, or asks for something else."""
    data = mutate(draw, trust.format_trust(world.council.trust), JSON)
    _parse(trust.parse_trust, data)


def parsed(world: World, draw: Random) -> None:
    """Hand each parser what it may be handed: it refuses with an error of ours, or reads."""
    path, kind, parse = draw.choice(PARSERS)
    _parse(parse, mutate(draw, world.paper.files[path], kind))


def checked(world: World, draw: Random) -> None:
    """Hand a changed signature and stamp to their checks: findings, and never a pass."""
    files, council = world.paper.files, world.council
    p7s = mutate(draw, files[layout.SIGNATURE], DER)
    tsr = mutate(draw, files[layout.TIMESTAMP], DER)
    findings = check_signature(
        p7s,
        files[layout.TAG_MANIFEST],
        trust=council.trust,
        stamped_at=None,
        chain_pem=files[layout.SIGNING_CHAIN],
        root_pem=files[layout.COUNCIL_ROOT],
    )
    if p7s != files[layout.SIGNATURE] and all(f.outcome != "fail" for f in findings):
        raise FuzzError("a changed signature passed", p7s)
    check_timestamp(
        tsr,
        files[layout.SIGNATURE],
        trust=council.trust,
        tsa_chain_pem=files[layout.TSA_CHAIN],
    )


def _frames(data: bytes) -> object:
    return list(read_copy_frames(data.decode("latin-1").splitlines(keepends=True)))


def _note(data: bytes) -> object:
    return checkpoint.parse_checkpoint(note.parse_note(data.rpartition(b"\n\nx")[2]).text)


FRAMES = layout.frames_path("JS-1", "JS-1-CP1")
DERIVATION = layout.derivation_path("JS-1", "JS-1-CP1")
PARSERS: tuple[tuple[str, tuple[Mutation, ...], Callable[[bytes], object]], ...] = (
    (layout.POLICY, TEXT, policy.parse_policy),
    (layout.RELEASE_PROOF, TEXT, proof.parse_proof),
    (layout.RELEASE_PROOF, TEXT, _note),
    (layout.consistency_path("JS-1"), TEXT, proof.parse_consistency),
    (layout.EVENTS, JSON, disclosure.parse_events),
    (layout.RELEASE_OPENINGS, JSON, disclosure.parse_openings),
    (layout.RELEASE_ENTRY, JSON, entry.parse_entry),
    (layout.SIGNATURE, DER, cms.parse_detached),
    (layout.TIMESTAMP, DER, cms.parse_timestamp),
    (layout.SIGNING_CHAIN, TEXT, parse_chain),
    (layout.MANIFEST, TEXT, manifest.parse_manifest),
    (layout.BAG_INFO, TEXT, manifest.parse_bag_info),
    (layout.record_path("JS-1"), JSON, records.parse_exhibit),
    (DERIVATION, JSON, read_stated),
    (FRAMES, TEXT, _frames),
)
"""A file to begin with, what changes it, and who reads it."""

CASES: tuple[Case, ...] = (
    changed_archive,
    changed_file,
    changed_name,
    sealed_by_the_council,
    changed_trust,
    parsed,
    parsed,
    checked,
)


def _parse(parse: Callable[[bytes], object], data: bytes) -> None:
    try:
        parse(data)
    except (CustodyError, ExportError):
        return
    except Exception as error:
        raise FuzzError(f"{parse.__name__} raised {type(error).__name__}", data) from error


def _refused(world: World, draw: Random, data: bytes) -> None:
    verdict = _judge(world, draw, data)
    if data != world.paper.zip and verdict not in {"failed", "unreadable"}:
        raise FuzzError(f"a changed package is called {verdict}", data)


def _judge(world: World, draw: Random, data: bytes) -> str:
    """Run the command on a package; return the verdict."""
    world.package.write_bytes(data)
    words = [str(world.package), "--json", "--decode-minutes", "0"]
    words += ["--trust", str(world.trust)] if draw.random() < 0.7 else []
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    try:
        with contextlib.redirect_stdout(out):
            code = command.main(parser, words)
        text = out.buffer.getvalue()
        report = json.loads(text)
        parse_canonical(text[:-1])
    except Exception as error:
        raise FuzzError(f"the command raised {type(error).__name__}", data) from error
    if code != report["exit_code"] or code not in {0, 1, 2, 3}:
        raise FuzzError(f"the exit code is {code}", data)
    if "broke off" in text.decode():
        raise FuzzError("a check stumbled instead of saying what is wrong", data)
    return str(report["verdict"])
