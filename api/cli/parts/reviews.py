"""Edge. `custos dispose review`: which exhibits are due, which are needed yet, their classes."""

import argparse
from collections.abc import Callable, Mapping
from functools import partial

from api.acts import act
from api.cli.terminal.caller import add_acting
from api.services import Services
from api.web.console.days import parse_day
from api.words import local_date
from custody.printable import printable
from evidence.exhibits.tables import ExhibitRow
from evidence.paging import Cursor, Page, every
from evidence.people.access import Subject
from evidence.retention.due import ExhibitReview

_AT_ONCE = 100


def add_review(review: argparse.ArgumentParser) -> None:
    """Add the options of `custos dispose review`."""
    steps = review.add_subparsers(dest="step", required=True)
    listing = steps.add_parser("list", help="list what is due, what is longest overdue first")
    keeping = steps.add_parser("keep", help="say that an exhibit is needed yet")
    keeping.add_argument("ref", help="JS/1")
    keeping.add_argument("--until", required=True, help="the day on which somebody looks again")
    putting = steps.add_parser("class", help="put an exhibit into a class of retention")
    putting.add_argument("ref", help="JS/1")
    putting.add_argument("retention_class", metavar="class", help="as council.toml calls it")
    for one in (keeping, putting):
        one.add_argument("--reason", required=True)
    for one in (listing, keeping, putting):
        add_acting(one)


def _list(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    del given
    for one in every(partial(_page, services, subject)):
        words = one.class_words if one.classified else f"{one.class_words} (nobody chose it)"
        due, came = local_date(one.due_at), local_date(one.row.received_at)
        print(f"{one.row.reference:<10} due {due}, came {came}: {printable(words)}")
    return 0


def _page(services: Services, subject: Subject, cursor: Cursor | None) -> Page[ExhibitReview]:
    at, lists = services.clock(), services.due_reviews
    return act(
        services,
        subject,
        lambda s: lists.page(s, by=subject, at=at, cursor=cursor, most=_AT_ONCE),
    )


def _keep(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    at, until = services.clock(), parse_day("until", given.until)
    keep, reason = services.reviews.keep, given.reason
    row = act(
        services,
        subject,
        lambda s: keep(s, given.ref, until=until, by=subject, at=at, reason=reason),
    )
    return _say(services, row)


def _put(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    at, classify = services.clock(), services.reviews.classify
    said = {"retention_class": given.retention_class, "reason": given.reason}
    row = act(services, subject, lambda s: classify(s, given.ref, **said, by=subject, at=at))
    return _say(services, row)


def _say(services: Services, row: ExhibitRow) -> int:
    now = services.due_reviews.of(row)
    print(f"{row.reference} ({printable(now.class_words)}): review on {local_date(now.due_at)}.")
    return 0


REVIEW_STEPS: Mapping[tuple[str, str], Callable[[argparse.Namespace, Services, Subject], int]] = {
    ("review", "list"): _list,
    ("review", "keep"): _keep,
    ("review", "class"): _put,
}
"""What each step does."""
