"""The lines of VERIFY.txt, run as they stand, and their twins where a tool is missing."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from io import BytesIO
from pathlib import Path

import bagit
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from custody.formats.certificates import format_chain
from custody.formats.trust import format_trust
from export.package.documents.instructions import (
    INDENT,
    LINUX_HEADING,
    MACOS_HEADING,
    WINDOWS_HEADING,
    InstructionFacts,
    verify_txt,
)
from export.package.format import layout
from export.package.format.manifest import parse_manifest
from tests.export.package.paper import Paper, Signatory, Wishes, seal
from tests.export.package.reading import part, typed

ROOT = Path(__file__).parents[3]
TOOLS = ("bash", "sha256sum", "openssl", "date", "sed", "comm", "cut", "find", "sort")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]


@pytest.fixture
def bag(paper: Paper, tmp_path: Path) -> Path:
    """Unpack the package, and put beside its files the two roots that came by another road."""
    with zipfile.ZipFile(BytesIO(paper.zip)) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / paper.package
    (folder / "council-root.pem").write_bytes(format_chain([paper.council.root]))
    (folder / "tsa-root.pem").write_bytes(format_chain([paper.council.authority.root]))
    return folder


def by_hand(bag: Path) -> subprocess.CompletedProcess[str]:
    """Run every line for Linux out of the package's own VERIFY.txt."""
    return typed(part((bag / "VERIFY.txt").read_text(), LINUX_HEADING), bag)


def added(bag: Path) -> list[str]:
    """Run the line that lists what no manifest names."""
    (line,) = [
        one for one in part((bag / "VERIFY.txt").read_text(), LINUX_HEADING) if "comm" in one
    ]
    done = typed([line], bag)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.skipif(bool(MISSING), reason=f"not on this machine: {', '.join(MISSING)}")
class TestTheLinesForLinux:
    def test_they_accept_the_package(self, bag: Path) -> None:
        done = by_hand(bag)
        assert done.returncode == 0, done.stderr
        assert "CMS Verification successful" in done.stderr
        assert "Verification: OK" in done.stdout + done.stderr
        assert done.stdout.count(": OK") >= 18
        assert "is valid" in done.stderr
        last = done.stdout.splitlines()[-1]
        assert last.endswith(": OK"), "the line on what was added prints nothing"

    @pytest.mark.parametrize(
        "path",
        [
            layout.master_path("JS-1", "Cam_1.mp4"),
            layout.MANIFEST,
            layout.TAG_MANIFEST,
            layout.EVENTS,
            layout.SIGNATURE,
            layout.TIMESTAMP,
        ],
    )
    def test_they_refuse_a_changed_file(self, bag: Path, path: str) -> None:
        content = bytearray((bag / path).read_bytes())
        content[len(content) // 2] ^= 1
        (bag / path).write_bytes(content)
        assert by_hand(bag).returncode != 0

    @pytest.mark.parametrize(
        "path",
        [
            "note.txt",
            ".hidden",
            ".*",
            "a b.txt",
            "VERIFY.txt.exe",
            "README.html.lnk",
            "certs/other.pem",
            "custody/received/JS-9.tsr",
            "seal/extra",
            "seal/proofs/x.tlog-proof",
            "seal/proofs/1.tlog-proof.bak",
            "seal/received/JS-1.consistency.txt",
            "data/note.txt",
            "council-root_pem",
            "sub/council-root.pem",
        ],
    )
    def test_they_list_what_was_added_anywhere(self, bag: Path, path: str) -> None:
        assert added(bag) == []
        (bag / path).parent.mkdir(exist_ok=True)
        (bag / path).write_bytes(b"added")
        assert added(bag) == [path]

    def test_they_list_a_link_that_was_added(self, bag: Path) -> None:
        (bag / "link").symlink_to("/etc/hostname")
        assert added(bag) == ["link"]

    def test_the_fingerprints_of_the_roots_are_printed(self, bag: Path, paper: Paper) -> None:
        done = typed(part((bag / "VERIFY.txt").read_text(), "WHAT YOU NEED FIRST"), bag)
        assert done.returncode == 0, done.stderr
        for root in (paper.council.root, paper.council.authority.root):
            assert root.fingerprint(hashes.SHA256()).hex(":").upper() in done.stdout

    def test_they_refuse_another_councils_root(self, bag: Path, paper: Paper) -> None:
        (bag / "council-root.pem").write_bytes(format_chain([paper.council.authority.root]))
        assert by_hand(bag).returncode != 0

    def test_they_refuse_another_authoritys_root(self, bag: Path, paper: Paper) -> None:
        (bag / "tsa-root.pem").write_bytes(format_chain([paper.council.root]))
        assert by_hand(bag).returncode != 0


def test_the_lines_are_the_ones_that_were_promised(paper: Paper) -> None:
    lines = part(paper.files[layout.VERIFY].decode(), LINUX_HEADING)
    assert lines == [
        "sha256sum -c tagmanifest-sha256.txt manifest-sha256.txt",
        (
            'T=$(date -d "$(openssl ts -reply -in seal/tagmanifest-sha256.txt.p7s.tsr -text '
            "2>/dev/null | sed -n 's/^Time stamp: //p')\" +%s)"
        ),
        (
            "openssl cms -verify -binary -attime $T -inform DER "
            "-in seal/tagmanifest-sha256.txt.p7s "
            "-content tagmanifest-sha256.txt -CAfile council-root.pem -no-CApath -no-CAstore "
            "-out /dev/null"
        ),
        (
            "openssl ts -verify -attime $T -in seal/tagmanifest-sha256.txt.p7s.tsr "
            "-data seal/tagmanifest-sha256.txt.p7s -CAfile tsa-root.pem"
        ),
        "bagit.py --validate .",
        (
            "comm -13 <(cut -c67- manifest-sha256.txt tagmanifest-sha256.txt | sort) "
            "<(find . ! -type d | cut -c3- | sort) | sed -E "
            r"'\#^(tagmanifest-sha256\.txt|(council|tsa)-root\.pem|"
            r"seal/(release\.(entry|openings\.json|tlog-proof)|"
            r"tagmanifest-sha256\.txt\.p7s(\.tsr)?|proofs/[0-9]+\.tlog-proof|"
            r"received/[A-Z]+-[0-9]+\.consistency))$#d'"
        ),
    ]


def test_all_three_systems_are_told_what_to_do() -> None:
    text = verify_txt(InstructionFacts("BAR-7K4M-2XQ9-J-R1", "Barchester Council", False)).decode()
    for heading, tool in (
        (LINUX_HEADING, "sha256sum"),
        (MACOS_HEADING, "shasum"),
        (WINDOWS_HEADING, "Get-FileHash"),
    ):
        assert any(tool in line for line in part(text, heading))
    assert text.count("These are not:\nno such machine was at hand") == 2
    assert text.index("These are not") > text.index(MACOS_HEADING + "\n\n")
    assert "by another road" in text
    assert "DEMONSTRATION" not in text
    assert "$package" not in text
    assert text.isascii(), "it must read well in any editor"
    assert all(len(line) <= 100 for line in text.split("\n") if not line.startswith(INDENT))


def test_it_says_where_the_program_is_to_be_had_and_that_it_came_inside_itself() -> None:
    text = verify_txt(InstructionFacts("BAR-7K4M-2XQ9-J-R1", "Barchester Council", False)).decode()
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    name = settings["project"]["name"]
    lines = part(text, "THE SHORT WAY, ON ANY SYSTEM")
    assert lines[0] == f'python3 -m pip install "{name}[media]"'
    assert "media" in settings["project"]["optional-dependencies"]
    head, _, _ = text.partition("WHAT YOU NEED FIRST")
    assert "This text came in the package too" in head
    assert "/verify" in head


def test_windows_compares_the_thumbprint_that_the_trust_file_names(council: Signatory) -> None:
    text = verify_txt(InstructionFacts("BAR-7K4M-2XQ9-J-R1", "Barchester Council", False)).decode()
    lines = part(text, WINDOWS_HEADING)
    at = lines.index("$leaf = $cms.SignerInfos[0].Certificate")
    assert lines[at + 1 : at + 6] == [
        "$hash = [Security.Cryptography.SHA256]::Create().ComputeHash($leaf.RawData)",
        "$print = [BitConverter]::ToString($hash) -replace '-', ':'",
        "$print",
        "$trust = Get-Content -Raw ..\\council.trust.json | ConvertFrom-Json",
        "$trust.seals.certificates -contains ($print -replace ':', '')",
    ]
    assert lines[-3] == "$chain.Build($leaf)"
    assert lines[-1] == "($last.RawData -join ',') -eq ($root.RawData -join ',')"
    (seal,) = json.loads(format_trust(council.trust))["seals"]
    raw = council.signer.certificate.public_bytes(Encoding.DER)
    assert seal["certificates"] == [hashlib.sha256(raw).hexdigest()]


def test_windows_lists_what_linux_lists() -> None:
    text = verify_txt(InstructionFacts("BAR-7K4M-2XQ9-J-R1", "Barchester Council", False)).decode()
    linux = next(line for line in part(text, LINUX_HEADING) if line.startswith("comm"))
    windows = next(line for line in part(text, WINDOWS_HEADING) if "-cnotmatch" in line)
    (apart,) = re.findall(r"\^\((.*)\)\$", linux)
    assert re.findall(r"\^\((.*)\)\$", windows) == [apart]
    for path in (*layout.SEAL_FILES, layout.event_proof_path(7), layout.consistency_path("JS-1")):
        assert re.fullmatch(apart, path)


def test_a_demonstration_says_so_in_its_instructions(paper: Paper) -> None:
    assert b"DEMONSTRATION" in paper.files[layout.VERIFY]


# The twins, which always run.


def test_every_listed_digest_is_hashlibs(paper: Paper) -> None:
    for name in (layout.MANIFEST, layout.TAG_MANIFEST):
        listed = parse_manifest(paper.files[name])
        assert listed == {p: hashlib.sha256(paper.files[p]).hexdigest() for p in listed}


def test_the_signature_is_one_that_cryptography_accepts(paper: Paper) -> None:
    (certificate,) = pkcs7.load_der_pkcs7_certificates(paper.files[layout.SIGNATURE])
    assert certificate == paper.council.signer.certificate
    assert paper.files[layout.SIGNING_CHAIN].startswith(certificate.public_bytes(Encoding.PEM))


def test_bagit_validates_the_unpacked_package(bag: Path) -> None:
    for stray in ("council-root.pem", "tsa-root.pem"):
        (bag / stray).unlink()
    opened = bagit.Bag(str(bag))
    opened.validate()
    assert opened.version_info == (1, 0)
    assert opened.info["Demonstration"] == "yes"
    (bag / layout.master_path("JS-1", "Cam_1.mp4")).write_bytes(b"changed")
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(bag)).validate()


def test_the_bagit_command_validates_it_with_the_roots_beside_it(bag: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "bagit", "--validate", "."]
    done = subprocess.run(command, cwd=bag, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "is valid" in done.stderr


def test_a_package_without_its_master_is_a_bag_too(council: Signatory, tmp_path: Path) -> None:
    paper = seal(council, Wishes(withheld=True))
    with zipfile.ZipFile(BytesIO(paper.zip)) as archive:
        archive.extractall(tmp_path)
    bagit.Bag(str(tmp_path / paper.package)).validate()
