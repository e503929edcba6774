"""A picture of the clock's comparison: hostile until it was looked at, and kept as it came."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image
from sqlmodel import select, update

from api.builders.record.trust import trust_file
from api.cli.proof.logs.database import audit_log, audit_session
from api.times import utc_now
from custody.formats.trust import parse_trust
from evidence.errors import AccessRefusedError, InvalidError, StateError, UnknownError
from evidence.exhibits.description import ClockCheck, clock_picture
from evidence.exhibits.recorded import described
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role
from export.holdings.clock_pictures import ClockPicture
from export.holdings.files import CLOCK_PICTURE, CLOCK_SHOWN, files_of
from export.holdings.holds import HoldState
from export.holdings.masters import Arrived
from export.holdings.tables import ExhibitFileRow
from export.intake.tables import UploadRow
from export.media import child_photograph
from export.media.photograph import BYTES_MAX
from export.package.verify.report import Report, Verdict
from export.release.tables import ReleaseRow
from tests.export.package.judging import judge
from tests.export.release.release_acts import INSURER, again, chosen, propose, sealed
from tests.houses import NEW, House, digest

PLACE = "data/exhibits/{}/clock-check.{}"


def photograph(kind: str = "PNG", *, size: tuple[int, int] = (64, 48), **more: Any) -> bytes:  # noqa: ANN401
    """Return a picture that nobody has brought before."""
    made = io.BytesIO()
    seed = uuid4().bytes
    mode = more.pop("mode", "RGB")
    picture = Image.new("RGB", size, (seed[0], seed[1], seed[2])).convert(mode)
    picture.putpixel((0, 0), 0 if mode in {"L", "P", "1"} else tuple(seed[: len(mode)]))
    picture.save(made, kind, **more)
    return made.getvalue()


def look(house: House, content: bytes, role: str = Role.OPERATOR) -> ClockPicture:
    upload = house.store(content)
    return house.services.clock_pictures.look_at(upload, by=house.subjects[role])


def correct(house: House, exhibit: ExhibitRow, **change: Any) -> ExhibitRow:  # noqa: ANN401
    picture = change.pop("picture", None)
    return house.do(
        Role.OPERATOR,
        lambda s: house.services.corrections.correct(
            s,
            exhibit.reference,
            lambda said: replace(said, **change),
            picture=picture,
            reason="the screen was photographed",
            by=house.subjects[Role.OPERATOR],
            at=utc_now(),
        ),
    )


def kept(house: House, exhibit: UUID) -> list[ExhibitFileRow]:
    """Return the pictures of an exhibit, each before the one that is drawn after it."""
    found = house.look(lambda s: files_of(s, exhibit, CLOCK_PICTURE, CLOCK_SHOWN))
    return sorted(found, key=lambda file: (file.position, file.kind))


def shown(house: House, row: ExhibitRow, role: str = Role.RELEASER) -> ExhibitFileRow:
    pictures, by = house.services.clock_pictures, house.subjects[role]
    return house.look(lambda s: pictures.shown(s, s.get_one(ExhibitRow, row.id), by=by))


def stated(row: ExhibitRow) -> str:
    return clock_picture(described(row).clock_check)


def carried(house: House, release: ReleaseRow) -> list[str]:
    releases = house.services.releases
    return house.look(lambda s: [file.kind for file in releases.files(s, again(house, release))])


def packed(house: House, row: ReleaseRow) -> tuple[dict[str, bytes], Report]:
    services = house.services
    package = house.do(
        Role.OPERATOR,
        lambda s: services.packages.collect(
            s, str(row.id), by=house.subjects[Role.OPERATOR], at=services.clock()
        ),
    )
    content = b"".join(services.vault.open(package.key, package.version))
    trust = parse_trust(trust_file(house.settings, services.keyring))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    return files, judge(content, trust)


def failures(house: House) -> list[tuple[str, str]]:
    report = audit_log(house.services, house.subjects[Role.AUDITOR])
    return [(one.words, one.subject) for one in report.failed]


def test_a_picture_comes_with_the_clip_and_its_digest_stands_in_the_facts(house: House) -> None:
    content = photograph()
    picture, upload = look(house, content), house.store(uuid4().bytes)
    row = house.do(
        Role.OPERATOR,
        lambda s: house.services.masters.add(
            s,
            NEW,
            [Arrived(upload, "clip.mp4")],
            picture=picture,
            by=house.subjects[Role.OPERATOR],
            at=utc_now(),
        ),
    )
    assert stated(row) == digest(content)
    facts: Any = dict(house.events(row.id))["exhibit.described"]["facts"]
    assert facts["clock_check"]["picture"] == digest(content)
    first, shown = kept(house, row.id)
    assert (first.name, first.sha256) == ("clock-check.png", digest(content))
    assert b"".join(house.services.vault.open(first.key, first.version)) == content
    assert shown.name == "clock-check-shown.jpg"
    assert failures(house) == []


def test_without_a_picture_the_facts_are_as_they_always_were(house: House) -> None:
    row = house.unplayable()
    facts: Any = dict(house.events(row.id))["exhibit.described"]["facts"]
    assert "picture" not in facts["clock_check"]
    assert type(described(row).clock_check) is ClockCheck


def test_what_is_shown_is_drawn_anew_and_holds_nothing_else(house: House) -> None:
    row = house.unplayable()
    with_place = Image.Exif()
    with_place[0x010E] = "a secret place"
    content = photograph("JPEG", size=(3000, 200), exif=with_place)
    correct(house, row, picture=look(house, content + b"<script>behind the end</script>"))
    drawn = shown(house, row)
    data = b"".join(house.services.vault.open(drawn.key, drawn.version))
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1600, 107))
        assert not picture.getexif()
    assert b"secret" not in data
    assert b"<script>" not in data
    assert kept(house, row.id)[0].name == "clock-check.jpg"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def claims_to_be(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says that it is very large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def moving() -> bytes:
    pictures = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    made = io.BytesIO()
    pictures[0].save(made, "PNG", save_all=True, append_images=pictures[1:])
    return made.getvalue()


def another_format(kind: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (8, 8)).save(made, kind)
    return made.getvalue()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "words": lambda: b"no picture at all",
    "a page": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
    "a playlist": lambda: b"#EXTM3U\nfile:///etc/passwd\n",
    "only its beginning": lambda: b"\x89PNG\r\n\x1a\n",
    "a cut PNG": lambda: photograph(size=(900, 900))[:-40],
    "a cut JPEG": lambda: photograph("JPEG", size=(900, 900))[:700],
    "a changed PNG": lambda: photograph()[:30] + b"\xff\xff" + photograph()[32:],
    "too many pixels": lambda: claims_to_be(20_000, 20_000),
    "far too many": lambda: claims_to_be(2**31 - 1, 2**31 - 1),
    "no pixels": lambda: claims_to_be(0, 0),
    "more than it has": lambda: claims_to_be(4000, 4000),
    "one that moves": moving,
    "a GIF": lambda: another_format("GIF"),
    "a BMP": lambda: another_format("BMP"),
    "a TIFF": lambda: another_format("TIFF"),
    "a WEBP": lambda: another_format("WEBP"),
    "too many bytes": lambda: photograph() + bytes(BYTES_MAX),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_picture_is_refused_and_claimed_by_nothing(house: House, what: str) -> None:
    with pytest.raises(InvalidError) as refused:
        look(house, HOSTILE[what]())
    assert refused.value.field == "clock_picture"
    assert "Traceback" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGBA"), ("PNG", "LA"), ("PNG", "P"), ("PNG", "1"), ("JPEG", "L"), ("JPEG", "CMYK")],
)
def test_pictures_of_every_kind_are_drawn(house: House, kind: str, mode: str) -> None:
    assert look(house, photograph(kind, mode=mode)).shown.size > 0


def test_the_child_says_in_words_what_is_wrong(
    tmp_path: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "source"
    source.write_bytes(moving())
    assert child_photograph.main(str(source)) == 3
    assert (tmp_path / "refused.txt").read_text() == "it moves: one picture is taken"
    source.write_bytes(photograph())
    assert child_photograph.main(str(source)) == 0
    assert (tmp_path / "kind.txt").read_text() == "PNG"


def test_malware_in_a_picture_refuses_it(house: House) -> None:
    upload = house.store(photograph())
    with house.services.transaction() as session:
        session.get_one(UploadRow, upload).scan = "found: Eicar-Test-Signature"
    with pytest.raises(InvalidError, match="Eicar-Test-Signature"):
        house.services.clock_pictures.look_at(upload, by=house.subjects[Role.OPERATOR])


def test_only_who_takes_in_brings_a_picture_and_only_who_sees_footage_sees_it(
    house: House,
) -> None:
    with pytest.raises(AccessRefusedError):
        look(house, photograph(), role=Role.RELEASER)
    row = house.unplayable()
    correct(house, row, picture=look(house, photograph()))
    assert shown(house, row).kind == CLOCK_SHOWN
    for role in (Role.AUDITOR, Role.GOVERNANCE, "nobody"):
        with pytest.raises(AccessRefusedError):
            shown(house, row, role)


def test_a_picture_belongs_to_one_exhibit_and_to_a_comparison(house: House) -> None:
    row, other = house.unplayable(), house.unplayable()
    picture = look(house, photograph())
    correct(house, row, picture=picture)
    with pytest.raises(StateError, match="belongs to an exhibit already"):
        correct(house, other, picture=picture)
    with pytest.raises(InvalidError, match="needs one: say how far"):
        correct(house, other, picture=look(house, photograph()), clock_offset_ms=None)
    assert not kept(house, other.id)


def test_another_picture_takes_its_place_and_a_comparison_taken_back_takes_it_along(
    house: House,
) -> None:
    row, second = house.unplayable(), photograph()
    correct(house, row, picture=look(house, photograph()))
    assert stated(correct(house, row, title="Mill Lane")) != ""
    assert stated(correct(house, row, picture=look(house, second))) == digest(second)
    assert [one.name for one in kept(house, row.id)][::2] == [
        "clock-check.png",
        "clock-check-2.png",
    ]
    assert stated(correct(house, row, clock_offset_ms=None)) == ""
    with pytest.raises(UnknownError):
        shown(house, row)
    assert failures(house) == []


def test_police_get_it_untouched_and_an_insurer_does_not(house: House) -> None:
    row, content = house.unplayable(), photograph()
    correct(house, row, picture=look(house, content))
    release = sealed(house, row.reference)
    files, report = packed(house, release)
    folder = row.reference.replace("/", "-")
    assert files[PLACE.format(folder, "png")] == content
    assert report.verdict is Verdict.VERIFIED, report
    face = files["README.html"].decode()
    assert "a photograph of the recorder" in face
    assert f"A photograph of that is kept (SHA-256 {digest(content)})" in face
    civil = propose(house, row.reference, kind=INSURER.kind, with_master=True)
    assert CLOCK_PICTURE not in carried(house, civil)
    assert not [one for one in carried(house, release) if one == CLOCK_SHOWN]
    with pytest.raises(InvalidError, match="may show other cameras"):
        propose(
            house,
            row.reference,
            kind=INSURER.kind,
            files=chosen(row, "clip.mp4", "clock-check.png"),
        )
    with pytest.raises(InvalidError, match="nothing of"):
        propose(house, row.reference, files=chosen(row, "clock-check.png"))
    without = propose(house, row.reference, files=chosen(row, "clip.mp4"))
    assert CLOCK_PICTURE not in carried(house, without)
    assert failures(house) == []


def test_a_picture_that_came_later_is_in_no_release_of_before(house: House) -> None:
    row = house.unplayable()
    release = sealed(house, row.reference)
    correct(house, row, picture=look(house, photograph()))
    assert CLOCK_PICTURE not in carried(house, release)
    assert failures(house) == []


def test_while_an_open_release_carries_it_no_other_is_stated(house: House) -> None:
    row = house.unplayable()
    correct(house, row, picture=look(house, photograph()))
    propose(house, row.reference)
    with pytest.raises(StateError, match="carries the picture of the clock"):
        correct(house, row, picture=look(house, photograph()))
    with pytest.raises(StateError, match="carries the picture of the clock"):
        correct(house, row, clock_offset_ms=None)
    correct(house, row, title="Mill Lane")


def test_a_release_with_a_picture_that_is_stated_no_more_goes_nowhere(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = house.unplayable()
    correct(house, row, picture=look(house, photograph()))
    release = propose(house, row.reference)
    # As when somebody proposes it in the moment in which another picture is stated.
    monkeypatch.setattr("export.release.corrections.require_uncarried", lambda *_: None)
    correct(house, row, picture=look(house, photograph()))
    with pytest.raises(StateError, match="states another picture of its clock"):
        house.approve(release)


def test_a_held_exhibit_holds_its_picture(house: House) -> None:
    row, holds = house.unplayable(), house.services.holds
    operator = house.subjects[Role.OPERATOR]
    house.do(
        Role.OPERATOR,
        lambda s: holds.place(s, row.reference, reason="a case", by=operator, at=utc_now()),
    )
    holds.apply(row.id)
    correct(house, row, picture=look(house, photograph()))
    assert house.look(lambda s: holds.of(s, row.id))[0].standing is HoldState.APPLYING


def test_a_picture_that_is_not_the_stated_one_is_named_by_the_audit(house: House) -> None:
    row = house.unplayable()
    correct(house, row, picture=look(house, photograph()))
    with house.services.transaction() as session:
        where = select(ExhibitFileRow.id).where(
            ExhibitFileRow.exhibit == row.id, ExhibitFileRow.kind == CLOCK_PICTURE
        )
        found = session.exec(where).one()
        session.execute(
            update(ExhibitFileRow)
            .where(ExhibitFileRow.id == found)  # type: ignore[arg-type]
            .values(sha256="ab" * 32)
        )
        report = audit_session(house.services, session)
        session.rollback()
    assert any("picture of its clock that it does not have" in one.words for one in report.failed)
