from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain import Span, Target
from nlp.target import aim


def places(text: str, name: str) -> list[Span]:
    return [found.span() for found in re.finditer(re.escape(name), text)] if name else []


def aimed(text: str, brand: str, rival: str = "", negative: float = 0.7) -> str:
    rivals = places(text, rival)
    return aim(text, places(text, brand), rivals=rivals, negative=negative).value


@pytest.mark.parametrize(
    ("worse", "better", "text"),
    [
        ("Delta", "United", "Unlike Delta, United kept its word"),
        ("Delta", "United", "Unlike United, Delta lost my bag"),
        ("Delta", "United", "Delta lost my bag, unlike United who found it in an hour"),
        ("Delta", "Southwest", "Never flying Delta again, switching to Southwest"),
        ("Chase", "Ally", "Chase support is way worse than Ally"),
        ("Chase", "Ally", "Ally is so much better than Chase"),
        ("@united", "@delta", "@united you lost my bag. Flying @delta next time"),
        ("Marriott", "Hilton", "At least Hilton answers the phone. Marriott?"),
        ("Delta", "United", "United rebooked me in 5 minutes. Delta kept me on hold for hours."),
        ("Slack", "Teams", "Slack crashes all day, Teams just works"),
        ("达美", "东航", "不像东航，达美把我的行李弄丢了"),
        ("达美", "东航", "不像达美，东航说到做到"),
        ("达美", "东航", "东航比达美强多了"),
        ("招商", "建行", "招商的客服比建行差远了"),
        ("美团", "饿了么", "还是饿了么好，美团越来越坑"),
        ("國泰", "長榮", "國泰真的不如長榮，再也不坐了"),
        ("中国移动", "联通", "早知道用联通了，中国移动乱扣费"),
    ],
)
def test_a_comparison_counts_against_the_one_that_comes_off_worse(
    worse: str, better: str, text: str
) -> None:
    assert aimed(text, worse, better) == Target.BRAND
    assert aimed(text, better, worse) == Target.OTHER


@pytest.mark.parametrize("negative", [0.3, 0.9])
def test_two_that_are_equally_bad_are_both_meant(negative: float) -> None:
    text = "Delta is no better than United"
    assert aimed(text, "Delta", "United", negative) == Target.BRAND
    assert aimed(text, "United", "Delta", negative) == Target.BRAND


@pytest.mark.parametrize(
    ("brand", "text"),
    [
        ("Delta", "Stuck in Denver, blame the storm not Delta"),
        ("Delta", "Snowed in at JFK, my Delta flight is cancelled"),
        ("Delta", "Not Delta's fault that a bird hit the engine, just bad luck"),
        ("Delta", "I forgot my passport at home, missed my Delta flight. Stupid me"),
        ("达美", "台风天航班取消，不怪达美，安全最重要"),
        ("達美", "暴雪把我困在機場了，達美的航班都取消了"),
        ("海底捞", "都怪我自己睡过头，海底捞的号过了"),
    ],
)
def test_weather_fate_and_the_writer_are_nobody(brand: str, text: str) -> None:
    assert aimed(text, brand) == Target.NOBODY


@pytest.mark.parametrize(
    ("brand", "text"),
    [
        ("Delta", "Delta claims weather but the sky is blue. Liars"),
        ("达美", "达美拿天气当借口，其他航班都飞了"),
    ],
)
def test_weather_that_is_an_excuse_is_the_brands_doing(brand: str, text: str) -> None:
    assert aimed(text, brand) == Target.BRAND


@pytest.mark.parametrize(
    ("brand", "text"),
    [
        ("Delta", "The guy next to me on my Delta flight is rude and smells awful"),
        ("国航", "国航空姐很热情，就是旁边的熊孩子一直哭闹，真没素质"),
    ],
)
def test_other_people_in_the_same_post_are_another(brand: str, text: str) -> None:
    assert aimed(text, brand) == Target.OTHER


def test_a_name_that_nobody_watches_is_told_by_where_it_stands() -> None:
    assert aimed("Unlike Acme, Delta found my bag at once", "Delta", negative=0.3) == Target.OTHER
    assert aimed("Unlike Acme Air, Delta lost my bag", "Delta") == Target.BRAND


def test_praise_and_neutral_posts_are_aimed_at_nobody() -> None:
    assert aimed("Great flight with Delta, lovely crew", "Delta", negative=0.05) == Target.NOBODY
    assert aimed("Flying Delta to Boston tomorrow", "Delta", negative=0.1) == Target.NOBODY


def test_a_post_that_names_nobody_is_about_the_brand_that_it_reached() -> None:
    assert aim("worst stay ever, dirty sheets", [], negative=0.9) == Target.BRAND
    assert aim("味道差，送得慢", [], negative=0.9) == Target.BRAND
    assert aim("lovely stay, thanks", [], negative=0.1) == Target.NOBODY


def test_bitter_thanks_are_the_brands() -> None:
    assert aimed("thanks for ruining my holiday Delta", "Delta", negative=0.9) == Target.BRAND


@settings(deadline=None)  # a busy machine is slow, not wrong
@given(
    st.text(alphabet="unlike Delta, 比不像强差 \u200b\x00😡.!'@ﷺ", max_size=120),
    st.lists(st.tuples(st.integers(0, 150), st.integers(0, 150)), max_size=4),
)
def test_any_text_and_places_are_answered(text: str, spans: list[Span]) -> None:
    assert aim(text, spans, rivals=spans[:2], negative=0.5) in Target


@pytest.mark.parametrize(
    "piece", ["unlike Delta ", "不像达美", "not ", "@", "😡", "ﷺ", "he is rude "]
)
def test_a_hundred_thousand_characters_take_no_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    begin = time.process_time()
    aim(text, [(0, 3)], negative=0.5)
    assert time.process_time() - begin < 0.5
