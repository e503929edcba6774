"""Pure. Compares what is claimed of a record with the events that it has."""

from collections.abc import Mapping, Sequence

from custody.audit.facts import Claim, Expected, KeptEvent, Latest, Step, Tally
from custody.canonical import JSON, canonical_json, format_time, parse_canonical
from custody.errors import FormatError
from custody.shapes import differences

AT = "at"
"""What a claim calls the moment of an event."""


def compare(
    tally: Tally, claim: Claim, kind: str, events: Mapping[str, Sequence[KeptEvent]]
) -> None:
    """Compare a claim with the events of its record; what is erased cannot be compared."""
    if claim.kind != kind:
        words = "The ledger has a record of another kind under this identifier"
        tally.fail(Step.CLAIMS, words, claim.name, expected=kind, found=claim.kind)
    for flaw in claim.flaws:
        tally.fail(Step.CLAIMS, f"The database contradicts itself: {claim.name} {flaw}", claim.name)
    for name, expected in claim.events.items():
        found = events.get(name, ())
        if len(expected) != len(found):
            tally.fail(
                Step.CLAIMS,
                f"{claim.name}: the database speaks of another number of {name}",
                str(claim.record),
                expected=f"{len(found)} in the ledger",
                found=f"{len(expected)} in the database",
            )
            continue
        if not expected:
            continue
        _compare_values(tally, f"{claim.name}: {name}", expected, found)
        known = {event.id for event in found}
        if any(one.id is not None and one.id not in known for one in expected):
            words = f"{claim.name}: the database names another event as its {name}"
            tally.fail(Step.CLAIMS, words, str(claim.record))
    if claim.latest is not None:
        _compare_latest(tally, claim, claim.latest, events)


def _compare_latest(
    tally: Tally, claim: Claim, latest: Latest, events: Mapping[str, Sequence[KeptEvent]]
) -> None:
    """Compare what the last of some events says; what differs is named by its place."""
    names = " or ".join(latest.names)
    found = [event for name in latest.names for event in events.get(name, ())]
    if not found:
        words = f"{claim.name}: the ledger has no {names}, and the database speaks of one"
        tally.fail(Step.CLAIMS, words, str(claim.record))
        return
    logged = found[-1].values
    for field, value in latest.values.items():
        if field not in logged:
            continue  # erased, or found to be wrong before
        try:
            said = canonical_json(value).decode()
        except FormatError as error:
            words = f"The database says what no event can say: {error}"
            tally.fail(Step.CLAIMS, words, f"{claim.name}: {names}, {field}")
            continue
        if said == logged[field]:
            continue
        for one in differences(parse_canonical(logged[field].encode()), value):
            tally.fail(
                Step.CLAIMS,
                "The database says something else than the ledger",
                f"{claim.name}: {names}, {'.'.join(filter(None, (field, one.place)))}",
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
