"""What a PR officer reads in a mail, looked at as parsed HTML and as plain text."""

from __future__ import annotations

import io
from datetime import timedelta

import attrs
import pytest
from parsel import Selector, SelectorList
from PIL import Image

from alerts.alert_letter import alert_letter
from alerts.brief import Brief
from alerts.i18n import Language, Reader
from alerts.letter import Letter
from monitor.domain import Level, Quantity
from tests.alerts.examples import (
    BRIEFS,
    DELTA,
    HOSTILE,
    NO_COUNTERS,
    NOW,
    SLOW_BURN,
    forecast,
    reason,
)

TAIPEI = Reader(timezone="Asia/Taipei")
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "table", "tbody", "tr", "td", "th"),
    *("h1", "h2", "p", "ul", "li", "a", "img", "div", "span", "br"),
}


def page(letter: Letter) -> Selector:
    return Selector(letter.html)


def said(found: SelectorList[Selector]) -> list[str]:
    return [" ".join("".join(node.css("*::text").getall()).split()) for node in found]


def test_the_mail_begins_with_the_level_the_title_and_what_changed() -> None:
    letter = page(alert_letter(DELTA, TAIPEI))
    assert said(letter.css(".status")) == ["Critical · Delta Air Lines · more serious than before"]
    assert said(letter.css("h1")) == ["soldiers charged fourth checked bag"]
    assert said(letter.css("h2"))[:3] == [
        "What changed since the last alert",
        "What happened",
        "What to do now",
    ]


def test_the_first_quote_is_cited_with_who_said_it_where_and_when() -> None:
    letter = page(alert_letter(DELTA, TAIPEI))
    assert said(letter.css(".said"))[0].startswith("Flying home from deployment")
    assert said(letter.css(".by"))[0] == (
        "Sgt. R. Holloway · 1,240 followers · youtube · Nov 18, 06:47 · 12,480 views · "
        "310 shares · open the post"
    )
    assert letter.css("a::attr(href)").getall()[0] == "https://www.youtube.com/watch?v=kx1"


def test_the_forecast_is_a_table_with_its_range_and_its_record() -> None:
    letter = page(alert_letter(DELTA, TAIPEI))
    rows = [said(row.css("th, td")) for row in letter.css(".grid tr")]
    assert rows[0] == ["", "now", "in 1 hour", "in 6 hours", "in 24 hours"]
    assert rows[2][0] == "Views"
    assert rows[2][1] == "12,480"
    assert rows[2][4] == "210,00051,000–910,000"
    assert rows[3][2:] == ["too little seen"] * 3
    notes = " ".join(said(letter.css("p.note")))
    assert "38 of 42 earlier forecasts held within their range. Typical error: 31%." in notes


def test_rounding_never_takes_a_forecast_below_what_was_seen() -> None:
    little = forecast(Quantity.VIEWS, 1, 12_480, 12_480, 12_490, 12_600, 13_000, 14_200)
    letter = page(alert_letter(attrs.evolve(DELTA, forecasts=(little,)), TAIPEI))
    cells = said(letter.css(".grid td"))
    assert cells[1:3] == ["12,480", "13,00012,480–14,000"]


def test_a_forecast_without_a_record_says_so() -> None:
    assert "No earlier forecast has come due yet" in alert_letter(NO_COUNTERS, TAIPEI).text


@pytest.mark.parametrize(
    ("level", "clocks"),
    [
        (Level.CRITICAL, ["Within 15 minutes, by 10:02", "Within 1 hour, by 10:47"]),
        (Level.HIGH, ["Within 1 hour, by 10:47", "Within 4 hours, by 13:47"]),
        (Level.WATCH, ["Nothing has to be done at once"]),
    ],
)
def test_the_clock_goes_with_the_level(level: Level, clocks: list[str]) -> None:
    brief = attrs.evolve(DELTA, alert=attrs.evolve(DELTA.alert, level=level))
    steps = alert_letter(brief, TAIPEI).text.partition("What to do now\n")[2].split("\n")
    assert [step[2 : 2 + len(clock)] for step, clock in zip(steps, clocks, strict=False)] == clocks


def test_what_is_not_known_is_told_as_not_known() -> None:
    text = alert_letter(SLOW_BURN, TAIPEI).text
    assert "usual: not known yet" in text
    assert "Audience: 12 followers in all · not known for 12 people" in text
    assert "0 views" not in text
    assert "How far it may go" not in text
    nobody = attrs.evolve(NO_COUNTERS.people, authors=0, audience_unknown=0)
    assert "Audience: not known" in alert_letter(_with(people=nobody), TAIPEI).text


def _with(**changes: object) -> Brief:
    return attrs.evolve(NO_COUNTERS, **changes)  # type: ignore[arg-type]  # by name


def test_a_post_without_words_is_still_cited() -> None:
    brief = _with(quotes=(attrs.evolve(NO_COUNTERS.quotes[0], text=" \u200b"),))
    assert "> (a post without words)" in alert_letter(brief, TAIPEI).text


def test_empty_sections_are_left_out() -> None:
    text = alert_letter(NO_COUNTERS, TAIPEI).text
    assert "What changed" not in text
    assert "Similar incidents" not in text
    assert "More of what people say" not in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", BRIEFS)
def test_the_text_twin_says_what_the_html_says(name: str, language: Language) -> None:
    letter = alert_letter(BRIEFS[name], Reader(language=language, timezone="Asia/Taipei"))
    text = " ".join(letter.text.split())
    for part in said(page(letter).css("h1, h2, li, .said, .status, .footer")):
        assert part in text, part


@pytest.mark.parametrize("name", BRIEFS)
def test_a_mail_is_made_of_what_mail_clients_show(name: str) -> None:
    letter = page(alert_letter(BRIEFS[name], TAIPEI))
    names = {node.root.tag for node in letter.css("*")}
    assert names <= ALLOWED
    assert letter.css("h1::attr(style)").get()
    loaded = letter.xpath("//@src | //link/@href | //@background").getall()
    assert all(source.startswith("cid:") for source in loaded)


def test_hostile_text_is_text_and_nothing_else() -> None:
    letter = alert_letter(HOSTILE, TAIPEI)
    parsed = page(letter)
    assert "<script>alert(1)</script>" in said(parsed.css("h1"))[0]
    assert {node.root.tag for node in parsed.css("*")} <= ALLOWED
    attributes = {name for node in parsed.css("*") for name in node.attrib}
    assert not {name for name in attributes if name.startswith("on")}
    hrefs = parsed.css("a::attr(href)").getall()
    assert hrefs
    assert all(href.startswith("https://evil.example/%22") for href in hrefs)
    assert not {"\u202e", "\u2066", "\x1b", "\x00"} & set(letter.html + letter.text)
    assert len(letter.html) < 40_000


def test_a_title_that_runs_from_right_to_left_does_not_turn_the_line() -> None:
    assert "\u2068שלום עולם\u2069 (Nov 18, 2026, 2 posts)" in alert_letter(HOSTILE, TAIPEI).text


@pytest.mark.parametrize("name", ["delta", "no counters"])
def test_the_picture_is_sharp_small_and_described(name: str) -> None:
    letter = alert_letter(BRIEFS[name], TAIPEI)
    (picture,) = letter.pictures
    size = Image.open(io.BytesIO(picture.png)).size
    shown = page(letter).css("img")
    assert size[0] == 2 * int(shown.attrib["width"])
    assert len(picture.png) < 40_000
    assert shown.attrib["src"] == f"cid:{picture.name}"
    assert shown.attrib["alt"]
    assert "seen (blue)" in letter.html


def test_the_picture_shows_views_where_they_are_known_and_posts_otherwise() -> None:
    assert [picture.name for picture in alert_letter(DELTA, TAIPEI).pictures] == ["growth-views"]
    assert [p.name for p in alert_letter(NO_COUNTERS, TAIPEI).pictures] == ["growth-mentions"]
    assert alert_letter(SLOW_BURN, TAIPEI).pictures == ()


def test_a_page_for_a_file_holds_its_picture() -> None:
    letter = alert_letter(DELTA, TAIPEI)
    sources = Selector(letter.page()).css("img::attr(src)").getall()
    assert [source[:22] for source in sources] == ["data:image/png;base64,"]


def test_the_latest_forecast_of_a_horizon_is_told() -> None:
    old = attrs.evolve(DELTA.forecasts[5], made_at=NOW - timedelta(hours=1), seen=5)
    brief = attrs.evolve(DELTA, forecasts=(*DELTA.forecasts[:6], old))
    row = said(page(alert_letter(brief, TAIPEI)).css(".grid tr")[2].css("td"))
    assert row[1] == "12,480"


def test_an_unknown_reason_stops_the_message_instead_of_leaving_a_gap() -> None:
    with pytest.raises(LookupError, match="nonsense"):
        alert_letter(attrs.evolve(DELTA, gaps=(reason("nonsense"),)), TAIPEI)
