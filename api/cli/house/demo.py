"""Edge. `custos demo`: the main job from start to end, in a fresh directory, before your eyes."""

import argparse
import re
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from api.acts import act
from api.builders.record.trust import trust_file
from api.cli.house.up import await_signal
from api.cli.parts.log_export import export_log
from api.cli.parts.shown.showcase import Showcase
from api.cli.proof import verify
from api.cli.terminal.acting import port_number
from api.cli.terminal.arrivals import take_in
from api.cli.terminal.caller import settings_of
from api.cli.terminal.errors import UsageError
from api.cli.terminal.packages import seal_and_collect
from api.cli.terminal.progress import Bar
from api.cli.terminal.waits import wait_for_copy
from api.demonstration.standins import ACTORS, sign_in_of
from api.running.processes import NAMES
from api.running.supervisor import Supervisor
from api.services import Services
from evidence.exhibits.clocks import LONDON
from evidence.exhibits.particulars import NewExhibit
from evidence.people.access import Role, Subject
from export.media.sample import make_sample
from export.release.proposals import Delivery, NewRelease, ReleaseKind
from export.release.releases import label

HOUSE = Path("demo")
SECONDS = 20
INVENTED = "invented for the demonstration"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `custos demo`."""
    parser.add_argument("--clip", type=Path, help="your own clip; otherwise one is made")
    parser.add_argument("--out", type=Path, default=HOUSE, help="folder for the results (demo)")
    parser.add_argument("--data", type=Path, help="data directory; otherwise a fresh one")
    parser.add_argument("--port", type=port_number, help="port to serve on (8000)")
    parser.add_argument(
        "--once", action="store_true", help="stop when the package is verified, do not serve"
    )
    parser.add_argument(
        "--log", type=Path, metavar="DIR", help="write the public log into a directory, too"
    )


def run(given: argparse.Namespace) -> int:
    """Run the demonstration; the exit code is the verdict's."""
    if given.clip is not None and not given.clip.is_file():
        raise UsageError(f"there is no clip {given.clip}")
    given.out.mkdir(parents=True, exist_ok=True)
    if given.data is None:
        given.data = Path(tempfile.mkdtemp(prefix="data-", dir=given.out))
    settings = settings_of(given, port=given.port)
    if settings.production:
        raise UsageError("the demonstration does not run with CUSTOS_ENV=production")
    if settings.pay is not None:
        raise UsageError("the demonstration pays at a stand-in of its own: unset CUSTOS_PAY_KEY")
    names = [name for name in NAMES if name != "web" or not given.once]
    with Supervisor(settings, names, lambda words: print(words, flush=True)) as supervisor:
        code = _demonstrate(supervisor.services, given)
        if given.log is not None:
            export_log(supervisor.services, given.log)
        if not given.once:
            _fill_console(supervisor.services, given)
            print(
                f"\nCustos serves on {settings.origin}\n"
                f"  {settings.origin}/                    sign in as any of the roles\n"
                f"  {settings.origin}/demonstration/mail  what was sent, codes and links included\n"
                f"  {settings.origin}/openapi.json        the API under /api/v1\n"
                "Ctrl-C stops.",
                flush=True,
            )
            await_signal()
            print("Stopping ...", flush=True)
    return code


def _fill_console(services: Services, given: argparse.Namespace) -> None:
    """Make one of everything, so that the console has something to show."""
    operator, releaser = (_subject(services, role) for role in (Role.OPERATOR, Role.RELEASER))
    with tempfile.TemporaryDirectory(dir=given.out) as folder:
        Showcase(services, operator, releaser, _signed_in(services, Role.GOVERNANCE)).fill(
            Path(folder)
        )


def _demonstrate(services: Services, given: argparse.Namespace) -> int:
    operator, releaser = (_subject(services, role) for role in (Role.OPERATOR, Role.RELEASER))
    starts = services.clock().astimezone(LONDON).replace(microsecond=0) - timedelta(hours=3)
    clip = given.clip
    if clip is None:
        clip = given.out / "high-street.mp4"
        with Bar("Making a clip with a burnt-in clock"):
            make_sample(clip, seconds=SECONDS, first_at=starts)
    exhibit = take_in(
        services,
        operator,
        NewExhibit(
            reference="JS",
            camera="BAR-0017",
            displayed_start=starts.isoformat(),
            displayed_end=(starts + timedelta(seconds=SECONDS)).isoformat(),
            clock_offset_ms=73_000,
            clock_reference=INVENTED,
            title=f"Demonstration with {clip.name}: camera, times and clock check are invented",
            method=INVENTED,
        ),
        [clip],
    )
    with Bar("Examining, copying, comparing") as bar:
        bar.done_words = f"{exhibit.reference} {wait_for_copy(services, exhibit.id, bar)}"
    release = act(
        services,
        operator,
        lambda session: services.proposals.propose(
            session,
            NewRelease(
                exhibits=(exhibit.reference,),
                kind=ReleaseKind.POLICE,
                recipient_name="DC Alex Example",
                recipient_email="alex.example@barchester.police.example",
                organisation="Barchester Constabulary (fictional)",
                purpose="investigation of a collision",
                basis="DPA 2018 Sch 2 para 2",
                # Without the pages nobody could follow a link.
                delivery=Delivery.NONE if given.once else Delivery.LINK,
            ),
            by=operator,
            at=services.clock(),
        ),
    )
    act(
        services,
        releaser,
        lambda session: services.decisions.approve(
            session, label(release), by=releaser, at=services.clock(), reason="necessary"
        ),
    )
    words = f"✓ Release {label(release)} proposed by one person and approved by another"
    print(words, file=sys.stderr, flush=True)  # where the bars are
    package = seal_and_collect(services, releaser, label(release), given.out)
    council = re.sub("[^a-z0-9]+", "-", services.council.name.lower()).strip("-")
    trust = given.out / f"{council}.trust.json"
    trust.write_bytes(trust_file(services.settings, services.keyring))
    return _verify(package, trust, given)


def _verify(package: Path, trust: Path, given: argparse.Namespace) -> int:
    print(flush=True)
    parser = argparse.ArgumentParser()
    verify.add_arguments(parser)
    code = verify.run(parser.parse_args([str(package), "--trust", str(trust)]))
    custos = sys.argv[0]
    print(
        f"\nYours now:\n  {package}\n  {trust}\n"
        f"What to try next:\n"
        f"  {custos} verify {package} --trust {trust}\n"
        f"  unzip {package} -d {given.out}, open README.html in it, and follow VERIFY.txt\n"
        f"  change one byte of the package, and verify it again",
        flush=True,
    )
    if given.once:
        print(f"  {custos} up --data {given.data}, which serves what this made")
    else:
        audit = f"log audit --data {given.data} --token-file {given.data}/tokens/operator.token"
        print(f"  {custos} {audit}", flush=True)
    return code


def _signed_in(services: Services, role: Role) -> Subject:
    """Return whom the stand-in provider signs in with a role, as if they had signed in."""
    actor = next(one for one in ACTORS if role in one.roles)
    with services.transaction() as session:
        return services.people.sign_in(
            session,
            issuer=sign_in_of(services.settings).issuer,
            subject=actor.subject,
            name=actor.name,
            email=actor.email,
            roles=actor.roles,
            at=services.clock(),
        )


def _subject(services: Services, role: Role) -> Subject:
    token = (services.settings.tokens / f"{role}.token").read_text(encoding="ascii")
    with services.transaction() as session:
        subject = services.tokens.find(session, token, at=services.clock())
    if subject is None:
        raise UsageError(f"the {role}'s token is not valid any more")
    return subject
