"""Pure. Compares what is claimed of a record with the events that it has."""

from collections.abc import Iterable, Mapping, Sequence

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
from custody.canonical import JSON, canonical_json, format_time, parse_canonical
from custody.errors import FormatError
from custody.shapes import differences

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
        _compare_all(tally, claim, name, expected, events.get(name, ()))
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
    if not expected:
        return
    _compare_values(tally, f"{claim.name}: {name}", expected, found)
    known = {event.id for event in found}
    if any(one.id is not None and one.id not in known for one in expected):
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
        for one in _objects(parse_canonical(event.values[gathered.field].encode())):
            logged[str(one[gathered.key])] = one
    stored: dict[str, JSON] = {str(one[gathered.key]): one for one in gathered.items}
    for key in sorted(logged.keys() | stored.keys()):
        for told in differences(logged.get(key), stored.get(key)):
            tally.fail(
                Step.CLAIMS,
                "The database says something else than the ledger",
                f"{claim.name}: {gathered.name}, {'.'.join(filter(None, (key, told.place)))}",
                expected=canonical_json(told.old).decode(),
                found=canonical_json(told.new).decode(),
            )


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
            said = canonical_json(value).decode()
        except FormatError as error:
            words = f"The database says what no event can say: {error}"
            tally.fail(Step.CLAIMS, words, f"{subject}, {field}")
            continue
        if said == logged[field]:
            continue
        for one in differences(parse_canonical(logged[field].encode()), value):
            tally.fail(
                Step.CLAIMS,
                "The database says something else than the ledger",
                f"{subject}, {'.'.join(filter(None, (field, one.place)))}",
                expected=canonical_json(one.old).decode(),
                found=canonical_json(one.new).decode(),
            )


def _compare_values(
    tally: Tally, subject: str, expected: Sequence[Expected], found: Sequence[KeptEvent]
) -> None:
    fields = {field for one in expected for field in one.values}
    if not all(fields - {AT} <= event.values.keys() for event in found):
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
        if isinstance(value, list | tuple) and len(value) > 1:
            if not _is_list_of([canonical_json(item).decode() for item in value], text):
                return False
        elif canonical_json(value).decode() != text:
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
    return {field: canonical_json(_unordered(value)).decode() for field, value in values.items()}


def _ordered(text: str) -> str:
    """Return a canonical value with its list, if it is one of several items, in our order."""
    if not text.startswith("[") or "," not in text:
        return text
    return canonical_json(_unordered(parse_canonical(text.encode()))).decode()


def _joined(values: Mapping[str, str]) -> str:
    inside = ",".join(f'"{field}":{text}' for field, text in sorted(values.items()))
    return f"{{{inside}}}"


def _unordered(value: JSON) -> JSON:
    if isinstance(value, list | tuple):
        return sorted(value, key=canonical_json)
    return value
