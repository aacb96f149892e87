"""Briefs as they might come: a spreading video, a slow burn, one without counters, a hostile one.

Names, posts and numbers are invented; only the story of the first is known.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import attrs

from alerts.brief import Brief, Matter, Mood, People, Quote, Record, Series, Similar, Speed
from alerts.charts import DayOfSentiment
from alerts.digest import Burned, DigestData, Returning, Sentiment
from alerts.i18n import Reader
from alerts.loops import Cited, Ledger
from alerts.topics import BrandHeard, TopicLine, WorseLine
from monitor.casework import ResponseKind
from monitor.domain import (
    Aggravator,
    Alert,
    AlertKind,
    Emotion,
    Fact,
    Forecast,
    Incident,
    IncidentState,
    Level,
    PostKey,
    Quantiles,
    Quantity,
    Reason,
    Touchpoint,
)
from tests.alerts.aftermath_examples import AFTERMATH, ANSWERS, LEDGER, OPEN_LOOPS

NOW = datetime(2026, 11, 18, 1, 47, tzinfo=UTC)


def reason(code: str, **facts: Fact) -> Reason:
    return Reason(code=code, facts=tuple(facts.items()))


def forecast(quantity: Quantity, hours: int, seen: int, *values: float) -> Forecast:
    return Forecast(
        incident="delta-1f3a9c",
        quantity=quantity,
        horizon=timedelta(hours=hours),
        made_at=NOW,
        seen=seen,
        model="szabo-huberman-1",
        quantiles=Quantiles(**dict(zip(_QUANTILES, values, strict=True))) if values else None,
    )


_QUANTILES = ("low90", "low50", "median", "high50", "high90")


def incident(title: str, posts: int, authors: int, first: datetime, level: Level) -> Incident:
    return Incident(
        id="delta-1f3a9c",
        brand="delta",
        title=title,
        state=IncidentState.OPEN,
        first_post=PostKey("youtube", "kx1"),
        first_post_at=first,
        last_post_at=NOW - timedelta(minutes=4),
        posts=posts,
        authors=authors,
        opened_at=NOW,
        level=level,
    )


def alert(kind: AlertKind, level: Level, *reasons: Reason) -> Alert:
    return Alert(
        id="delta-1f3a9c-5d0e77aa",
        incident="delta-1f3a9c",
        brand="delta",
        kind=kind,
        level=level,
        raised_at=NOW,
        reasons=reasons,
    )


def touchpoint(en: str, zh: str, *, moment: bool = False, valuable: bool = True) -> Touchpoint:
    return Touchpoint(
        id=en.lower().replace(" ", "_"),
        names={"en": en, "zh": zh},
        phrases=(en,),
        stage="using",
        moment_of_truth=moment,
        valuable=valuable,
    )


FEES = touchpoint("Fees and charges", "收费", moment=True)
CALLS = touchpoint("Call centre", "客服电话", moment=True, valuable=False)
CHECK_IN = touchpoint("Check-in", "值机", valuable=False)
LOUNGE = touchpoint("Lounge", "贵宾室")
WIFI = touchpoint("Wi-Fi and entertainment", "机上网络与娱乐")

VIDEO = Quote(
    key=PostKey("youtube", "kx1"),
    text="Flying home from deployment and charged $200 each for the fourth checked bag. "
    "Our orders say four bags. Watch what they told us at the gate.",
    published_at=NOW - timedelta(hours=3),
    language="en",
    source="youtube",
    url="https://www.youtube.com/watch?v=kx1",
    author_name="Sgt. R. Holloway",
    followers=1_240,
    views=12_480,
    shares=310,
)

DELTA = Brief(
    alert=alert(
        AlertKind.RAISED,
        Level.CRITICAL,
        reason("video_spreading", views=12_480, hours=3),
        reason("forecast_reach", quantity="views", horizon_hours=24, median=214_000, high=910_000),
        reason("spreading_fast", count=21, usual=0.6),
        reason("high_anger", share=0.64),
    ),
    incident=incident(
        "soldiers charged fourth checked bag", 38, 31, VIDEO.published_at, Level.CRITICAL
    ),
    brand_name="Delta Air Lines",
    quotes=(
        VIDEO,
        Quote(
            key=PostKey("mastodon", "9001"),
            text="達美航空向剛從戰場回來的士兵收第四件行李的錢？太離譜了，再也不搭。",
            published_at=NOW - timedelta(minutes=50),
            language="zh-Hant",
            source="mastodon",
            url="https://mastodon.example/@lin/9001",
            author_name="林小姐",
            followers=18_300,
        ),
        Quote(
            key=PostKey("hackernews", "77"),
            text="达美这次真的丢人，士兵的行李也要收费，客服还说规定就是规定。",
            published_at=NOW - timedelta(minutes=31),
            language="zh-Hans",
            source="hackernews",
            url="https://news.example/item?id=77",
            author_name="老周",
        ),
        Quote(
            key=PostKey("mastodon", "9017"),
            text="$2,800 for a unit coming home. Shame on you @Delta.",
            published_at=NOW - timedelta(minutes=9),
            language="en",
            source="mastodon",
            url="https://mastodon.example/@kay/9017",
            author_name="Kay",
            followers=402,
        ),
    ),
    first_seen=VIDEO,
    mood=Mood(negative=0.92, anger=0.66, angry=0.64),
    people=People(
        authors=31, audience=284_000, audience_unknown=7, top_followers=181_000, advocates=2
    ),
    matter=Matter(
        complaints=35,
        touchpoint=FEES,
        touchpoint_posts=27,
        aggravators=(
            (Aggravator.UNFAIR_CHARGE, 22),
            (Aggravator.RIGID_POLICY, 9),
            (Aggravator.DISCRIMINATION, 1),
        ),
        felt=((Emotion.ANGER, 24), (Emotion.SADNESS, 6), (Emotion.SURPRISE, 2)),
    ),
    speed=Speed(posts_last_hour=21, usual_per_hour=0.6, views=12_480, views_per_hour=5_320.0),
    sources=(("mastodon", 27), ("hackernews", 10), ("youtube", 1)),
    languages=(("en", 29), ("zh-Hant", 6), ("zh-Hans", 3)),
    forecasts=(
        forecast(Quantity.MENTIONS, 1, 38, 44, 54, 61, 70, 96),
        forecast(Quantity.MENTIONS, 6, 38, 71, 120, 168, 240, 520),
        forecast(Quantity.MENTIONS, 24, 38, 92, 210, 390, 720, 1_900),
        forecast(Quantity.VIEWS, 1, 12_480, 15_100, 17_300, 18_900, 21_000, 27_400),
        forecast(Quantity.VIEWS, 6, 12_480, 24_000, 41_000, 58_300, 84_000, 170_000),
        forecast(Quantity.VIEWS, 24, 12_480, 51_000, 128_000, 214_000, 372_000, 910_000),
        forecast(Quantity.SHARES, 1, 310),
        forecast(Quantity.SHARES, 6, 310),
        forecast(Quantity.SHARES, 24, 310),
    ),
    record=(
        Record(
            quantity=Quantity.VIEWS,
            horizon_hours=24,
            graded=42,
            inside90=38,
            median_ape=0.31,
        ),
    ),
    series=(
        Series(
            quantity=Quantity.MENTIONS,
            points=tuple(
                (NOW - timedelta(minutes=180 - 10 * i), round(38 * (i / 18) ** 2.2) + 1)
                for i in range(19)
            ),
        ),
        Series(
            quantity=Quantity.VIEWS,
            points=tuple(
                (NOW - timedelta(minutes=180 - 10 * i), round(12_480 * (i / 18) ** 2))
                for i in range(19)
            ),
        ),
    ),
    changes=(
        reason("level_raised", before="high", after="critical"),
        reason("more_views", before=2_100, after=12_480),
        reason("more_posts", before=9, after=38),
        reason("new_language", tag="zh-Hant"),
    ),
    similar=(
        Similar(
            incident="delta-77aa01",
            title="guitar case refused at gate",
            first_post_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
            peak_posts=140,
            lasted_hours=61,
            answers=(ResponseKind.HOLDING_STATEMENT, ResponseKind.REFUND),
            hours_to_end=26,
        ),
    ),
    aftermath=AFTERMATH,
    gaps=(reason("source_down", source="weibo-bridge", since="2026-11-17T20:10:00+00:00"),),
)

_SLOW_FIRST = NOW - timedelta(days=9)

SLOW_BURN = Brief(
    alert=alert(AlertKind.OPENED, Level.WATCH, reason("slow_burn", posts=14, days=9)),
    incident=incident("voucher code rejected again", 14, 13, _SLOW_FIRST, Level.WATCH),
    brand_name="Delta Air Lines",
    quotes=(
        Quote(
            key=PostKey("reviews", "31"),
            text="Third week in a row that my voucher code is 'not valid'. Chat says wait.",
            published_at=_SLOW_FIRST,
            language="en",
            source="reviews",
            author_name="Ines",
        ),
        Quote(
            key=PostKey("reviews", "58"),
            text="代金券又不能用，客服让我等，等了两个星期。",
            published_at=NOW - timedelta(days=2),
            language="zh-Hans",
            source="reviews",
        ),
        Quote(
            key=PostKey("forum", "7"),
            text="Same voucher problem here. Is anybody reading this?",
            published_at=NOW - timedelta(minutes=4),
            language="en",
            source="forum",
            url="https://forum.example/t/7",
            author_name="m_k",
            followers=12,
        ),
    ),
    first_seen=Quote(
        key=PostKey("reviews", "31"),
        text="",
        published_at=_SLOW_FIRST,
        language="en",
        source="reviews",
    ),
    mood=Mood(negative=0.79),
    people=People(authors=13, audience=12, audience_unknown=12),
    speed=Speed(posts_last_hour=1, usual_per_hour=None),
    sources=(("reviews", 11), ("forum", 3)),
    languages=(("en", 12), ("zh-Hans", 2)),
    gaps=(reason("collection_young", hours=240), reason("no_counters")),
)

NO_COUNTERS = Brief(
    alert=alert(
        AlertKind.OPENED,
        Level.HIGH,
        reason("story_many_people", posts=12, authors=11, hours=2),
        reason("influential_author", name="Mei-Ling Chen", followers=96_000),
    ),
    incident=incident("行李箱 摔壞 沒人理", 12, 11, NOW - timedelta(hours=2), Level.HIGH),
    brand_name="長榮航空",
    quotes=(
        Quote(
            key=PostKey("mastodon", "1"),
            text="行李箱被摔壞，櫃檯叫我打電話，電話叫我去櫃檯。",
            published_at=NOW - timedelta(hours=2),
            language="zh-Hant",
            source="mastodon",
            url="https://mastodon.example/@mei/1",
            author_name="Mei-Ling Chen",
            followers=96_000,
        ),
    ),
    first_seen=Quote(
        key=PostKey("mastodon", "1"),
        text="",
        published_at=NOW - timedelta(hours=2),
        language="zh-Hant",
        source="mastodon",
    ),
    mood=Mood(negative=1.0, anger=0.5, angry=0.5),
    matter=Matter(complaints=12, aggravators=((Aggravator.SAFETY, 2), (Aggravator.IGNORED, 1))),
    people=People(authors=11, audience_unknown=11),
    speed=Speed(posts_last_hour=7, usual_per_hour=1.0),
    sources=(("mastodon", 12),),
    languages=(("zh-Hant", 12),),
    forecasts=(
        forecast(Quantity.MENTIONS, 1, 12, 12, 14, 15, 17, 24),
        forecast(Quantity.MENTIONS, 6, 12),
        forecast(Quantity.MENTIONS, 24, 12),
    ),
    series=(
        Series(
            quantity=Quantity.MENTIONS,
            points=tuple((NOW - timedelta(minutes=120 - 10 * i), i) for i in range(13)),
        ),
    ),
    gaps=(
        reason("no_counters"),
        reason("source_forbidden", source="forum"),
        reason("language_unread", tag="ar", count=2),
    ),
)

HOSTILE_TEXT = (
    "<!channel> <script>alert(1)</script> & <b>bold</b> *bold* _it_ `code` "
    "<https://evil.example|click> {{ 7 * 7 }} {posts} %(n)s \u202egnp.exe\u202c\x1b[31m\x00\r\n"
    "Bcc: all@example.org\r\n.\r\n" + "x" * 10_000
)

HOSTILE = attrs.evolve(
    DELTA,
    alert=alert(
        AlertKind.OPENED,
        Level.HIGH,
        reason("influential_author", name=HOSTILE_TEXT, followers=60_000),
    ),
    incident=incident(HOSTILE_TEXT, 38, 31, VIDEO.published_at, Level.HIGH),
    brand_name="R&D <Bank>\r\nBcc: all@example.org",
    quotes=tuple(
        Quote(
            key=PostKey("mastodon", f"h{number}"),
            text=HOSTILE_TEXT,
            published_at=NOW,
            language="und",
            source="mastodon<!here>",
            url=url,
            author_name='"><img src=x onerror=alert(1)>\u2066\r\nSubject: owned',
            followers=0,
        )
        for number, url in enumerate(
            (
                "javascript:alert(1)",
                'https://evil.example/"><script>alert(1)</script>|<!channel>',
                "https://user:secret@evil.example/",
                "data:text/html,<script>alert(1)</script>",
                "https://evil.example/\r\nBcc: all@example.org",
            )
        )
    ),
    matter=Matter(
        complaints=38,
        touchpoint=touchpoint(HOSTILE_TEXT, HOSTILE_TEXT, moment=True),
        touchpoint_posts=38,
        aggravators=tuple((kind, 38) for kind in Aggravator),
        felt=tuple((emotion, 38) for emotion in Emotion),
    ),
    sources=(("mastodon<!here>", 38),),
    languages=(("zz-<b>", 38),),
    similar=(
        Similar(incident="x", title=HOSTILE_TEXT, first_post_at=NOW, peak_posts=1),
        Similar(incident="y", title="שלום\u202e עולם", first_post_at=NOW, peak_posts=2),
    ),
    changes=(reason("new_source", name=HOSTILE_TEXT),),
    gaps=(reason("source_down", source=HOSTILE_TEXT, since="2026-11-18T00:00:00+00:00"),),
)

BRIEFS = {
    "delta": DELTA,
    "slow burn": SLOW_BURN,
    "no counters": NO_COUNTERS,
    "hostile": HOSTILE,
}

_WEEK = datetime(2026, 11, 15, 16, 0, tzinfo=UTC)


def _days(*counts: tuple[int, int, int]) -> tuple[DayOfSentiment, ...]:
    first = date(2026, 11, 16)
    return tuple(
        DayOfSentiment(first + timedelta(days=number), *count)
        for number, count in enumerate(counts)
    )


BUSY_WEEK = DigestData(
    reader=Reader(timezone="Asia/Taipei"),
    brand_names=("Delta Air Lines", "長榮航空"),
    answered=ANSWERS,
    open_loops=OPEN_LOOPS,
    ledger=LEDGER,
    since=_WEEK,
    until=_WEEK + timedelta(days=7),
    burned=(
        Burned(
            title="voucher code rejected again",
            brand_name="Delta Air Lines",
            level=Level.WATCH,
            posts=14,
            authors=13,
            first_post_at=_SLOW_FIRST,
            last_post_at=NOW,
            still_open=True,
        ),
        Burned(
            title="soldiers charged fourth checked bag",
            brand_name="Delta Air Lines",
            level=Level.CRITICAL,
            posts=412,
            authors=371,
            views=198_400,
            first_post_at=VIDEO.published_at,
            last_post_at=NOW + timedelta(days=2),
            still_open=False,
            forecast=attrs.evolve(DELTA.forecasts[5], outcome=198_400),
        ),
        Burned(
            title="行李箱 摔壞 沒人理",
            brand_name="長榮航空",
            level=Level.HIGH,
            posts=31,
            authors=29,
            first_post_at=NOW - timedelta(hours=2),
            last_post_at=NOW + timedelta(hours=20),
            still_open=True,
            forecast=forecast(Quantity.MENTIONS, 24, 12, 14, 20, 33, 51, 90),
        ),
    ),
    returning=(
        Returning(
            title="voucher code rejected again",
            brand_name="Delta Air Lines",
            posts=14,
            days=9,
            times=2,
        ),
    ),
    sentiment=(
        Sentiment(
            brand_name="Delta Air Lines",
            days=_days(
                (12, 60, 22),
                (31, 66, 20),
                (240, 81, 18),
                (130, 70, 25),
                (48, 64, 30),
                (20, 51, 28),
                (14, 49, 24),
            ),
        ),
        Sentiment(
            brand_name="長榮航空",
            days=_days(
                (3, 20, 9),
                (2, 22, 11),
                (9, 25, 8),
                (24, 27, 6),
                (8, 20, 9),
                (4, 18, 12),
                (3, 19, 7),
            ),
        ),
    ),
    alerts_raised=4,
    messages_sent=9,
    messages_failed=1,
    record=(
        *DELTA.record,
        Record(
            quantity=Quantity.MENTIONS,
            horizon_hours=6,
            graded=61,
            inside90=55,
            median_ape=0.24,
        ),
    ),
    unseen=DELTA.gaps,
    heard=(
        BrandHeard(
            brand_name="Delta Air Lines",
            topics=(
                TopicLine(
                    touchpoint=FEES,
                    complaints=214,
                    praise=26,
                    felt={Emotion.ANGER: 151, Emotion.SADNESS: 20, Emotion.DISGUST: 44},
                    quadrant="simplify",
                ),
                TopicLine(
                    touchpoint=CALLS,
                    complaints=58,
                    praise=8,
                    felt={Emotion.ANGER: 31, Emotion.SADNESS: 9},
                    quadrant="eliminate",
                ),
                TopicLine(
                    touchpoint=CHECK_IN, complaints=4, praise=8, felt={}, quadrant="automate"
                ),
                TopicLine(touchpoint=LOUNGE, complaints=0, praise=9, quadrant="leverage"),
                TopicLine(touchpoint=WIFI, complaints=2, praise=0, felt={Emotion.FEAR: 1}),
            ),
            worse=(
                WorseLine(
                    kind=Aggravator.UNFAIR_CHARGE,
                    posts=131,
                    text=VIDEO.text,
                    span=(27, 75),
                    source="youtube",
                    published_at=VIDEO.published_at,
                    url=VIDEO.url,
                ),
                WorseLine(
                    kind=Aggravator.IGNORED,
                    posts=48,
                    text="x " * 300 + "and nobody ever answered us at the gate" + " y" * 300,
                    span=(604, 625),
                    source="mastodon",
                    published_at=NOW,
                ),
            ),
            advocates_won=1,
            advocates_lost=6,
            unjudged=(("th", 9), ("ko", 2)),
        ),
        BrandHeard(brand_name="長榮航空", unjudged=(("th", 1),)),
    ),
)

CALM_WEEK = DigestData(
    reader=Reader(),
    brand_names=("Delta Air Lines",),
    since=_WEEK,
    until=_WEEK + timedelta(days=7),
)

HOSTILE_WEEK = attrs.evolve(
    BUSY_WEEK,
    brand_names=("R&D <Bank>\r\nBcc: all@example.org",),
    burned=tuple(
        attrs.evolve(burned, title=HOSTILE_TEXT, brand_name=HOSTILE_TEXT)
        for burned in BUSY_WEEK.burned * 4
    ),
    returning=tuple(attrs.evolve(r, title=HOSTILE_TEXT) for r in BUSY_WEEK.returning),
    answered=tuple(
        attrs.evolve(one, title=HOSTILE_TEXT, brand_name="<b>", answers=one.answers * 9)
        for one in ANSWERS * 9
    ),
    open_loops=tuple(
        attrs.evolve(one, title=HOSTILE_TEXT, owner=HOSTILE_TEXT) for one in OPEN_LOOPS * 9
    ),
    ledger=Ledger(
        overdue=(Cited(promise=LEDGER.overdue[0].promise, brand_name="<b>", text=HOSTILE_TEXT),)
    ),
    unseen=HOSTILE.gaps,
    heard=tuple(
        BrandHeard(
            brand_name=HOSTILE_TEXT,
            topics=tuple(
                TopicLine(
                    touchpoint=touchpoint(HOSTILE_TEXT, HOSTILE_TEXT, moment=True),
                    complaints=10**9,
                    praise=10**9,
                    felt=dict.fromkeys(Emotion, 10**9),
                    quadrant="simplify",
                )
                for _ in range(9)
            ),
            worse=tuple(
                WorseLine(
                    kind=kind,
                    posts=10**9,
                    text=HOSTILE_TEXT,
                    span=(200, 9_000),
                    source="<b>",
                    published_at=NOW,
                    url="javascript:alert(1)",
                )
                for kind in Aggravator
            ),
            advocates_won=10**9,
            advocates_lost=10**9,
            unjudged=tuple((f"zz-<b>{number}", 10**9) for number in range(20)),
        )
        for _ in range(3)
    ),
)

WEEKS = {"busy": BUSY_WEEK, "calm": CALM_WEEK, "hostile": HOSTILE_WEEK}
