"""Pure. Compares what is claimed of a record with the events that it has."""

import json
from collections.abc import Iterable, Mapping, Sequence
from types import NoneType

from custody.audit.facts import (
    Claim,
    Expected,
    Gathered,
    KeptEvent,
    Latest,
    Standing,
    Step,
    Tally,
)
from custody.errors import FormatError
from custody.formats.canonical import JSON, canonical_json, canonical_text, format_time
from custody.formats.shapes import Difference, differences

_FLAT = frozenset({str, int, bool, NoneType})
"""What holds no other value."""
AT = "at"
"""What a claim calls the moment of an event."""


def compare(
    tally: Tally, claim: Claim, kind: str, events: Mapping[str, Sequence[KeptEvent]]
) -> None:
    """Compare a claim with the events of its record; what is erased cannot be compared."""
    try:
        _compare(tally, claim, kind, events)
    except FormatError as error:
        words = f"The database says what no event can say: {error}"
        tally.fail(Step.CLAIMS, words, claim.name)


def _compare(
    tally: Tally, claim: Claim, kind: str, events: Mapping[str, Sequence[KeptEvent]]
) -> None:
    if claim.kind != kind:
        words = "The ledger has a record of another kind under this identifier"
        tally.fail(Step.CLAIMS, words, claim.name, expected=kind, found=claim.kind)
    for flaw in claim.flaws:
        tally.fail(Step.CLAIMS, f"The database contradicts itself: {claim.name} {flaw}", claim.name)
    for name, expected in claim.events.items():
        found = events.get(name, ())
        if expected or found:
            _compare_all(tally, claim, name, expected, found)
    for name, some in claim.among.items():
        _find_among(tally, claim, name, some, events.get(name, ()))
    for latest in claim.latest:
        _compare_latest(tally, claim, latest, events)
    if claim.standing is not None:
        _compare_standing(tally, claim, claim.standing, events)
    if claim.gathered is not None:
        _compare_gathered(tally, claim, claim.gathered, events)


def _compare_all(
    tally: Tally,
    claim: Claim,
    name: str,
    expected: Sequence[Expected],
    found: Sequence[KeptEvent],
) -> None:
    """Compare all events of one name."""
    if len(expected) != len(found):
        tally.fail(
            Step.CLAIMS,
            f"{claim.name}: the database speaks of another number of {name}",
            str(claim.record),
            expected=f"{len(found)} in the ledger",
            found=f"{len(expected)} in the database",
        )
        return
    _compare_values(tally, f"{claim.name}: {name}", expected, found)
    named = {str(one.id) for one in expected if one.id is not None}
    if not named.issubset(event.id for event in found):
        words = f"{claim.name}: the database names another event as its {name}"
        tally.fail(Step.CLAIMS, words, str(claim.record))


def _last(names: Iterable[str], events: Mapping[str, Sequence[KeptEvent]]) -> KeptEvent | None:
    """Return the last of the events of some names."""
    found = (event for name in names for event in events.get(name, ()))
    return max(found, key=lambda event: event.n, default=None)


def _compare_standing(
    tally: Tally, claim: Claim, standing: Standing, events: Mapping[str, Sequence[KeptEvent]]
) -> None:
    """Compare the state of a record with the last event that moved it."""
    last = _last(standing.names, events)
    wanted = None if last is None else standing.by.get(last.name)
    if last is None or wanted is None:
        tally.fail(
            Step.CLAIMS,
            f"{claim.name} is {standing.state} in the database, and its last event is another one",
            str(claim.record),
            expected=" or ".join(sorted(standing.by)) or "no event can say this",
            found="no event" if last is None else last.name,
        )
        return
    _say_differences(tally, f"{claim.name}: {last.name}", wanted, last)


def _find_among(
    tally: Tally, claim: Claim, name: str, some: Sequence[Expected], found: Sequence[KeptEvent]
) -> None:
    """Find each of some events among those of their name."""
    for one in some:
        readable = [event for event in found if one.values.keys() - {AT} <= event.values.keys()]
        if len(readable) == len(found) and not any(_is_same(one, event) for event in found):
            words = f"{claim.name}: the database speaks of a {name} that the ledger has not"
            tally.fail(Step.CLAIMS, words, str(claim.record), found=_joined(_written(one.values)))


def _compare_gathered(
    tally: Tally, claim: Claim, gathered: Gathered, events: Mapping[str, Sequence[KeptEvent]]
) -> None:
    """Compare what events listed, one after another, with what is there now."""
    logged: dict[str, JSON] = {}
    for event in events.get(gathered.name, ()):
        if gathered.field not in event.values:
            return  # erased, or found to be wrong before
        for one in _objects(_read(event.values[gathered.field])):
            logged[str(one[gathered.key])] = one
    stored: dict[str, JSON] = {str(one[gathered.key]): one for one in gathered.items}
    for key in sorted(logged.keys() | stored.keys()):
        for told in _differences(logged.get(key), stored.get(key)):
            tally.fail(
                Step.CLAIMS,
                "The database says something else than the ledger",
                f"{claim.name}: {gathered.name}, {'.'.join(filter(None, (key, told.place)))}",
                expected=canonical_text(told.old),
                found=canonical_text(told.new),
            )


def _differences(logged: JSON, stored: JSON) -> Iterable[Difference]:
    """Return where two values differ; most do nowhere, which is seen without going through them.

    A truth and a number are equal to Python, and are two things to us.
    """
    if isinstance(logged, dict) and isinstance(stored, dict) and logged == stored:
        kinds = list(map(type, stored.values()))
        if _FLAT.issuperset(kinds) and kinds == list(map(type, map(logged.get, stored))):
            return ()
    return differences(logged, stored)


def _read(text: str) -> JSON:
    """Read a value that is known to stand in its canonical form: an event has it."""
    value: JSON = json.loads(text)
    return value


def _objects(value: JSON) -> list[Mapping[str, JSON]]:
    items = value if isinstance(value, list | tuple) else []
    return [one for one in items if isinstance(one, Mapping)]


def _compare_latest(
    tally: Tally, claim: Claim, latest: Latest, events: Mapping[str, Sequence[KeptEvent]]
) -> None:
    """Compare what the last of some events says; what differs is named by its place."""
    names = " or ".join(latest.names)
    last = _last(latest.names, events)
    if last is None:
        words = f"{claim.name}: the ledger has no {names}, and the database speaks of one"
        tally.fail(Step.CLAIMS, words, str(claim.record))
        return
    _say_differences(tally, f"{claim.name}: {names}", latest.values, last)


def _say_differences(
    tally: Tally, subject: str, values: Mapping[str, JSON], event: KeptEvent
) -> None:
    """Say in which places these values differ from what an event says."""
    logged = event.values
    for field, value in values.items():
        if field not in logged:
            continue  # erased, or found to be wrong before
        try:
            said = canonical_text(value)
        except FormatError as error:
            words = f"The database says what no event can say: {error}"
            tally.fail(Step.CLAIMS, words, f"{subject}, {field}")
            continue
        if said == logged[field]:
            continue
        for one in differences(_read(logged[field]), value):
            tally.fail(
                Step.CLAIMS,
                "The database says something else than the ledger",
                f"{subject}, {'.'.join(filter(None, (field, one.place)))}",
                expected=canonical_text(one.old),
                found=canonical_text(one.new),
            )


def _compare_values(
    tally: Tally, subject: str, expected: Sequence[Expected], found: Sequence[KeptEvent]
) -> None:
    fields = frozenset[str]().union(*(one.values for one in expected))
    asked = fields - {AT}
    for event in found:
        if not asked <= event.values.keys():
            return  # erased, or found to be wrong before
    if all(map(_is_same, expected, found)):
        return  # and in this order, as nearly always
    stored = sorted(_joined(_written(one.values)) for one in expected)
    logged = sorted(
        _joined({field: _ordered(_told(event, field)) for field in fields}) for event in found
    )
    for database, ledger in zip(stored, logged, strict=True):
        if database != ledger:
            words = "The database says something else than the ledger"
            tally.fail(Step.CLAIMS, words, subject, expected=ledger, found=database)


def _is_same(expected: Expected, found: KeptEvent) -> bool:
    """Tell whether an event has these values, as far as that is seen without reading them."""
    for name, value in expected.values.items():
        text = _told(found, name)
        if canonical_text(value) == text:
            continue
        if not isinstance(value, list | tuple) or len(value) <= 1:
            return False
        if not _is_list_of([canonical_text(item) for item in value], text):
            return False
    return True


def _told(event: KeptEvent, field: str) -> str:
    """Return a value in its canonical form; of whoever acted only their identifier.

    Their name may be another one by now. The words end in it: ``Jo Smith (<uuid>)``.
    """
    if field == AT:
        return f'"{format_time(event.at)}"'
    text = event.values[field]
    return f'"{text[-38:-2]}"' if field == "actor" and text.endswith(')"') else text


def _is_list_of(items: Sequence[str], text: str) -> bool:
    """Tell whether a text is these items, which are all objects or all texts, in any order.

    A text that falls apart into exactly these where two of them could meet is made of them.
    """
    opening, closing = items[0][0], items[0][-1]
    if opening not in '{"' or any((item[0], item[-1]) != (opening, closing) for item in items):
        return False
    if not (text.startswith(f"[{opening}") and text.endswith(f"{closing}]")):
        return False
    return sorted(text[2:-2].split(f"{closing},{opening}")) == sorted(item[1:-1] for item in items)


def _written(values: Mapping[str, JSON]) -> dict[str, str]:
    return {field: canonical_text(_unordered(value)) for field, value in values.items()}


def _ordered(text: str) -> str:
    """Return a canonical value with its list, if it is one of several items, in our order."""
    if not text.startswith("[") or "," not in text:
        return text
    return canonical_text(_unordered(_read(text)))


def _joined(values: Mapping[str, str]) -> str:
    inside = ",".join(f'"{field}":{text}' for field, text in sorted(values.items()))
    return f"{{{inside}}}"


def _unordered(value: JSON) -> JSON:
    if isinstance(value, list | tuple):
        return sorted(value, key=canonical_json)
    return value
