"""Edge. The card page of the demonstration's payment provider, and what test cards do there."""

import html
from collections.abc import Mapping

from evidence.fees.prices import pounds

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "4444333322221111": ("success", ""),
    "4242424242424242": ("success", ""),
    "4000008260000000": ("success", ""),
    "4000002500003155": ("success", ""),
    "4000000000000002": ("failed", "P0010"),
    "4000000000000069": ("failed", "P0010"),
    "4000000000000127": ("failed", "P0010"),
    "4000000000000119": ("error", "P0050"),
}
"""The numbers that GOV.UK Pay's test accounts know, and in which status and code they end."""
_FRAME = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Demonstration payment</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:1.2em/1.5 sans-serif;max-width:32em;margin:2em auto;padding:0 1em}}
input,button{{font:inherit;padding:.4em;margin:.4em 0;width:100%;box-sizing:border-box}}
.wrong{{color:#a00;font-weight:bold}}</style>
</head>
<body><main><h1>Demonstration payment</h1>
{inside}</main></body></html>
"""
_FORM = """<p>This page stands in for the card page of GOV.UK Pay. No money is taken.</p>
<p>{what}: <strong>{amount}</strong></p>{wrong}
<form method="post"><label for="number">Card number</label>
<input id="number" name="number" inputmode="numeric" autocomplete="off" value="{number}"{more}>
<p>4444 3333 2222 1111 pays. 4000 0000 0000 0002 is declined. 4000 0000 0000 0119 is an error.</p>
<button name="action" value="pay">Pay {amount}</button>
<button name="action" value="cancel">Cancel payment</button></form>
"""
_WRONG = '<p class="wrong" id="wrong">Enter one of the test card numbers below.</p>'


def card_page(what: str, pence: int, *, wrong: bool = False) -> str:
    """Return the page on which a card is entered."""
    inside = _FORM.format(
        what=html.escape(what),
        amount=pounds(pence),
        wrong=_WRONG if wrong else "",
        number="" if wrong else "4444 3333 2222 1111",
        more=' aria-describedby="wrong" aria-invalid="true"' if wrong else "",
    )
    return _FRAME.format(inside=inside)


def over_page(words: str) -> str:
    """Return a page on which nothing can be done."""
    return _FRAME.format(inside=f"<p>{html.escape(words)}</p>")
