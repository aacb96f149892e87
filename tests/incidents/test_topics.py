"""Topics, their quadrants and the aggravators of a period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from monitor.domain import (
    Aggravation,
    Aggravator,
    Assessment,
    Author,
    Emotion,
    Post,
    PostKey,
    Reading,
    Remark,
    Target,
)
from monitor.incidents.own_posts import is_own
from monitor.incidents.topics import FEWEST_PEOPLE, FEWEST_POSTS, Quadrant, Topic, hear, quadrant

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def remark(
    number: int,
    negative: float = 0.9,
    *,
    neutral: float = 0.0,
    touchpoint: str | None = "bags",
    kinds: Sequence[Aggravator] = (),
    by: str | None = None,
    felt: tuple[Emotion, ...] = (),
    complaint: float | None = None,
    target: Target = Target.BRAND,
    abstained: bool = False,
    language: str = "en",
) -> Remark:
    return Remark(
        post=Post(
            key=PostKey("forum", str(number)),
            text="the bag",
            published_at=NOON,
            author=Author(native_id=by or f"author-{number}"),
        ),
        brand="acme",
        assessment=Assessment(
            model="test",
            revision="1",
            language=language,
            negative=negative,
            neutral=neutral,
            positive=1 - negative - neutral,
            felt=felt,
            complaint=complaint,
            abstained=abstained,
        ),
        reading=Reading(
            touchpoint=touchpoint,
            aggravations=tuple(Aggravation(kind=kind, spans=((0, 3),)) for kind in kinds),
            target=target,
        ),
    )


def topic(complaints: int, praise: int, people: int = 9) -> Topic:
    return Topic(touchpoint="bags", complaints=complaints, praise=praise, people=people)


# --- quadrants ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("complaints", "valuable", "expected"),
    [
        (5, True, Quadrant.SIMPLIFY),
        (4, True, Quadrant.LEVERAGE),
        (5, False, Quadrant.ELIMINATE),
        (4, False, Quadrant.AUTOMATE),
        (0, False, Quadrant.AUTOMATE),
        (10, True, Quadrant.SIMPLIFY),
    ],
)
def test_half_of_the_posts_that_take_a_side_decide_for_customers_and_the_taxonomy_for_the_brand(
    complaints: int, valuable: bool, expected: Quadrant
) -> None:
    assert quadrant(topic(complaints, 10 - complaints), valuable=valuable) is expected


def test_of_few_posts_or_few_people_nothing_is_said() -> None:
    enough = topic(FEWEST_POSTS - 1, 1, FEWEST_PEOPLE)
    assert quadrant(enough, valuable=True) is Quadrant.SIMPLIFY
    assert quadrant(topic(FEWEST_POSTS - 2, 1), valuable=True) is None
    assert quadrant(topic(90, 0, FEWEST_PEOPLE - 1), valuable=True) is None


# --- what is heard ------------------------------------------------------------------------------


def test_a_topic_counts_complaints_praise_people_and_what_is_felt() -> None:
    heard = hear(
        [
            remark(1, by="eve", felt=(Emotion.ANGER, Emotion.SADNESS)),
            remark(2, by="eve", felt=(Emotion.ANGER,)),
            remark(3, 0.1, felt=(Emotion.JOY,)),
            remark(4, 0.3, neutral=0.6),
            remark(5, 0.1, target=Target.OTHER),
            remark(6, touchpoint="crew"),
            remark(7, touchpoint=None),
        ]
    )
    bags, crew = heard.topics
    assert (bags.complaints, bags.praise, bags.people) == (2, 1, 2)
    assert dict(bags.felt) == {Emotion.ANGER: 2, Emotion.SADNESS: 1}
    assert (crew.touchpoint, crew.complaints) == ("crew", 1)


def test_displeasure_with_somebody_else_is_no_complaint() -> None:
    heard = hear([remark(1, target=Target.OTHER, kinds=[Aggravator.IGNORED])])
    assert (heard.topics[0].complaints, heard.topics[0].praise) == (0, 0)
    assert heard.aggravated == ()


def test_what_could_not_be_judged_is_counted_by_language_and_nowhere_else() -> None:
    unread = [remark(n, abstained=True, language="th") for n in range(2)]
    heard = hear([*unread, remark(9, abstained=True, language="ko"), remark(10)])
    assert heard.unjudged == (("th", 2), ("ko", 1))
    assert heard.topics[0].complaints == 1


def test_aggravators_come_with_the_most_frequent_first_and_the_surest_post() -> None:
    heard = hear(
        [
            remark(1, complaint=0.2, kinds=[Aggravator.IGNORED]),
            remark(2, complaint=0.9, kinds=[Aggravator.IGNORED, Aggravator.SAFETY]),
            remark(3, complaint=0.5, kinds=[Aggravator.IGNORED]),
        ]
    )
    assert [(one.kind, one.posts) for one in heard.aggravated] == [
        (Aggravator.IGNORED, 3),
        (Aggravator.SAFETY, 1),
    ]
    assert heard.aggravated[0].example.post.key.native_id == "2"


def test_two_aggravators_cite_two_posts_where_there_are_two() -> None:
    both = [Aggravator.IGNORED, Aggravator.RUDE_STAFF]
    heard = hear([remark(1, complaint=0.9, kinds=both), remark(2, complaint=0.1, kinds=both)])
    assert [one.example.post.key.native_id for one in heard.aggravated] == ["1", "2"]
    alone = hear([remark(1, kinds=both)])
    assert [one.example.post.key.native_id for one in alone.aggravated] == ["1", "1"]


def test_the_order_in_which_posts_are_heard_changes_nothing() -> None:
    remarks = [
        remark(n, touchpoint=f"place-{n % 3}", kinds=[list(Aggravator)[n % 4]]) for n in range(20)
    ]
    assert hear(remarks) == hear(reversed(remarks))


def test_nothing_heard_is_nothing_told() -> None:
    heard = hear([])
    assert (heard.topics, heard.aggravated, heard.unjudged) == ((), (), ())
    assert heard.authors == frozenset()


# --- the brand's own posts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("author", "own"),
    [
        (Author(native_id="9", handle="@AcmeAir"), True),
        (Author(native_id="acmeair"), True),
        (Author(native_id="9", name="Acmeair"), False),
        (None, False),
    ],
)
def test_the_brand_is_known_by_its_accounts_and_not_by_a_display_name(
    author: Author | None, own: bool
) -> None:
    assert is_own(author, frozenset({"acmeair"})) is own
