"""Edge. `custos request`: what staff do about a request, as `api/routes/desk` does it."""

import argparse
import json
from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlmodel import Session

from api.acts import act
from api.cli.terminal.caller import add_acting
from api.cli.terminal.errors import UsageError
from api.routes.desk.decisions import DECIDED, refuse, take
from api.routes.requests import WholeRequestView, as_it_stands
from api.services import Services
from custody.printable import printable, printable_json
from evidence.exhibits.clocks import LONDON
from evidence.paging import Cursor, Page, every
from evidence.people.access import Subject
from evidence.requests.asked import parse_preserved
from evidence.requests.documents.kinds import DocumentKind, SeenHow
from evidence.requests.states import Path, Refusal, RequestStep, ReviewOutcome
from export.desk.asked.queue import RequestGroup, WantedRequests
from export.desk.requests import ListedRequest

_AT_ONCE = 200
_DECISIONS = {one.command: one for one in DECIDED}


def add_arguments(whats: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add what is done about a request."""
    listing = whats.add_parser("list", help="list requests, what is overwritten next first")
    groups, paths = [one.value for one in RequestGroup], [one.value for one in Path]
    listing.add_argument("--show", choices=groups, default=RequestGroup.OPEN.value)
    listing.add_argument("--path", choices=paths, help="who asks (all)")
    listing.add_argument("--words", default="", help="a number of ours, or of an incident")
    listing.add_argument("--mine", action="store_true", help="those that you dealt with")
    add_acting(listing)
    _add(whats, "show", "show a request: what is asked, and what was done")
    _add_footage(whats)
    for name, one in _DECISIONS.items():
        _add(whats, name, one.what.rstrip("."), reason=True)
    refusing = _add(whats, "refuse", "refuse a request, with a code and a reason", reason=True)
    refusing.add_argument("--code", required=True, choices=[one.value for one in Refusal])
    linking = _add(whats, "link", "link a request to an incident of the council's own system")
    linking.add_argument("--incident", required=True, help="its number there")
    _add(whats, "unlink", "say that a request belongs to no incident", reason=True)
    seeing = _add(whats, "seen", "record a document that was seen elsewhere", reason=True)
    kinds, ways = [one.value for one in DocumentKind], [one.value for one in SeenHow]
    seeing.add_argument("--kind", required=True, choices=kinds)
    seeing.add_argument("--how", required=True, choices=ways)
    wanting = _add(whats, "ask-document", "ask whoever asked for a document", reason=True)
    wanting.add_argument("--kind", required=True, choices=kinds)


def _add_footage(whats: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add what is done about the footage of a request."""
    preserving = _add(whats, "preserve", "confirm that all that is asked is preserved")
    preserving.add_argument(
        "--camera", action="append", required=True, dest="cameras", help="BAR-0017; repeatable"
    )
    preserving.add_argument("--from", dest="start", required=True, help="2026-11-20 14:00:00")
    preserving.add_argument("--to", dest="end", required=True)
    preserving.add_argument("--where", required=True, help="where it is kept")
    covering = _add(whats, "cover", "say whether cameras cover a request", reason=True)
    covering.add_argument("--not-covered", action="store_true", help="none does")
    searching = _add(whats, "search", "record a search of what is preserved already")
    searching.add_argument("--result", required=True, help="what it came to")
    reviewing = _add(whats, "review", "begin to look at footage, or say what that came to")
    outcomes = [one.value for one in ReviewOutcome]
    reviewing.add_argument("--outcome", choices=outcomes, help="left out: the review begins")
    reviewing.add_argument(
        "--exhibit", action="append", default=[], dest="exhibits", help="JS/1; repeatable"
    )
    reviewing.add_argument("--reason", default="", help="what it came to, in words")


def _add(
    whats: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    words: str,
    *,
    reason: bool = False,
) -> argparse.ArgumentParser:
    """Add a command about one request; ``reason``: it needs one."""
    parser = whats.add_parser(name, help=words[0].lower() + words[1:])
    parser.add_argument("request", help="BAR-7K4M-2XQ9-J")
    if reason:
        parser.add_argument("--reason", required=True)
    add_acting(parser)
    return parser


def _list(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    for one in every(partial(_page, given, services, subject)):
        row, due = one.row, one.row.overwrite_due_at.astimezone(LONDON)
        kept = "preserved" if row.preserved_at else f"overwritten {due:%Y-%m-%d %H:%M}"
        words = f"{row.urn:<16} {row.state:<18} {row.path:<10} {kept:<28} {one.organisation}"
        print(printable(words.rstrip()))
    return 0


def _page(
    given: argparse.Namespace, services: Services, subject: Subject, cursor: Cursor | None
) -> Page[ListedRequest]:
    path = Path(given.path) if given.path else None
    wanted = WantedRequests(given.words, path, subject.person if given.mine else None)
    return act(
        services,
        subject,
        lambda session: services.request_list.page(
            session,
            RequestGroup(given.show),
            wanted=wanted,
            by=subject,
            at=services.clock(),
            cursor=cursor,
            most=_AT_ONCE,
        ),
    )


def _show(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    view = as_it_stands(services, subject, given.request)
    told = json.dumps(view.model_dump(mode="json"), indent=2, ensure_ascii=False)
    print(printable_json(told))
    return 0


def _decide(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    step = _DECISIONS[given.what].step
    return _say(take(services, subject, given.request, step, given.reason), step)


def _cover(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    step = RequestStep.NOT_COVERED if given.not_covered else RequestStep.COVERED
    return _say(take(services, subject, given.request, step, given.reason), step)


def _refuse(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    view = refuse(services, subject, given.request, Refusal(given.code), given.reason)
    return _say(view, RequestStep.REFUSED)


def _preserve(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    kept = parse_preserved("\n".join(given.cameras), given.start, given.end, given.where)
    decisions = services.request_decisions
    return _do(
        given,
        services,
        subject,
        lambda session, at: decisions.confirm_preserved(
            session, given.request, kept, by=subject, at=at
        ),
        RequestStep.PRESERVED,
    )


def _search(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    decisions = services.request_decisions
    return _do(
        given,
        services,
        subject,
        lambda session, at: decisions.search_preserved(
            session, given.request, by=subject, at=at, result=given.result
        ),
        RequestStep.SEARCHED,
    )


def _review(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    decisions, name = services.request_decisions, given.request
    if given.outcome is None:
        if given.exhibits or given.reason:
            raise UsageError("say what the review came to as well: --outcome")
        return _do(
            given,
            services,
            subject,
            lambda session, at: decisions.begin_review(session, name, by=subject, at=at),
            RequestStep.REVIEW_BEGUN,
        )
    outcome = ReviewOutcome(given.outcome)
    return _do(
        given,
        services,
        subject,
        lambda session, at: decisions.complete_review(
            session,
            name,
            outcome,
            exhibits=given.exhibits,
            by=subject,
            at=at,
            reason=given.reason,
        ),
        outcome.replace("_", " "),
    )


def _link(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    links = services.request_links
    return _do(
        given,
        services,
        subject,
        lambda session, at: links.link_incident(
            session, given.request, given.incident, by=subject, at=at
        ),
        RequestStep.LINKED,
    )


def _unlink(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    links = services.request_links
    return _do(
        given,
        services,
        subject,
        lambda session, at: links.unlink_incident(
            session, given.request, by=subject, at=at, reason=given.reason
        ),
        RequestStep.UNLINKED,
    )


def _see(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    checks, kind, how = services.document_checks, DocumentKind(given.kind), SeenHow(given.how)
    return _do(
        given,
        services,
        subject,
        lambda session, at: checks.see(
            session, given.request, kind, how, by=subject, at=at, reason=given.reason
        ),
        f"{kind} seen {how}",
    )


def _ask(given: argparse.Namespace, services: Services, subject: Subject) -> int:
    checks, kind = services.document_checks, DocumentKind(given.kind)
    return _do(
        given,
        services,
        subject,
        lambda session, at: checks.ask(
            session, given.request, kind, by=subject, at=at, reason=given.reason
        ),
        f"{kind} asked for",
    )


def _do(
    given: argparse.Namespace,
    services: Services,
    subject: Subject,
    work: Callable[[Session, datetime], object],
    done: str,
) -> int:
    """Do something about a request, and say what was done."""
    return _say(as_it_stands(services, subject, given.request, work), done)


def _say(view: WholeRequestView, done: str) -> int:
    print(f"Request {view.urn}: {done}. It is {view.state.replace('_', ' ')} now.")
    return 0


COMMANDS = {
    "list": _list,
    "show": _show,
    "preserve": _preserve,
    "cover": _cover,
    "search": _search,
    "review": _review,
    "refuse": _refuse,
    "link": _link,
    "unlink": _unlink,
    "seen": _see,
    "ask-document": _ask,
    **dict.fromkeys(_DECISIONS, _decide),
}
"""What staff do about a request, by the word of the command line."""
