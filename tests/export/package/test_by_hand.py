"""The lines of VERIFY.txt, run as they stand, and their twins where a tool is missing."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import bagit
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from custody.certificates import format_chain
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

TOOLS = ("sh", "sha256sum", "openssl", "date", "sed")
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


def part(text: str, heading: str) -> list[str]:
    """Return the lines to type under a heading."""
    lines = text.split("\n")
    start = lines.index(heading) + 1
    headings = [at for at in range(start, len(lines)) if lines[at].isupper()]
    end = headings[0] if headings else len(lines)
    return [line.removeprefix(INDENT) for line in lines[start:end] if line.startswith(INDENT)]


def by_hand(bag: Path) -> subprocess.CompletedProcess[str]:
    """Run the lines for Linux out of the package's own VERIFY.txt; stop at the first that fails."""
    lines = part((bag / "VERIFY.txt").read_text(), LINUX_HEADING)
    # bagit.py is looked at by its own test: where it is installed differs.
    script = "\n".join(["set -e", *(line for line in lines if not line.startswith("bagit.py"))])
    sh = shutil.which("sh")
    assert sh is not None
    return subprocess.run([sh, "-c", script], cwd=bag, capture_output=True, text=True, check=False)


@pytest.mark.skipif(bool(MISSING), reason=f"not on this machine: {', '.join(MISSING)}")
class TestTheLinesForLinux:
    def test_they_accept_the_package(self, bag: Path) -> None:
        done = by_hand(bag)
        assert done.returncode == 0, done.stderr
        assert "CMS Verification successful" in done.stderr
        assert "Verification: OK" in done.stdout + done.stderr
        assert done.stdout.count(": OK") >= 18

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
    ]


def test_all_three_systems_are_told_what_to_do() -> None:
    text = verify_txt(InstructionFacts("BAR-7K4M-2XQ9-J-R1", "Barchester Council", False)).decode()
    for heading, tool in (
        (LINUX_HEADING, "sha256sum"),
        (MACOS_HEADING, "shasum"),
        (WINDOWS_HEADING, "Get-FileHash"),
    ):
        assert any(tool in line for line in part(text, heading))
    assert "by another road" in text
    assert "DEMONSTRATION" not in text
    assert "$package" not in text
    assert text.isascii(), "it must read well in any editor"
    assert all(len(line) <= 100 for line in text.split("\n") if not line.startswith(INDENT))


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
