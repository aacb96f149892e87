"""What anybody may write to stop the program: each text is judged and read, and in short time.

Time is the processor's, with the model loaded; most take a few hundredths of the bound.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import config
from config.taxonomy import load_learned, load_taxonomy
from monitor.domain import Brand, Mention, Post, PostKey
from nlp.aggravators import load_aggravators
from nlp.embedded import EmbeddedScorer
from nlp.explain import words_in
from nlp.language import detect
from nlp.reading import RuleReader
from nlp.touchpoints import TouchpointFinder

N = 100_000
SECONDS = 2.0
ORDINARY = (
    "They lost my bag and nobody at the desk of the airline would answer any question of mine"
)
HOSTILE = {
    "nothing": "",
    "one letter": "a" * N,
    "one letter and a mark": "a" * (N // 2) + "!",
    "words": "bag lost " * (N // 9),
    "chinese": "行李" * (N // 2),
    "complaints": "I waited two hours and no one answered, " * (N // 40),
    "chinese complaints": "等了三天没人管，" * (N // 8),
    "comparisons": "unlike Delta, who is better than " * (N // 33),
    "chinese comparisons": "比其他家" * (N // 4),
    "names": "Ab " * (N // 3),
    "spaces": " " * N,
    "lines": "\n" * N,
    "less": "<" * N,
    "open tags": "<a " * (N // 3),
    "one endless tag": "<a " + "b" * N,
    "nested tags": "<div>" * (N // 5) + "bad" + "</div>" * (N // 6),
    "comments": "<!--" * (N // 4),
    "script": "<script>alert(1)</script>" * (N // 25),
    "entities": "&amp;" * (N // 5),
    "ampersands": "&" * N,
    "nested entities": "&" + "amp;" * (N // 4) + "lt;",
    "one endless entity": "&#" + "9" * N + ";",
    "brackets": "(" * N,
    "at": "@" * N,
    "handles": "@a" * (N // 2),
    "mail": "a." * (N // 2) + "@",
    "half a mail": "a@b." * (N // 4) + "-",
    "hashes": "#" * N,
    "hashtags": "#aB_" * (N // 4),
    "http": "http" * (N // 4),
    "links without end": "http://" * (N // 7),
    "one link": "https://example.com/" + "a" * N,
    "numbers": "1,000." * (N // 6),
    "apostrophes": "n't" * (N // 3),
    "dots": "." * N,
    "emoji": "😡" * N,
    "families": "👨\u200d👩\u200d👧" * (N // 5),
    "flags": "🇹🇼" * (N // 2),
    "skin": "👍🏽" * (N // 2),
    "new emoji": "🤮🫠" * (N // 2),
    "joiners": "\u200d" * N,
    "invisible": "\u200b\ufeff\u2060\u00ad" * (N // 4),
    "tags of unicode": "\U000e0061" * N,
    "right to left": "حقيبتي ضائعة " * (N // 13),
    "overrides": "\u202ebag\u202c\u2066lost\u2069" * (N // 11),
    "mixed scripts": "bag行李かばんчемоданحقيبةกระเป๋า" * (N // 30),
    "null": "\x00" * N,
    "null within": "the bag\x00 is lost " * (N // 17),
    "escape": "\x1b[31mbad\x1b[2J" * (N // 12),
    "surrogates": "\ud800" * N,
    "surrogate in english": "they lost my bag \ud83d and nobody ever answers",
    "surrogate in chinese": "行李丟了\ud83d沒有人管，態度惡劣",
    "surrogate in japanese": "荷物が\ud800まだ届いていません",
    "surrogate pairs": "they lost my bag \ud83d\ude21 and nobody ever answers",
    "private and unassigned": "\ue000\ue001\uffff\U0010ffff" * (N // 4),
    "zalgo": "z̷̢̛̦a̸̧̛l̶̡g̵̛o̸" * (N // 20),
    "one letter, many marks": "a" + "\u0301" * N,
    "long when folded": "\ufdfa" * N,
    "wide": "ｂａｄ" * (N // 3),
    "underscores": "_" * N,
    "quotes": "「" * N,
}


@pytest.fixture(scope="module")
def reader(scorer: EmbeddedScorer) -> RuleReader:
    scorer.score([ORDINARY, "行李丢了三天，没有人管"])  # the language models are loaded when needed
    finder = TouchpointFinder(load_taxonomy("airline"), scorer.embed, load_learned("airline"))
    lexicon = load_aggravators(Path(config.__path__[0]) / "aggravators.yaml")
    brand = Brand(id="acme", name="Acme", taxonomy="airline")
    return RuleReader.of([brand], {"airline": finder}, lexicon, scorer)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_it_is_judged_and_read_in_short_time(
    scorer: EmbeddedScorer, reader: RuleReader, text: str
) -> None:
    post = Post(key=PostKey("forum", "1"), text=text, published_at=datetime(2026, 1, 1, tzinfo=UTC))
    mentions = [
        Mention(post=post.key, brand=brand, spans=((place, place + 3),))
        for brand, place in (("acme", 0), ("rival", N // 2))
    ]
    start = time.process_time()
    [said] = scorer.score([text])
    readings = reader.read(post, mentions, said)
    spans = words_in(text[:2_000])
    assert time.process_time() - start < SECONDS
    assert said.negative + said.neutral + said.positive == pytest.approx(1.0, abs=1e-5)
    assert len(said.embedding) in (0, 512)
    assert len(readings) == len(mentions)
    assert all(0 <= one < other <= len(text) for one, other in spans)


def test_all_of_them_are_judged_as_one_batch(scorer: EmbeddedScorer, reader: RuleReader) -> None:
    scorer.score([ORDINARY])
    start = time.process_time()
    said = scorer.score([*HOSTILE.values(), ORDINARY])
    assert time.process_time() - start < SECONDS * 10
    [alone] = scorer.score([ORDINARY])
    assert said[-1].negative == pytest.approx(alone.negative, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("surrogate in english", "en"),
        ("surrogate in chinese", "zh-Hant"),
        ("surrogate in japanese", "ja"),
        ("surrogates", "und"),
        ("null", "und"),
        ("joiners", "und"),
        ("emoji", "und"),
    ],
)
def test_half_a_character_does_not_hide_the_language(text: str, language: str) -> None:
    assert detect(HOSTILE[text]) == language
