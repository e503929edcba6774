"""A whole service in this process, over the real engines: what a test needs to act as anybody."""

import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import make_url
from sqlmodel import Session, func, select

from api.acts import act
from api.builders.clips import free_bytes
from api.demonstration.standins import KEPT as STAND_INS
from api.demonstration.standins import ensure_ports
from api.migrations import migrate
from api.running.first_start import make_first_tokens
from api.running.supervisor import prepare
from api.services import Services
from api.settings.environment import read_settings
from api.settings.facts import Settings
from api.times import utc_now
from api.wiring import build
from custody.errors import NotYetError
from custody.ledger.tables import CustodyEventRow, OutboxRow
from evidence.exhibits.particulars import NewExhibit
from evidence.exhibits.tables import ExhibitRow
from evidence.people.access import Role, Subject
from evidence.people.tables import RefusalRow
from export.holdings.masters import Arrived
from export.media.examine import Examination, examine
from export.media.sample import make_sample
from export.release.proposals import NewRelease, ReleaseKind
from export.release.tables import ReleaseRow
from storage.embedded.directory import DataDirectory
from storage.embedded.engines import Addresses, Engines, S3Access
from storage.embedded.settings import read_settings as read_engine_settings
from tests.polling import poll
from tests.sequencing import Turns, sequencing

T = TypeVar("T")
NEW = NewExhibit(
    reference="AA",
    camera="BAR-0017",
    displayed_start="2026-11-20 14:03:00",
    displayed_end="2026-11-20 14:03:20",
    clock_offset_ms=73_000,
    clock_reference="speaking clock",
    title="High Street",
    method="exported to USB",
)
NO_CLIP = b"no clip at all"
WANTED = NewRelease(
    exhibits=(),
    kind=ReleaseKind.POLICE,
    recipient_name="DC Alex Example",
    recipient_email="alex@barchester.police.example",
    organisation="Barchester Constabulary",
    purpose="investigation of a collision",
    basis="DPA 2018 Sch 2 para 2",
)


_EMPTY = "house_empty"
_FURNISHED = "house_furnished"
"""With somebody of each role, and every event of theirs in its place."""
_LET_IN = """\
# Each file of tests has a database of its own; nothing else is let in by this.
local "/^house_" custos_owner,custos_app scram-sha-256
"""


_FOUND: list[Examination] = []
"""What the first examination of `NO_CLIP` in this process found."""


def _found_once(master: Path, job: Path, **told: Any) -> Examination:  # noqa: ANN401
    """Examine as the service does, or say what it found of the same bytes before."""
    assert master.read_bytes() == NO_CLIP
    if not _FOUND:
        _FOUND.append(examine(master, job, **told))
    return _FOUND[0]


@dataclass
class House:
    """The services, and a token and a subject for each role, and for nobody in particular."""

    settings: Settings
    services: Services
    tokens: dict[str, str] = field(default_factory=dict)
    subjects: dict[str, Subject] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    """What its sequencer does, which many a step has to wait for."""

    def do(self, role: str, work: Callable[[Session], T]) -> T:
        """Work in one transaction, as an edge does for the bearer of this role."""
        return act(self.services, self.subjects[role], work)

    def store(self, content: bytes) -> UUID:
        """Take in bytes as the operator; return the upload."""
        services, operator = self.services, self.subjects[Role.OPERATOR]
        stored = services.intake.store(BytesIO(content), by=operator, size=len(content))
        return self.do(
            Role.OPERATOR, lambda session: services.intake.keep(session, stored, at=utc_now())
        )

    def exhibit(
        self, content: bytes = NO_CLIP, new: NewExhibit = NEW, name: str = "clip.mp4"
    ) -> ExhibitRow:
        """Take in an exhibit as the operator."""
        upload = self.store(content)
        return self.do(
            Role.OPERATOR,
            lambda session: self.services.masters.add(
                session, new, [Arrived(upload, name)], by=self.subjects[Role.OPERATOR], at=utc_now()
            ),
        )

    def looked_at(self, exhibit: UUID) -> None:
        """Do what the worker does after intake."""
        self.turns.wait(lambda: self.services.stamps.stamp(exhibit))
        self.services.copies.examine(exhibit)
        self.services.copies.derive(exhibit)

    def undecided(self) -> ExhibitRow:
        """Take in something that no player plays: an exhibit that needs a person."""
        exhibit = self.exhibit(NO_CLIP)
        with mock.patch("export.holdings.copies.examine", _found_once):
            self.looked_at(exhibit.id)
        return exhibit

    def unplayable(self) -> ExhibitRow:
        """Take in something that no player plays: an exhibit that can be released as it is."""
        return self.accept(self.undecided())

    def accept(self, exhibit: ExhibitRow) -> ExhibitRow:
        """Accept the master alone of an exhibit that needs a person, as the operator."""
        by = self.subjects[Role.OPERATOR]
        return self.do(
            Role.OPERATOR,
            lambda session: self.services.remedies.accept(
                session, str(exhibit.id), by=by, at=utc_now(), reason="nothing plays it"
            ),
        )

    def propose(self, *exhibits: str, role: str = Role.OPERATOR) -> ReleaseRow:
        """Propose a release."""
        wanted = replace(WANTED, exhibits=exhibits)
        return self.do(
            role,
            lambda session: self.services.proposals.propose(
                session, wanted, by=self.subjects[role], at=utc_now()
            ),
        )

    def approve(self, release: ReleaseRow, role: str = Role.RELEASER) -> None:
        """Approve a release."""
        self.do(
            role,
            lambda session: self.services.decisions.approve(
                session, str(release.id), by=self.subjects[role], at=utc_now(), reason="necessary"
            ),
        )

    def seal(self, release: ReleaseRow) -> None:
        """Seal an approved release, as the worker does."""
        self.do(
            Role.OPERATOR,
            lambda session: self.services.decisions.start_sealing(
                session, str(release.id), by=self.subjects[Role.OPERATOR]
            ),
        )
        self.services.sealing.seal(release.id)

    def events(self, record: UUID) -> list[tuple[str, dict[str, object]]]:
        """Return the events of a record with their values, once all have their place."""
        history = self.turns.wait(
            lambda: self.look(lambda s: self.services.ledger.history(s, record))
        )
        return [
            (event.entry.event, {opening.field: opening.value for opening in event.openings})
            for event in history
        ]

    def refusals(self) -> int:
        """Return how many refusals are on record: as events, or counted until the hour is over."""
        told = select(func.count()).where(CustodyEventRow.event == "access.refused")
        more = select(func.coalesce(func.sum(RefusalRow.more), 0))
        return self.look(lambda s: s.exec(told).one() + int(s.exec(more).one()))

    def look(self, work: Callable[[Session], T]) -> T:
        """Read something in a transaction of its own."""
        with self.services.transaction() as session:
            return work(session)


def patiently(work: Callable[[], T]) -> T:
    """Do what may have to wait for the sequencer."""
    pause = threading.Event()
    for _ in range(400):
        try:
            return work()
        except NotYetError:
            pause.wait(0.02)
    return work()


@contextmanager
def house_in(settings: Settings) -> Iterator[House]:
    """Build the services over running engines as a first start does, and let people in."""
    prepare(settings)
    with _open(settings) as house:
        make_first_tokens(house.services, settings.tokens)
        yield _let_in(house)


@contextmanager
def _open(settings: Settings) -> Iterator[House]:
    """Build the services over what is prepared, with the sequencer as a thread."""
    services = build(settings, pool_size=5)
    try:
        house = House(settings, services)
        # Sealing looks for the sequencer's work ten times a second: here it is told of it.
        services.sealing._wait = house.turns.wait
        # Where its database is, is no matter of the house: its store is on this disk.
        services.intake._free_bytes = partial(free_bytes, replace(settings, engines=None))
        with sequencing(services, house.turns):
            yield house
    finally:
        services.close()


def _let_in(house: House) -> House:
    """Give a token to somebody of each role, and to somebody of none."""
    services, clock = house.services, house.services.clock()
    with services.transaction() as session:
        by = services.people.subject(session, services.people.known(session, "the tests"), ())
        for role in (*Role, "nobody"):
            person = services.people.add(session, f"Test {role}")
            roles = () if role == "nobody" else (Role(role),)
            house.tokens[role] = services.tokens.add(session, person, roles, by=by, at=clock)
            house.subjects[role] = services.people.subject(session, person, roles)
    return house


@dataclass(frozen=True)
class Superuser:
    """Whoever owns the machine, and so can do anything to the database."""

    url: str

    @classmethod
    def of(cls, engines: Engines) -> "Superuser":
        directory = DataDirectory(engines._directory.path)
        password = read_engine_settings(directory.settings).passwords["postgres"]
        url = make_url(engines.addresses.owner_url).set(username="postgres", password=password)
        return cls(url.render_as_string(hide_password=False))

    def at(self, database: str) -> str:
        """Return the address of a database, as SQLAlchemy wants it."""
        return _at(self.url, database)

    def connect(self, database: str) -> psycopg.Connection:
        """Connect past every right and trigger."""
        conninfo = self.at(database).replace("postgresql+psycopg:", "postgresql:", 1)
        connection = psycopg.connect(conninfo, autocommit=True)
        connection.execute("SET session_replication_role = replica")
        return connection


def _at(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


class Estate:
    """The engines of one worker, on which each house has a database of its own."""

    def __init__(self, engines: Engines, folder: Path) -> None:
        self.engines = engines
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._first: House | None = None
        self.superuser = Superuser.of(engines)
        self._numbers = count(1)
        rules = engines._directory.postgres / "pg_hba.conf"
        rules.write_text(_LET_IN + rules.read_text(encoding="ascii"), encoding="ascii")
        with self.superuser.connect("postgres") as connection:
            # A power cut is no matter of these tests: what the kernel holds, a killed server finds.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")
        addresses = self._make(_EMPTY, template="template1")
        poll(lambda: _lets_in(addresses))  # the server reads its rules again when it comes to it
        migrate(addresses.owner_url, addresses.app_url)

    @contextmanager
    def house(
        self, folder: Path, furnish: Callable[[Settings], None] = lambda _: None
    ) -> Iterator[House]:
        """Build the services anew, on a copy of what was there when the first people were let in.

        So each file of tests begins alike, and its start costs a copy. ``furnish`` may change
        something of the folder before.
        """
        first = self._first = self._first or self._furnish()
        with self.plot(folder, template=_FURNISHED) as settings:
            ignored = shutil.ignore_patterns(STAND_INS)
            shutil.copytree(first.settings.data, folder, ignore=ignored, dirs_exist_ok=True)
            ensure_ports(folder)
            furnish(settings)
            with _open(settings) as house:
                house.tokens, house.subjects = dict(first.tokens), dict(first.subjects)
                yield house

    def _furnish(self) -> House:
        settings = read_settings({}, data=self._folder, port=8000)
        addresses = self._make(_FURNISHED, template=_EMPTY)
        with house_in(replace(settings, engines=addresses)) as house:
            poll(lambda: house.look(_all_has_its_place))
        return house

    @contextmanager
    def plot(
        self, folder: Path, *, dump: str | None = None, template: str = _EMPTY
    ) -> Iterator[Settings]:
        """Give somebody a fresh database; yield the settings of a demonstration in ``folder``.

        ``dump``: what stands in it, as SQL, instead of the empty tables of this version.
        """
        name = f"house_{next(self._numbers)}"
        settings = read_settings({}, data=folder, port=8000)
        addresses = self._make(name, template=template if dump is None else "template1")
        try:
            if dump is not None:
                with self.superuser.connect(name) as connection:
                    connection.execute(dump.encode())
            yield replace(settings, engines=addresses)
        finally:
            with self.superuser.connect("postgres") as connection:
                connection.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
                )

    def _make(self, name: str, *, template: str) -> Addresses:
        """Make a database as `Postgres.make_roles` makes the service's."""
        words = (
            # Copied as files: page by page through the log, it takes twice the work.
            "CREATE DATABASE {name} TEMPLATE {template} OWNER custos_owner STRATEGY FILE_COPY",
            "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            "GRANT CONNECT ON DATABASE {name} TO custos_app",
        )
        with self.superuser.connect("postgres") as connection:
            for one in words:
                connection.execute(
                    sql.SQL(one).format(
                        name=sql.Identifier(name), template=sql.Identifier(template)
                    )
                )
        shared = self.engines.addresses
        return replace(
            shared,
            owner_url=_at(shared.owner_url, name),
            app_url=_at(shared.app_url, name),
            log_prefix=f"{name}/",
        )


def _all_has_its_place(session: Session) -> bool:
    return session.exec(select(func.count()).select_from(OutboxRow)).one() == 0


def _lets_in(addresses: Addresses) -> bool:
    try:
        psycopg.connect(addresses.app_url.replace("postgresql+psycopg:", "postgresql:", 1)).close()
    except psycopg.OperationalError:
        return False
    return True


def environment(addresses: Addresses) -> dict[str, str]:
    """Say where engines are as somebody says it who runs them outside of Custos."""
    intake = addresses.intake
    said = {
        "DATABASE_OWNER_URL": addresses.owner_url,
        "DATABASE_URL": addresses.app_url,
        "S3_ENDPOINT": intake.endpoint,
        "S3_REGION": intake.region,
        "S3_CA": intake.authority,
        "S3_VAULT_BUCKET": addresses.vault_bucket,
        "S3_LOG_BUCKET": addresses.log_bucket,
        "S3_LOG_PREFIX": addresses.log_prefix,
    }
    for name in ("intake", "publisher", "disposal"):
        access: S3Access = getattr(addresses, name)
        said[f"S3_{name.upper()}_KEY"] = access.access_key
        said[f"S3_{name.upper()}_SECRET"] = access.secret_key
    return {f"CUSTOS_{name}": value for name, value in said.items()}


@cache
def clip(folder: Path) -> Path:
    """Make a small clip that plays, once."""
    path = folder / "high-street.mp4"
    make_sample(path, seconds=1, first_at=utc_now(), size=(160, 120))
    return path


def digest(content: bytes) -> str:
    """Return a SHA-256 as our formats write it."""
    return hashlib.sha256(content).hexdigest()
