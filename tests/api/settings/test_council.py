"""A council file with a mistake is refused, not read with a default in its place."""

import pytest

from api.settings.council import DEMONSTRATION_COUNCIL, parse_council
from api.settings.errors import SettingsError
from api.settings.facts import APPEAL, POLICE_DOMAINS
from api.settings.street_map import read_street_map
from evidence.fees.prices import Tariff
from evidence.requests.clocks import DayKind


@pytest.mark.parametrize(
    "value", ['"police.uk"', "[]", '["Police.uk"]', '["*"]', "[1]", '["uk"]', "3"]
)
def test_domains_of_the_police_are_listed_or_refused(value: str) -> None:
    text = DEMONSTRATION_COUNCIL[: DEMONSTRATION_COUNCIL.index("[recipients]")]
    assert parse_council(text).police == POLICE_DOMAINS
    listed = f'{text}[recipients]\npolice = ["barset.police.uk"]\n'
    assert parse_council(listed).police == ("barset.police.uk",)
    with pytest.raises(SettingsError):
        parse_council(f"{text}[recipients]\npolice = {value}\n")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('= "BAR"', '= "bar"'), "urn_prefix"),
        (('= "BAR"', "= 7"), "texts"),
        (("Barchester Council", "Barchester\\nCouncil"), "one line"),
        (("days = 31", "days = 0"), "retention.days"),
        (("[retention]", "stamp_hours = 169\n[retention]"), "log.stamp_hours"),
        (("days = 31", "days = true"), "retention.days"),
        (("days = 31", "days = 99999999"), "retention.days"),
        (("days = 31", "day = 31"), "retention.day"),
        (("days = 31", "default = 'taxi'"), "retention.default is one of the classes"),
        (("days = 31", "classes = 3"), "a table for each class"),
        (("days = 31", "classes = {police = 3}"), "a table for each class"),
        (("days = 31", "classes.police.days = 0"), "classes.police.days is a number"),
        (("days = 31", "classes.police.days = true"), "classes.police.days is a number"),
        (("days = 31", "classes.police.day = 1"), "classes.police has no day"),
        (("days = 31", "classes.police.name = ''"), "classes.police.name is one line"),
        (("days = 31", "classes.police.basis = 3"), "classes.police.basis is one line"),
        (("days = 31", "classes.taxi.name = 'Taxis'"), "classes.taxi.basis is one line"),
        (("days = 31", "classes.Taxi.days = 3"), "small letters"),
        (("demonstration = true", "demo = true"), "no demo"),
        (("demonstration = true", "demonstration = 'no'"), "true or false"),
        (("custody.barchester.example/log", "https://custody.example/log"), "log.origin"),
        (("custody.barchester.example/log", "two words"), "log.origin"),
        (("origin =", "origins ="), "cannot be read"),
        (("#12403c", "#12403C"), "look.colour"),
        (("#12403c", "green"), "look.colour"),
        (("#12403c", "#00cc00"), "contrast of 2"),
        (('"cctv@barchester.example"', "7"), "one line"),
        (("01632 960 017", "01632\\n960"), "one line"),
        (("days = 14", "days = 91"), "links.days"),
        (("downloads = 5", "downloads = 0"), "links.downloads"),
        (("downloads = 5", "download = 5"), "links.download"),
        (("review = 2500", "review = 25.0"), "fees.review"),
        (("release = 7500", "release = -1"), "fees.release"),
        (("release = 7500", "releases = 75"), "fees.releases"),
        (("vat_percent = 20", "vat_percent = 20.001"), "fees.vat_percent"),
        (("vat_percent = 20", "vat_percent = nan"), "fees.vat_percent"),
        (("vat_percent = 20", "vat_percent = true"), "fees.vat_percent"),
        (('"GB 000 0000 00"', '"<b>"'), "fees.vat_number"),
        (("most_mb = 10", "most_mb = 26"), "documents.most_mb"),
        (("days_after_check = 7", "days_after_check = 0"), "documents.days_after_check"),
        (("longest_days = 90", "longest = 90"), "documents.longest"),
        (("suppress_below = 5", "suppress_below = 2"), "statistics.suppress_below"),
        (("suppress_below = 5", "suppress_below = true"), "statistics.suppress_below"),
        (("suppress_below = 5", "suppress = 5"), "statistics.suppress"),
        (("mean_from = 20", "mean_from = 4"), "statistics.mean_from"),
        (("[links]", "[transparency]\npurposes = []\n[links]"), "transparency.purposes"),
        (("[links]", "[transparency]\npurposes = 'all'\n[links]"), "transparency.purposes"),
        (("[links]", "[transparency]\npurposes = ['', 1]\n[links]"), "transparency.purposes"),
        (("[fees]", "fees = 3\n[fee]"), "requests.fees"),
        (("[links]", "[cameras]\npoints = 'no'\n[links]"), "cameras.points is true or false"),
        (("[links]", "[cameras]\npoint = false\n[links]"), "cameras.point"),
        (("[links]", "[map]\ntile = ''\n[links]"), "map.tile"),
        (("[links]", "[map]\nmax_zoom = 23\n[links]"), "map.max_zoom"),
        (("[links]", "[map]\nattribution = 7\n[links]"), "map.attribution"),
        (("[links]", "[map]\nattribution_link = 'javascript:1'\n[links]"), "attribution_link"),
        (("[links]", "[map]\ntiles = 'https://t.example/{z}/{x}/{y}'\n[links]"), "whose map"),
        (("[links]", "[witnesses]\npolicy = 3\n[links]"), "witnesses.policy"),
        (("[links]", "[witnesses]\npolicy = ' '\n[links]"), "witnesses.policy"),
        (("[links]", "[witnesses]\nwait_seconds = 9\n[links]"), "witnesses.policy"),
        (("[links]", "[witnesses]\npolicy = 'p'\nwait_seconds = 0\n[links]"), "wait_seconds"),
        (("[links]", "[witnesses]\npolicy = 'p'\nwait_seconds = 9.5\n[links]"), "wait_seconds"),
        (("[links]", "[witnesses]\npolicy = 'p'\nwait = 9\n[links]"), "witnesses.wait"),
        (("name =", "witnesses = 3\nname ="), "cannot be read"),
        (("[log]", "[log]\npublish = 'yes'"), "log.publish is true or false"),
        (("[log]", "[log]\nlock_days = 0"), "log.lock_days is a number from 1"),
        (("[log]", "[log]\nlock_days = true"), "log.lock_days is a number from 1"),
        (("[log]", "[log]\nlocked = 1"), "log.locked"),
        (("[log]", "log"), "cannot be read"),
        (("[log]", "log = 3\n[logs]"), "cannot be read"),
    ],
)
def test_a_council_file_with_a_mistake_is_refused(change: tuple[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        parse_council(DEMONSTRATION_COUNCIL.replace(*change))


@pytest.mark.parametrize(
    "tiles",
    [
        "http://tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}.png",
        "https://tiles.example/{z}/{x}/{y}/{y}.png",
        "https://{s}.tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example; script-src *;/{z}/{x}/{y}.png",
        "https://someone@tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}/{y}.png?{key}",
        "//tiles.example/{z}/{x}/{y}.png",
        7,
    ],
    ids=range(9),
)
def test_no_other_address_of_tiles_gets_into_a_page(tiles: object) -> None:
    with pytest.raises(SettingsError, match=r"map\.tiles is the address of a tile by https"):
        read_street_map({"map": {"tiles": tiles, "attribution": "x"}})


def test_tiles_have_one_origin() -> None:
    said = read_street_map(
        {"map": {"tiles": "https://t.example:8443/a/{z}/{x}/{y}.png?key=a-1", "attribution": "x"}}
    )
    assert (said.origin, said.host, said.most_zoom) == (
        *("https://t.example:8443", "t.example:8443"),
        19,
    )
    assert read_street_map({}).origin == ""


def test_a_council_s_own_classes_of_retention_win_and_stand_beside_the_usual_ones() -> None:
    plain = parse_council(DEMONSTRATION_COUNCIL).retention
    assert (plain.default, plain.named("civil").days) == ("unreleased", 365)
    own = (
        "days = 31\ndefault = 'taxi'\nclasses.civil.days = 2190\n"
        "classes.taxi = {name = 'Licensing', basis = 'Licence conditions', days = 28}"
    )
    said = parse_council(DEMONSTRATION_COUNCIL.replace("days = 31", own)).retention
    assert (said.usual.name, said.usual.days) == ("Licensing", 28)
    assert said.named("civil").days == 2190
    assert said.named("civil").name == plain.named("civil").name
    assert {*plain.classes, "taxi"} == {*said.classes}


def test_what_is_charged_is_the_councils_own_and_the_usual_where_it_says_nothing() -> None:
    text = DEMONSTRATION_COUNCIL[: DEMONSTRATION_COUNCIL.index("[fees]")]
    assert parse_council(text).fees == Tariff()
    said = parse_council(f"{text}[fees]\nreview = 0\nvat_percent = 17.5\n").fees
    assert (said.review, said.release, said.vat_basis_points) == (0, 7500, 1750)


def test_a_council_s_own_free_mail_and_days_are_read() -> None:
    text = DEMONSTRATION_COUNCIL.replace("free = []", 'free = ["mailbox.example"]')
    text = text.replace('count = "calendar"', 'count = "working"')
    council = parse_council(text)
    assert council.free == ("mailbox.example",)
    assert (council.answer_days, council.answer_count) == (5, DayKind.WORKING)
    plain = parse_council(DEMONSTRATION_COUNCIL[: DEMONSTRATION_COUNCIL.index("[requests]")])
    assert (plain.answer_days, plain.answer_count) == (5, DayKind.CALENDAR)
    assert plain.appeal == APPEAL


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("free = []", 'free = ["*"]'), "recipients.free"),
        (("free = []", "free = [1]"), "recipients.free"),
        (("answer_days = 5", "answer_days = 0"), "requests.answer_days"),
        (("unpaid_days = 28", "unpaid_days = 366"), "requests.unpaid_days"),
        (('count = "calendar"', 'count = "weekdays"'), "cannot be read"),
        (("unpaid_days = 28", 'appeal = ""'), "requests.appeal"),
        (("unpaid_days = 28", "register_decides = 1"), "requests.register_decides"),
        (
            ("unpaid_days = 28", 'incident_pattern = "(" \nincident_example = "("'),
            "incident_pattern",
        ),
        (("unpaid_days = 28", 'incident_example = "7"'), "incident_pattern"),
        (("erase_days = 365", "erase_days = 27"), "requests.erase_days"),
        (("erase_days = 365", "erase_days = 36501"), "requests.erase_days"),
        (("erase_days = 365", "erase_days = true"), "requests.erase_days"),
    ],
)
def test_a_mistake_about_requests_is_named(change: tuple[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        parse_council(DEMONSTRATION_COUNCIL.replace(*change))
