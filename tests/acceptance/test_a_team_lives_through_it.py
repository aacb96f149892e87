"""A team of three lives through two archives, and does everything from its messages alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from alerts.channels.slack_controls import Control
from monitor import archive
from monitor.casework import SPARKWATCH, Handling, NoticeState, ResponseKind
from monitor.domain import AlertKind, Author, Level, Observation, Post, PostKey
from tests.acceptance.team import ANN, MEI, Team, body, team
from tests.alerts.test_slack import texts

ROOT = Path(__file__).parents[2]
EASTERN = ZoneInfo("America/New_York")
LOUD = "veteran_voice@commons.example"
HOUR = timedelta(hours=1)
NOT_TAKEN_ON = "nobody had taken it on, so others were told"
THREE = (
    ("Mei", "taipei", "mei-mail", "zh-Hant", "Asia/Taipei"),
    ("Jonas", "berlin", "jonas-slack", "en", "Europe/Berlin"),
    ("Ann", "new-york", "ann-mail", "en", "America/New_York"),
)


def eastern(written: str) -> datetime:
    """A time of June 2011, as in ``8 01:45``."""
    day, _, clock = written.partition(" ")
    return datetime.fromisoformat(f"2011-06-0{day} {clock}").replace(tzinfo=EASTERN)


def february(written: str) -> datetime:
    """A time of February 2015 in UTC."""
    return datetime.fromisoformat(f"2015-02-{written}").replace(tzinfo=UTC)


# --- the re-enactment ---------------------------------------------------------------------------


@pytest.fixture
def delta(tmp_path: Path) -> Iterator[Team]:
    """The re-enactment of June 2011; what is high is escalated as well."""
    with resources.as_file(resources.files("monitor.demo")) as shipped:
        written = yaml.safe_load((shipped / "demo.yaml").read_text(encoding="utf-8"))
        observations = list(archive.read(shipped / "reenactment.jsonl"))
    tiers = [{"after": after, "min_level": "high"} for after in ("15m", "30m")]
    written["alerts"] = {
        "teams": [
            {"name": name, "channels": [channel], "escalation": tiers}
            for _, name, channel, _, _ in THREE
        ]
    }
    written["digest"] = {
        "readers": [
            {
                "name": person,
                "channel": channel,
                "language": language,
                "timezone": zone,
                "weekday": "thursday",
            }
            for person, _, channel, language, zone in THREE
        ]
    }
    with team(tmp_path, written, observations, eastern("5 00:00")) as opened:
        yield opened


def said(
    name: str, text: str, at: datetime, by: str, answers: PostKey, followers: int | None = None
) -> Observation:
    """A post that answers another, seen when it was published."""
    post = Post(
        key=PostKey("mastodon", name),
        text=text,
        published_at=at,
        url=f"https://example.org/social/{name}",
        author=Author(native_id=by, handle=by, followers=followers),
        parent=answers,
        thread=answers,
    )
    return Observation(post=post, observed_at=at)


def test_a_team_lives_through_the_re_enactment(delta: Team) -> None:
    drill = a_false_alarm_is_called_noise(delta)
    bags = an_alert_reaches_all_three_and_is_taken_on(delta)
    it_is_answered_and_a_promise_is_forgotten(delta, bags)
    it_is_resolved_and_comes_back(delta, bags)
    the_digest_shows_the_loop(delta, drill, bags)
    the_whole_story_is_told(delta, bags)
    delta.nobody_was_told_twice_and_nothing_is_lost()


def a_false_alarm_is_called_noise(delta: Team) -> str:
    """The brand's own answer to a drill links itself, and takes it on for nobody."""
    delta.live(eastern("6 15:00"), every=HOUR)
    delta.live(eastern("6 16:20"))
    [alert] = delta.alerts()
    drill = alert.incident
    [answer] = delta.case(drill).responses
    assert (answer.by, answer.response) == (SPARKWATCH, ResponseKind.APOLOGY)
    assert "Acknowledge" in delta.buttons_of(delta.mail_about(ANN, drill))

    delta.live(eastern("6 16:40"))
    assert [len(delta.mails(who)) for who in (MEI, ANN)] == [2, 2]
    assert sum(line.endswith(NOT_TAKEN_ON) for line in delta.thread_about(drill)) == 1
    delta.follow(delta.mail_about(ANN, drill), "Noise")
    delta.live(eastern("6 17:00"))
    assert delta.case(drill).handling is Handling.NOISE
    assert delta.thread_about(drill)[-1] == "Jun 6, 22:40: Ann called it noise"
    assert [len(delta.mails(who)) for who in (MEI, ANN)] == [2, 2]
    return drill


def an_alert_reaches_all_three_and_is_taken_on(delta: Team) -> str:
    """Each reads it in their language and by their clock; once it is Jonas' nobody is called."""
    delta.live(eastern("8 01:00"), every=HOUR)
    delta.live(eastern("8 01:50"))
    alert = delta.alerts()[-1]
    bags = alert.incident
    to_mei = delta.mail_about(MEI, bags)
    assert to_mei["Subject"].startswith("【嚴重】Delta Air Lines：")
    assert "現在該做什麼" in body(to_mei)
    assert "發出時間：6月8日 13:45。時區：Asia/Taipei" in body(to_mei)
    assert "Raised Jun 8, 01:45. Times are in America/New_York" in body(delta.mail_about(ANN, bags))
    message = delta.message_about(bags)
    assert "Raised Jun 8, 07:45. Times are in Europe/Berlin" in texts(message)
    assert "Nobody has taken this on yet" in texts(message)

    delta.press(bags, Control.ACKNOWLEDGE)
    delta.live(eastern("8 02:35"))
    edited = delta.message_about(bags)
    assert edited["ts"] == message["ts"]
    assert "Acknowledged by Jonas, Jun 8, 07:50" in texts(edited)
    assert delta.thread_about(bags) == ["Jun 8, 07:50: Jonas took it on"]
    assert delta.case(bags).escalations == 0
    assert delta.mail_about(MEI, bags) is to_mei
    return bags


def it_is_answered_and_a_promise_is_forgotten(delta: Team, bags: str) -> None:
    """Mei logs an answer from her mail, the brand's own reply links itself."""
    statement = "https://delta.example/statement"
    page = delta.follow(
        delta.mail_about(MEI, bags), "登記回應", response="holding_statement", link=statement
    )
    assert page.css(".banner::text").get() == "已完成。"
    case = delta.case(bags)
    assert (case.handling, case.owner) == (Handling.RESPONDING, "Jonas")
    assert case.responses[0].link == statement
    promise = "We apologize for these charges. We will get back to you within 6 hours."
    delta.hear([said("own", promise, eastern("8 02:50"), "Delta", delta.first_post(bags))])
    delta.live(eastern("8 09:00"))
    assert delta.thread_about(bags)[1:] == [
        "Jun 8, 08:35: Mei logged a public response (holding statement)",
        "Jun 8, 08:50: Sparkwatch logged a public response (apology)",
    ]
    [forgotten] = [one for one in delta.mails(MEI) if one["Subject"].startswith("【承諾】")]
    assert "1 項公開承諾已逾期" in forgotten["Subject"]
    assert "Jonas" in body(forgotten)
    assert "[Promise] Delta Air Lines: 1 public promise is overdue" in delta.posted()
    assert "[Promise]" in delta.mails(ANN)[-1]["Subject"]


def it_is_resolved_and_comes_back(delta: Team, bags: str) -> None:
    """What grows worse is told though it is taken on; after its end only what is new counts."""
    delta.live(eastern("8 11:00"))
    raised = delta.mail_about(MEI, bags)
    assert raised["Subject"].startswith("【危急】")
    assert delta.case(bags).escalations == 0
    delta.follow(delta.mail_about(ANN, bags), "Resolve")
    delta.live(eastern("8 18:00"))
    assert delta.case(bags).handling is Handling.RESOLVED
    assert "Resolved by Ann, Jun 8, 17:00" in texts(delta.message_about(bags))
    assert delta.mail_about(MEI, bags) is raised
    complaint = (
        "I am furious: Delta still charges soldiers for their bags on this flight. Shameful!"
    )
    delta.hear(
        [said("again", complaint, eastern("8 18:10"), LOUD, delta.first_post(bags), 120_000)]
    )
    delta.live(eastern("8 19:00"))
    recurred = [one for one in delta.alerts() if one.kind is AlertKind.RECURRED]
    assert [one.incident for one in recurred] == [bags]
    case = delta.case(bags)
    assert (case.handling, case.owner) == (Handling.OPEN, "Jonas")
    assert delta.mail_about(MEI, bags) is not raised
    thread = delta.thread_about(bags)
    assert [line for line in thread if line.endswith("it came back and is open again")]
    assert "Nobody has taken this on yet" in texts(delta.message_about(bags))


def the_digest_shows_the_loop(delta: Team, drill: str, bags: str) -> None:
    """What is left open, what was answered and what came of it, promises, and the votes."""
    delta.press(bags, Control.USEFUL)
    delta.live(eastern("9 00:00"))
    delta.live(eastern("9 08:05"), every=HOUR)
    week = delta.mails(ANN)[-1]
    assert week["Subject"] == "Delta Air Lines: the week of Jun 2, 2011"
    loops = section(body(week), "Loops left open")
    assert f"{delta.title(bags)} (Delta Air Lines, Critical): told" in loops
    assert "· Jonas ·" in loops
    assert delta.title(drill) not in loops
    answers = section(body(week), "What was answered, and whether it helped")
    assert f"{delta.title(bags)} (Delta Air Lines): a holding statement and an apology" in answers
    assert "1 made, 0 kept (0 of them late), 1 overdue" in body(week)
    votes = section(body(week), "Were the alerts worth it")
    assert "called useful in 8 weeks" in votes
    assert "many people at once: " in votes
    assert "Delta Air Lines：2011年6月2日起的一週" in [one["Subject"] for one in delta.mails(MEI)]
    assert "Delta Air Lines: the week of Jun 2, 2011" in delta.posted()


def section(text: str, heading: str) -> str:
    """A section of a letter's text."""
    _, _, rest = text.partition(f"\n{heading}\n")
    return rest.partition("\n\n")[0]


def the_whole_story_is_told(delta: Team, bags: str) -> None:
    """In the order in which it happened."""
    story = delta.tell("why", bags)
    places = [
        next(number for number, line in enumerate(story) if words in line)
        for words in (
            "first post",
            "enough for an incident",
            "alert, High, new incident",
            "taipei is told",
            "Jonas took it on",
            "Mei logged an answer",
            "sparkwatch logged an answer",
            "alert, Critical, more serious than before",
            "Ann resolved it",
            "it is back",
            "it is open again",
            "Jonas called the alert useful",
        )
    ]
    assert places == sorted(places)


# --- the replay ---------------------------------------------------------------------------------


@pytest.fixture
def american(tmp_path: Path) -> Iterator[Team]:
    """A Sunday of February 2015 on which an airline cancelled flights, with low bounds."""
    shared = (ROOT / os.environ.get("SPARKWATCH_SHARED", "../shared")).resolve()
    path = shared / "replays" / "us-airlines-2015.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"the replay is not there: {path}; set SPARKWATCH_SHARED")
    begins, ends = february("22 08:00"), february("22 23:55")
    observations = [
        one
        for one in archive.read(path)
        if begins <= one.observed_at < ends and "@americanair" in one.post.text.lower()
    ]
    teams: list[dict[str, Any]] = [
        {"name": name, "channels": [channel], "timezone": zone}
        for _, name, channel, _, zone in THREE
    ]
    teams[0]["quiet_hours"] = [{"from": "22:00", "to": "08:00"}]
    written: dict[str, Any] = {
        "brands": [
            {
                "name": "American Airlines",
                "id": "american",
                "handles": ["@AmericanAir"],
                "taxonomy": "airline",
            }
        ],
        "timezone": "America/New_York",
        "alerts": {
            "teams": teams,
            "policy": {"learning_hours": 8, "spike_score": 0.02, "critical_spike_score": 0.2},
        },
    }
    with team(tmp_path, written, observations, begins) as opened:
        yield opened


def test_a_team_that_does_nothing_lives_through_a_sunday_of_cancelled_flights(
    american: Team,
) -> None:
    american.live(february("22 21:55"), every=HOUR)
    american.live(february("22 23:45"))
    [critical, *lesser] = american.alerts()
    assert critical.level is Level.CRITICAL
    assert {one.level for one in lesser} == {Level.HIGH}
    steps = american.escalations(critical.incident)
    assert {one.at - critical.raised_at for one in steps} == {
        timedelta(minutes=15),
        timedelta(minutes=30),
    }
    thread = american.thread_about(critical.incident)
    assert sum(line.endswith(NOT_TAKEN_ON) for line in thread) == 2

    by_night = american.mails(MEI)
    assert [parsedate_to_datetime(one["Date"]) - critical.raised_at for one in by_night] == [
        timedelta(minutes=minutes) for minutes in (0, 15, 30)
    ]
    assert all(one["Subject"].startswith("【危急】American Airlines：") for one in by_night)
    assert "時區：Asia/Taipei" in body(by_night[0])
    assert len(american.mails(ANN)) == len(by_night) + len(lesser), "she is awake"
    held_back = [one for one in american.notices() if one.team == "taipei" and one.reason]
    assert {one.due_at for one in held_back if one.state is NoticeState.WAITING} == {
        february("23 00:00")
    }, "eight o'clock where she is"

    american.live(february("23 00:10"))
    [in_the_morning] = american.mails(MEI)[len(by_night) :]
    count = len(american.alerts()) - 1
    assert in_the_morning["Subject"].endswith(f"American Airlines：同時發生 {count} 起事件")
    american.nobody_was_told_twice_and_nothing_is_lost()
