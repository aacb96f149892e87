"""Relapse, reminders and what a digest shows of loops, over a real store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerts.policy import PolicyOptions
from alerts.quiet import QuietHours
from alerts.routing import RouteOptions, TeamOptions
from alerts.rules import Rules
from monitor.casework import (
    Action,
    ActionKind,
    Handling,
    Notice,
    NoticeState,
    PromiseKind,
    ResponseKind,
)
from monitor.domain import AlertKind, Level, Reason
from monitor.effect import Verdict
from monitor.stages.aftermath import aftermath_of
from monitor.stages.closing import answered, ledger, open_loops
from monitor.stages.remind import Remind
from tests.fakes import FakeChannel
from tests.stages.answering import Answering, answer
from tests.stages.scene import ACME, BAG, Scene, at, said, told
from tests.stages.telling import Tellers, everyone

DAY = 24 * 60
NAMES = {"acme": "Acme Air"}
LOUD = said("loud", BAG[0], 5, followers=60_000, name="Eve")


class Office:
    """An incident that people were told of, with those who decide and act."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.story = Answering(scene)
        self.channel = FakeChannel.named("everything")
        self.tellers = Tellers(
            scene.brands, (self.channel,), policy=PolicyOptions(learning_hours=0)
        )
        self.story.tell([LOUD], 36)
        self.run(37)

    def run(self, minutes: float) -> None:
        self.scene.run(minutes)
        self.story.run(minutes)
        self.tellers.run(self.scene.store, at(minutes))

    def act(self, kind: ActionKind, minutes: float, by: str = "Mei") -> None:
        action = Action(
            key=f"{kind}/{minutes}", incident=self.story.incident, at=at(minutes), by=by, kind=kind
        )
        with self.scene.store.begin() as work:
            work.casework.add(action)

    def kinds(self) -> list[AlertKind]:
        return [alert.kind for alert in self.scene.alerts(self.story.incident)]


@pytest.fixture
def office(lite_scene: Scene) -> Office:
    return Office(lite_scene)


# --- relapse ------------------------------------------------------------------------------------


def test_what_was_resolved_and_grows_again_is_told_as_a_recurrence_and_reopened(
    office: Office,
) -> None:
    office.act(ActionKind.RESOLVE, 60)
    office.scene.gather(said("again", BAG[4], 300, followers=90_000, name="Bob"))
    office.run(301)
    office.run(302)
    assert office.kinds() == [AlertKind.OPENED, AlertKind.RECURRED]
    case = office.story.case()
    assert (case.handling, case.owner) == (Handling.OPEN, "")
    assert [one.kind for one in office.story.actions()].count(ActionKind.REOPEN) == 1


def test_what_was_said_before_it_was_resolved_reopens_nothing(office: Office) -> None:
    office.act(ActionKind.RESOLVE, 60)
    office.scene.gather(said("late", BAG[1], 50, seen=70))
    office.run(71)
    office.run(200)
    assert office.kinds() == [AlertKind.OPENED]
    assert office.story.case().handling is Handling.RESOLVED


def test_a_few_more_posts_do_not_reopen_what_was_called_noise(office: Office) -> None:
    office.act(ActionKind.NOISE, 60)
    office.scene.gather(*told(BAG[:3], 65, prefix="few"))
    office.run(90)
    assert office.story.case().handling is Handling.NOISE


def test_a_crowd_after_it_was_resolved_is_a_relapse(office: Office) -> None:
    office.act(ActionKind.RESOLVE, 60)
    office.scene.gather(*told(BAG * 5, 400, step=1, prefix="crowd"))
    office.run(440)
    assert office.kinds()[-1] is AlertKind.RECURRED
    assert office.story.case().handling is Handling.OPEN


def test_it_can_be_resolved_again_and_stays_so(office: Office) -> None:
    office.act(ActionKind.RESOLVE, 60)
    office.scene.gather(said("again", BAG[4], 300, followers=90_000, name="Bob"))
    office.run(301)
    office.act(ActionKind.RESOLVE, 320)
    office.run(330)
    assert office.story.case().handling is Handling.RESOLVED


def test_a_relapse_after_an_answer_is_its_effect(office: Office) -> None:
    office.story.tell([answer("We apologize.", 50)])
    office.act(ActionKind.RESOLVE, 60)
    office.scene.gather(said("again", BAG[4], 300, followers=90_000, name="Bob"))
    office.run(301)
    with office.scene.store.read() as work:
        told_of = aftermath_of(office.scene.only(), None, work, at(310))
    assert told_of is not None
    assert told_of.effect is not None
    assert told_of.effect.verdict is Verdict.RELAPSED


def test_an_incident_without_answers_and_promises_has_no_aftermath(office: Office) -> None:
    with office.scene.store.read() as work:
        assert aftermath_of(office.scene.only(), None, work, at(310)) is None


def test_an_alert_about_an_answered_incident_tells_what_was_answered(office: Office) -> None:
    office.story.tell([answer("We apologize.", 50)])
    office.act(ActionKind.RESOLVE, 60)
    office.scene.gather(said("again", BAG[4], 300, followers=90_000, name="Bob"))
    office.run(301)
    aftermath = office.channel.briefs[-1].aftermath
    assert aftermath is not None
    assert [one.response for one in aftermath.answers] == [ResponseKind.APOLOGY]


# --- reminders ----------------------------------------------------------------------------------


def remind(office: Office, minutes: float) -> int:
    rules = everyone((office.channel,))
    return Remind((ACME,), (office.channel,), rules).run(office.scene.store, at(minutes))


def test_an_overdue_promise_is_told_once_with_its_owner(office: Office) -> None:
    office.act(ActionKind.ACKNOWLEDGE, 40)
    office.story.tell([answer("We'll get back to you within 2 hours.", 50)])
    assert remind(office, 169) == 0
    assert remind(office, 170) == 1
    assert remind(office, 171) == 0
    (letter,) = office.channel.letters
    assert "get back to you within 2 hours" in letter.text
    assert "Mei" in letter.text


def test_what_falls_due_within_the_hour_waits_and_goes_in_one_letter(office: Office) -> None:
    office.story.tell(
        answer(f"We'll get back to you within {n} hours.", 50, to=n, number=f"own-{n}")
        for n in (1, 2, 3)
    )
    assert [remind(office, minutes) for minutes in (110, 165, 171, 240, 300)] == [1, 0, 1, 1, 0]


def test_a_kept_promise_is_not_told(office: Office) -> None:
    office.story.tell([answer("We'll get back to you within 2 hours.", 50)])
    office.story.tell(
        [said("ok", "Thanks, all sorted", 60, by="author-0", parent=answer("").post.key)]
    )
    assert remind(office, 500) == 0


def test_a_hand_off_outside_any_incident_is_listed_and_not_told(office: Office) -> None:
    office.story.tell([answer("Please DM us", 50, to=None)])
    (promise,) = office.story.promises()
    assert promise.kind is PromiseKind.HANDOFF
    assert remind(office, 4 * DAY) == 0


def test_what_fell_due_long_ago_is_not_told(office: Office) -> None:
    office.story.tell([answer("We'll get back to you within 2 hours.", 50)])
    assert remind(office, 9 * DAY) == 0


def test_a_channel_for_critical_alerts_alone_gets_no_reminder(office: Office) -> None:
    office.story.tell([answer("We'll get back to you within 2 hours.", 50)])
    quiet = FakeChannel.named("quiet", Level.CRITICAL)
    assert Remind((ACME,), (quiet,), everyone((quiet,))).run(office.scene.store, at(200)) == 1
    assert quiet.letters == []


WAYS = (FakeChannel.named("pr-room"), FakeChannel.named("boss-room"))
PR = TeamOptions(name="pr", channels=("pr-room",))
BOSS = TeamOptions(name="boss", channels=("boss-room",))


def sleeping(team: TeamOptions, begin: float, end: float) -> TeamOptions:
    hours = {"from": at(begin).time(), "to": at(end).time()}
    return team.model_copy(update={"quiet_hours": (QuietHours.model_validate(hours),)})


def notice(office: Office, team: str, owner: str = "") -> None:
    """A team was told of the incident."""
    (alert,) = office.scene.alerts(office.story.incident)
    one = Notice(
        alert=alert.id,
        team=team,
        incident=alert.incident,
        brand=alert.brand,
        level=alert.level,
        owner=owner,
        routed_at=at(37),
        due_at=at(37),
        state=NoticeState.TOLD,
        decided_at=at(37),
        reason=Reason(code="told"),
    )
    with office.scene.store.begin() as work:
        work.notices.put([one])


def reminded(
    office: Office, minutes: float, *teams: TeamOptions, routes: tuple[RouteOptions, ...] = ()
) -> dict[str, datetime]:
    """The channels that a letter was written for, with when it is due there."""
    rules = Rules(teams=teams or (PR, BOSS), routes=routes)
    Remind((ACME,), WAYS, rules).run(office.scene.store, at(minutes))
    with office.scene.store.read() as work:
        return {one.channel: one.due_at for one in work.outbox.beginning("promises/")}


def test_a_promise_about_what_nobody_was_told_of_goes_where_a_high_alert_would(
    office: Office,
) -> None:
    office.story.tell([answer("We'll get back to you within 2 hours.", 50)])
    critical_first = (
        RouteOptions(team="boss", min_level=Level.CRITICAL),
        RouteOptions(team="pr", brands=("acme",)),
    )
    assert list(reminded(office, 200, routes=critical_first)) == ["pr-room"]


def test_without_a_route_every_team_is_reminded(office: Office) -> None:
    office.story.tell([answer("We'll get back to you within 2 hours.", 50)])
    assert set(reminded(office, 200)) == {"pr-room", "boss-room"}


def test_a_promise_goes_to_those_who_were_told_of_its_incident(office: Office) -> None:
    notice(office, "boss")
    office.story.tell([answer("We'll get back to you within 2 hours.", 50)])
    to_pr = (RouteOptions(team="pr"),)
    assert list(reminded(office, 200, routes=to_pr)) == ["boss-room"]


def test_of_those_who_were_told_the_owners_team_is_reminded(office: Office) -> None:
    notice(office, "boss")
    notice(office, "pr", owner="Mei")
    office.act(ActionKind.ACKNOWLEDGE, 40, by="Mei")
    office.story.tell([answer("We'll get back to you within 2 hours.", 50)])
    assert list(reminded(office, 200)) == ["pr-room"]


def test_while_all_of_its_teams_sleep_a_promise_waits_and_may_yet_be_kept(office: Office) -> None:
    notice(office, "pr")
    asleep = sleeping(PR, 150, 400)
    office.story.tell(
        answer(f"We'll get back to you within {n} hours.", 50, to=n, number=f"own-{n}")
        for n in (2, 3)
    )
    assert reminded(office, 399, asleep) == {}
    kept = next(one for one in office.story.promises() if one.post.native_id == "own-2")
    thanks = said("ok", "Thanks, all sorted", 398, by="author-2", parent=kept.post)
    office.story.tell([thanks])
    assert reminded(office, 400, asleep) == {"pr-room": at(400)}
    assert "within 2 hours" not in WAYS[0].letters[-1].text
    assert "within 3 hours" in WAYS[0].letters[-1].text


def test_a_team_that_sleeps_gets_the_letter_afterwards_where_another_is_awake(
    office: Office,
) -> None:
    notice(office, "pr")
    notice(office, "boss")
    office.story.tell([answer("We'll get back to you within 2 hours.", 50)])
    due = reminded(office, 200, PR, sleeping(BOSS, 150, 400))
    assert due == {"pr-room": at(200), "boss-room": at(400)}


# --- the digest ---------------------------------------------------------------------------------


def test_a_loop_is_open_until_it_is_resolved(office: Office) -> None:
    def steps(minutes: float) -> list[tuple[str, str]]:
        with office.scene.store.read() as work:
            found = open_loops(NAMES, at(minutes), work)
        return [(one.handling.value, one.owner) for one in found]

    office.act(ActionKind.ACKNOWLEDGE, 100)
    office.act(ActionKind.RESOLVE, 200)
    assert steps(90) == [("open", "")]
    assert steps(150) == [("acknowledged", "Mei")]
    assert steps(201) == []


def test_an_answer_of_the_week_is_told_with_its_effect(office: Office) -> None:
    office.story.tell([answer("We apologize.", 50)])
    with office.scene.store.read() as work:
        (one,) = answered((ACME,), UTC, at(0), at(DAY), work)
        assert list(answered((ACME,), UTC, at(DAY), at(2 * DAY), work)) == []
    assert one.brand_name == "Acme Air"
    assert one.effect is not None
    assert one.effect.verdict is Verdict.TOO_LITTLE_SEEN


def test_the_ledger_counts_what_was_made_kept_and_is_overdue(office: Office) -> None:
    office.story.tell(
        answer(f"We'll get back to you within {n} hours.", 50, to=n, number=f"own-{n}")
        for n in (1, 2, 3)
    )
    late = [p for p in office.story.promises() if p.post.native_id == "own-1"]
    thanks = said("ok", "Thanks, sorted", 200, by="author-1", parent=late[0].post)
    office.story.tell([thanks])
    with office.scene.store.read() as work:
        seen = ledger(NAMES, at(0), at(200), work)
        later = ledger(NAMES, at(0), at(DAY), work)
    assert (seen.made, seen.kept, len(seen.overdue)) == (3, 0, 1)
    assert (later.made, later.kept, later.kept_late, len(later.overdue)) == (3, 1, 1, 2)
    assert later.overdue[0].text.startswith("We'll get back")
    assert later.overdue[0].promise.due_at == at(50) + timedelta(hours=2)


def test_another_brands_loops_are_not_shown(office: Office) -> None:
    office.story.tell([answer("We'll get back to you within 2 hours.", 50)])
    with office.scene.store.read() as work:
        assert open_loops({"zephyr": "Zephyr"}, at(DAY), work) == []
        assert ledger({"zephyr": "Zephyr"}, at(0), at(DAY), work).made == 0
