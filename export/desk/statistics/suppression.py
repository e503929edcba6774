"""Pure. Which figures are hidden, so that neither they nor what is shown beside them name anybody.

A number that is not zero and below the council's least is hidden. As the total is shown, so are
others until what the total tells of the hidden ones together is no small number either: each of
them may then be any number from one to the least. Where there are no others, the whole table is
hidden, its zeros too, and each may be zero. Every hidden figure looks alike, whatever it is hidden
for. A total below the least is hidden itself.
"""

from collections.abc import Sequence


def hidden(counts: Sequence[int], least: int) -> frozenset[int]:
    """Return the places of the figures of one table that are hidden.

    They are parts of one total, which is shown if it is at least ``least``.
    """
    hide = {place for place, count in enumerate(counts) if 0 < count < least}
    rest = [place for place, count in enumerate(counts) if count >= least]
    rest.sort(key=lambda place: (counts[place], place))
    while hide and _tells(counts, hide, least):
        if not rest:
            return frozenset(range(len(counts)))
        hide.add(rest.pop(0))
    return frozenset(hide)


def _tells(counts: Sequence[int], hide: set[int], least: int) -> bool:
    """Tell whether the sum of what is hidden leaves too little to choose from for one of them."""
    together = sum(counts[place] for place in hide)
    return len(hide) == 1 or together - (len(hide) - 1) < least


def shown(count: int, least: int) -> int | None:
    """Return a figure that is part of no total; None: it is hidden."""
    return None if 0 < count < least else count


def rounded(count: int, base: int) -> int | None:
    """Return a figure to the nearest ``base``; None: it is below it, zero included.

    Where figures are given again and again, or of days that overlap, the difference of two exact
    ones would be a small number. Of these it is zero, or a whole step.
    """
    return None if count < base else (2 * count + base) // (2 * base) * base
