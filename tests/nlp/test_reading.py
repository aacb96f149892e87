from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import attrs
import pytest

from monitor.domain import (
    Aggravator,
    Assessment,
    Brand,
    Mention,
    Post,
    PostKey,
    Reading,
    Target,
    Taxonomy,
    Touchpoint,
)
from nlp.aggravators import Lexicon, Signs, Spared
from nlp.reading import RuleReader
from nlp.touchpoints import TouchpointFinder
from tests.fakes import FakeScorer

KEY = PostKey("forum", "1")
AIRLINE = Taxonomy(
    id="airline",
    touchpoints=(
        Touchpoint(id="baggage", names={"en": "Baggage"}, phrases=("lost bag",), stage="using"),
        Touchpoint(id="crew", names={"en": "Crew"}, phrases=("cabin crew",), stage="using"),
    ),
)
LEXICON = Lexicon(
    classes={},
    spared=Spared(),
    signs={Aggravator.IGNORED: Signs(names={"en": "Ignored"}, phrases=("nobody answers",))},
)
BRANDS = (
    Brand(id="acme", name="Acme", taxonomy="airline"),
    Brand(id="zephyr", name="Zephyr"),
)
SCORER = FakeScorer()


def no_embeddings(texts: Sequence[str]) -> list[bytes]:
    return [b"" for _ in texts]


def reader(taxonomy: Taxonomy = AIRLINE, lexicon: Lexicon = LEXICON) -> RuleReader:
    finders = {"airline": TouchpointFinder(taxonomy, no_embeddings)}
    return RuleReader.of(BRANDS, finders, lexicon, SCORER)


def read(text: str, said: Assessment | None = None) -> dict[str, Reading]:
    """What is read for each brand that the text names."""
    post = Post(key=KEY, text=text, published_at=datetime(2026, 3, 3, tzinfo=UTC))
    mentions = []
    for brand in BRANDS:
        place = text.find(brand.name)
        if place >= 0:
            span = (place, place + len(brand.name))
            mentions.append(Mention(post=KEY, brand=brand.id, spans=(span,)))
    found = reader().read(post, mentions, said or SCORER.score([text])[0])
    return {mention.brand: reading for mention, reading in zip(mentions, found, strict=True)}


def test_a_complaint_is_read_with_the_words_that_say_so() -> None:
    text = "Acme lost my bag and nobody answers"
    reading = read(text)["acme"]
    [aggravation] = reading.aggravations
    assert (reading.touchpoint, aggravation.kind) == ("baggage", Aggravator.IGNORED)
    assert [text[start:end] for start, end in reading.touchpoint_spans] == ["lost my bag"]
    assert [text[start:end] for start, end in aggravation.spans] == ["nobody answers"]
    assert reading.target is Target.BRAND


def test_praise_has_a_touchpoint_and_no_aggravator() -> None:
    reading = read("I love the cabin crew of Acme, nobody answers so kindly")["acme"]
    assert (reading.touchpoint, reading.aggravations) == ("crew", ())
    assert reading.target is not Target.BRAND


def test_a_complaint_in_a_calm_voice_has_aggravators_as_well() -> None:
    text = "fyi nobody answers at Acme"
    calm = SCORER.score([text])[0]
    assert read(text, calm)["acme"].aggravations == ()
    [aggravation] = read(text, attrs.evolve(calm, complaint=0.8))["acme"].aggravations
    assert aggravation.kind is Aggravator.IGNORED


def test_a_brand_without_a_taxonomy_gets_no_touchpoint() -> None:
    assert read("Zephyr lost my bag")["zephyr"].touchpoint is None


def test_a_comparison_counts_against_the_one_that_comes_off_worse() -> None:
    found = read("Unlike Acme, Zephyr kept its word")
    assert (found["acme"].target, found["zephyr"].target) == (Target.BRAND, Target.OTHER)


def test_an_embedding_of_an_earlier_model_is_not_compared() -> None:
    finders = {"airline": TouchpointFinder(AIRLINE, SCORER.embed)}
    post = Post(key=KEY, text="They lost my bag", published_at=datetime(2026, 3, 3, tzinfo=UTC))
    earlier = attrs.evolve(SCORER.score([post.text])[0], revision="0", embedding=b"\x00\x3c")
    one = RuleReader.of(BRANDS, finders, LEXICON, SCORER)
    [reading] = one.read(post, [Mention(post=KEY, brand="acme")], earlier)
    assert reading.touchpoint == "baggage"


def test_the_revision_stands_for_the_taxonomy_and_the_lexicon() -> None:
    other = Taxonomy(id="airline", touchpoints=AIRLINE.touchpoints[:1])
    fewer = attrs.evolve(LEXICON, signs={})
    assert reader().revision == reader().revision
    assert len({reader().revision, reader(other).revision, reader(lexicon=fewer).revision}) == 3


@pytest.mark.parametrize("text", ["", "\x00" * 99, "😡" * 5_000, "a\u200b" * 50_000, "<b>" * 9_000])
def test_hostile_text_is_read_like_any_other(text: str) -> None:
    assert set(read(f"Acme {text}")) == {"acme"}
