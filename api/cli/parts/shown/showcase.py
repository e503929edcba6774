"""Edge. What the demonstration shows beside its main job: one of each, all of it invented."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from api.acts import act
from api.cli.parts.shown.asking import Askers
from api.cli.terminal.arrivals import take_in
from api.cli.terminal.progress import Bar
from api.cli.terminal.waits import wait_for_copy, wait_for_seal
from api.demonstration.payers import pay_at
from api.services import Services
from evidence.exhibits.clocks import LONDON
from evidence.exhibits.particulars import NewExhibit
from evidence.people.access import Subject
from evidence.requests.states import RequestState
from export.delivery.handoffs import NewHandoff
from export.media.sample import make_sample
from export.release.proposals import Delivery, NewRelease, ReleaseKind
from export.release.releases import label
from export.release.tables import ReleaseRow

_SECONDS = 3
_INSURER = NewRelease(
    exhibits=(),
    kind=ReleaseKind.INSURER,
    recipient_name="Jo Sample",
    recipient_email="jo.sample@harbour-mutual.example",
    organisation="Harbour Mutual (fictional)",
    purpose="claim HM-20461: collision at the junction",
    basis="DPA 2018 Sch 2 para 5(3)(c)",
    delivery=Delivery.LINK,
)
_POLICE = NewRelease(
    exhibits=(),
    kind=ReleaseKind.POLICE,
    recipient_name="DS Sam Example",
    recipient_email="sam.example@barchester.police.example",
    organisation="Barchester Constabulary (fictional)",
    purpose="investigation of a robbery",
    basis="DPA 2018 Sch 2 para 2",
    delivery=Delivery.LINK,
)


class Showcase:
    """Makes exhibits and releases in different states, as two people would."""

    def __init__(
        self, services: Services, operator: Subject, releaser: Subject, governance: Subject
    ) -> None:
        self._services = services
        self._askers = Askers(services, operator, releaser, governance, pay=pay_at)
        self._operator = operator
        self._releaser = releaser

    def fill(self, folder: Path) -> None:
        """Make all of them; clips are written to ``folder``."""
        with Bar("Filling the console") as bar:
            bar.show(0, "exhibits")
            bus, shop = self._exhibits(folder)
            bar.show(0, "requests")
            asked = self._askers.ask(shop)
            bar.show(0, "releases")
            self._propose(replace(_INSURER, exhibits=(bus,)))
            refused = self._propose(replace(_INSURER, exhibits=(shop,), purpose="no claim yet"))
            why = "No claim reference: ask again with the number of the claim"
            self._decide(self._services.decisions.refuse, label(refused), why)
            insurer = self._askers.release_of(asked[RequestState.RELEASED], shop)
            self._seal(self._propose(replace(insurer, delivery=Delivery.LINK)), bar)
            self._seal(self._propose(replace(_POLICE, exhibits=(shop,), urgent=True)), bar)
            revoked = self._seal(self._propose(replace(_INSURER, exhibits=(bus,))), bar)
            why = "It was meant for another claim"
            self._decide(self._services.revocations.revoke, label(revoked), why)
            handed = self._askers.release_of(asked[RequestState.COLLECTED], shop)
            handed = replace(handed, delivery=Delivery.HANDOFF)
            self._hand_over(self._seal(self._propose(handed), bar))
            bar.done_words = (
                "a request in each state, and releases waiting, refused, out, urgent, revoked and "
                "handed over"
            )

    def _exhibits(self, folder: Path) -> tuple[str, str]:
        """Take in two clips that play, one of them under a legal hold, and a file that is none."""
        starts = self._services.clock().astimezone(LONDON).replace(microsecond=0)
        starts -= timedelta(hours=5)
        names = []
        for name, camera, title, size in (
            ("bus-lane.mp4", "BAR-0042", "Bus lane at Station Road", (640, 360)),
            ("shopping-parade.mp4", "BAR-0108", "Shopping parade, north side", (480, 360)),
        ):
            clip = folder / name
            make_sample(clip, seconds=_SECONDS, first_at=starts, size=size)
            names.append(self._take_in(clip, camera, title, starts))
        broken = folder / "not-a-clip.mp4"
        broken.write_text("This file says that it is a clip, and is none.\n", "utf-8")
        self._take_in(broken, "BAR-0042", "An export that went wrong", starts)
        reason = "Barchester Constabulary asked to keep it: investigation goes on"
        self._decide(self._services.holds.place, names[1], reason)
        return names[0], names[1]

    def _take_in(self, clip: Path, camera: str, title: str, starts: datetime) -> str:
        """Take in a clip and wait until it was looked at; return its reference."""
        row = take_in(
            self._services,
            self._operator,
            NewExhibit(
                reference="AK",
                camera=camera,
                displayed_start=starts.isoformat(),
                displayed_end=(starts + timedelta(seconds=_SECONDS)).isoformat(),
                clock_offset_ms=-4_000,
                clock_reference="invented for the demonstration",
                title=title,
                method="invented for the demonstration",
            ),
            [clip],
        )
        with Bar(f"Looking at {clip.name}") as bar:
            bar.done_words = f"{row.reference} {wait_for_copy(self._services, row.id, bar)}"
        return row.reference

    def _propose(self, new: NewRelease) -> ReleaseRow:
        services, operator = self._services, self._operator
        return act(
            services,
            operator,
            lambda session: services.proposals.propose(
                session, new, by=operator, at=services.clock()
            ),
        )

    def _seal(self, release: ReleaseRow, bar: Bar) -> ReleaseRow:
        """Approve a release as the second person, and wait until it is sealed."""
        services, releaser = self._services, self._releaser
        act(
            services,
            releaser,
            lambda session: services.decisions.approve(
                session,
                label(release),
                by=releaser,
                at=services.clock(),
                reason="necessary and proportionate",
                seal=True,
            ),
        )
        wait_for_seal(services, release.id, bar)
        return release

    def _decide(self, decision: Callable[..., object], name: str, reason: str) -> None:
        """Have the releaser decide something about a record, which takes a reason."""
        services, by = self._services, self._releaser
        act(
            services,
            by,
            lambda session: decision(session, name, by=by, at=services.clock(), reason=reason),
        )

    def _hand_over(self, release: ReleaseRow) -> None:
        services, operator = self._services, self._operator
        handed = NewHandoff(
            system="the force's evidence system (fictional)",
            reference="BC/2026/1187",
            acceptance="taken over by the property office",
        )
        act(
            services,
            operator,
            lambda session: services.handoffs.record(
                session, label(release), handed, by=operator, at=services.clock()
            ),
        )
