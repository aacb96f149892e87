"""Builds every object from the settings, in plain calls. The only place that knows them all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo

import attrs
from sqlalchemy import make_url

import config
from alerts.channels.configured import configured_channel
from alerts.channels.folder import FolderChannel, FolderOptions
from alerts.channels.receiver import Channel
from alerts.channels.slack_app import SlackAppChannel
from alerts.i18n import Reader
from alerts.links import ActionLinks
from alerts.people import People
from alerts.quiet import Weekday
from alerts.routing import TeamOptions, teams_or_everyone
from alerts.rules import Rules
from config.model import Settings
from config.taxonomy import load_learned, load_taxonomy
from monitor.domain import Level, Observation, Taxonomy
from monitor.gathering.answers import FaultyAnswers
from monitor.incidents.grouping import GroupingOptions
from monitor.incidents.matching import Matcher
from monitor.pipeline import Pipeline
from monitor.replay import Replay
from monitor.scheduler import DueSource, Runner
from monitor.stages.assess import Assess
from monitor.stages.briefer import Briefer
from monitor.stages.decide import Decide
from monitor.stages.deliver import Deliver, delivering_apart
from monitor.stages.digest import Digest, DigestReader
from monitor.stages.escalate import Escalate
from monitor.stages.failover import Failover
from monitor.stages.forecast import ForecastStage
from monitor.stages.group import Group
from monitor.stages.match import Match
from monitor.stages.notify import Notify
from monitor.stages.remind import Remind
from monitor.stages.respond import Respond
from monitor.stages.route import Route
from monitor.stages.stage import Stage
from monitor.stages.telling import Teller
from monitor.stages.update import Update
from monitor.stages.usual import Habits
from monitor.stages.watch import Watch
from monitor.store.store import Store
from monitor.virality.forecast import Forecaster

if TYPE_CHECKING:
    from monitor.slack.desk import SlackDesk
    from monitor.slack.socket import SlackSocket
    from nlp.promises import PromiseFinder
    from nlp.reading import RuleReader
    from nlp.scoring import Scorer

__all__ = [
    "alert_rules",
    "digest_readers",
    "faulty_answers",
    "open_store",
    "reader",
    "replay",
    "runner",
    "scorer",
    "slack_desk",
    "slack_sockets",
    "stages",
    "taxonomies",
    "teams",
    "wall_clock",
]

_AGGRAVATORS = Path(config.__path__[0]) / "aggravators.yaml"
_RESPONSES = Path(config.__path__[0]) / "responses.yaml"


def wall_clock() -> datetime:
    """The time now; everything below is handed it."""
    return datetime.now(UTC)


def open_store(settings: Settings) -> Store:
    """The store, upgraded where needed; raises ``StoreError``."""
    return Store.open(settings.store.url.get_secret_value())


def scorer(settings: Settings) -> Scorer:
    """The model that the settings name; raises ``ModelError``."""
    from nlp.scoring import load_scorer  # torch takes seconds; most commands read no text

    nlp = settings.nlp
    return load_scorer(nlp.model, labels=nlp.labels or None, threads=nlp.threads)


def reader(settings: Settings, scores: Scorer) -> RuleReader:
    """What reads posts for each brand, by the taxonomies that the settings name."""
    from nlp.aggravators import load_aggravators
    from nlp.reading import RuleReader
    from nlp.touchpoints import TouchpointFinder

    brands = settings.watched()
    finders = {
        name: TouchpointFinder(load_taxonomy(name), scores.embed, load_learned(name))
        for name in sorted({brand.taxonomy for brand in brands if brand.taxonomy})
    }
    return RuleReader.of(brands, finders, load_aggravators(_AGGRAVATORS), scores)


def promise_finder() -> PromiseFinder:
    """What reads the brands' own posts."""
    from nlp.promises import PromiseFinder
    from nlp.responses import ReplyReader, load_replies

    return PromiseFinder(ReplyReader(load_replies(_RESPONSES)))


def taxonomies(settings: Settings) -> dict[str, Taxonomy]:
    """The taxonomy of each brand that names one, by the brand's id."""
    brands = settings.watched()
    loaded = {name: load_taxonomy(name) for name in {brand.taxonomy for brand in brands} if name}
    return {brand.id: loaded[brand.taxonomy] for brand in brands if brand.taxonomy}


def links(settings: Settings) -> ActionLinks | None:
    """What signs and reads the links in messages; ``None`` where there are no web pages.

    Raises ``SecretError``.
    """
    if settings.web is None:
        return None
    return ActionLinks(settings.web.url, settings.web.signing_secret())


def channels(settings: Settings) -> tuple[Channel, ...]:
    """Every configured way to people; raises ``SecretError`` where links cannot be signed."""
    people, signed = People(settings.people), links(settings)
    return tuple(
        configured_channel(options, people, signed) for options in settings.alerts.channels
    )


def teams(settings: Settings) -> tuple[TeamOptions, ...]:
    """Who is told together; one team with every channel where none is configured."""
    alerts = settings.alerts
    return teams_or_everyone(alerts.teams, [channel.name for channel in alerts.channels])


def alert_rules(settings: Settings, ways: Sequence[Channel]) -> Rules:
    """Whom to tell of what, and when not."""
    alerts = settings.alerts
    return Rules(
        teams=teams_or_everyone(alerts.teams, [way.options.name for way in ways]),
        routes=settings.routes(),
        inhibition=alerts.inhibit,
        grouping=alerts.grouping,
        regions=settings.regions(),
        stale=timedelta(hours=alerts.policy.stale_hours),
    )


def digest_readers(settings: Settings, ways: Sequence[Channel]) -> tuple[DigestReader, ...]:
    """Who gets a digest, each with their channel."""
    by_name = {way.options.name: way for way in ways}
    return tuple(
        DigestReader(
            name=reader.name,
            channel=by_name[reader.channel],
            reader=Reader(language=reader.language, timezone=reader.timezone),
            weekday=get_args(Weekday).index(reader.weekday),
            at=reader.time,
        )
        for reader in settings.digest.readers
    )


@attrs.frozen
class Stages:
    """The way of one post: what looks at it and decides, and what then tells people."""

    looking: tuple[Stage, ...]
    telling: tuple[Stage, ...]


def stages(
    settings: Settings, scores: Scorer, ways: Sequence[Channel], *, waits: bool = True
) -> Stages:
    """Every stage but delivery, into whose outbox they write.

    ``waits`` tells whether alerts wait for others that may be told together with them.
    """
    brands, known = settings.watched(), taxonomies(settings)
    policy, rules = settings.alerts.policy, alert_rules(settings, ways)
    if not waits:
        rules = rules.without_waiting()
    zone = ZoneInfo(settings.timezone)
    due_after = timedelta(hours=settings.promises.due_hours)
    habits = Habits(brands, zone)
    briefer = Briefer(brands, habits, policy, known)
    teller = Teller(briefer, ways, rules.grouping.alone)
    return Stages(
        looking=(
            Match(Matcher(brands)),
            Assess(scores, reader(settings, scores)),
            Group(brands, GroupingOptions(model=(scores.model, scores.revision))),
            Respond(brands, promise_finder(), zone=zone, due_after=due_after),
            ForecastStage(Forecaster.load(zone=zone)),
            Decide(habits, policy),
            Remind(brands, ways, rules),
            Watch([source.name for source in settings.sources], ways),
            Digest(brands, digest_readers(settings, ways), known, rules.teams),
        ),
        telling=(
            Route(rules),
            Notify(rules, teller),
            Escalate(rules, teller),
            Update(briefer, ways),
            Failover(ways, briefer.brief, teller.letter),
        ),
    )


def slack_desk(settings: Settings, store: Store) -> SlackDesk:
    """Where buttons that were pressed in Slack arrive; without a Slack app it refuses them all."""
    from monitor.slack.desk import SlackDesk  # only `run` needs Slack's own library

    ways = [way for way in channels(settings) if isinstance(way, SlackAppChannel)]
    return SlackDesk(store, ways, People(settings.people), wall_clock)


def slack_sockets(settings: Settings, desk: SlackDesk) -> tuple[SlackSocket, ...]:
    """A connection to Slack for each app that uses Socket Mode, however many channels it has."""
    from monitor.slack.socket import SlackSocket  # as above

    ways = [way for way in channels(settings) if isinstance(way, SlackAppChannel)]
    apps = {
        (way.options.app_token, way.options.app_token_file): way
        for way in ways
        if way.options.uses_sockets
    }
    return tuple(SlackSocket(way.socket_api, desk) for way in apps.values())


def runner(settings: Settings, store: Store, *, once: bool = False) -> Runner:
    """Sparkwatch live: real sources, real channels, the real clock.

    Where it looks ``once``, no alert waits for others to come. Who is told, and each channel, have
    lanes of their own: they wait neither for a long look at many posts nor for a channel that
    hangs.
    """
    ways = channels(settings)
    made = stages(settings, scorer(settings), ways, waits=not once)
    delivering = delivering_apart(ways, wall_clock)
    return Runner(
        store,
        Pipeline(made.looking),
        settings.watched(),
        [DueSource(spec=source.spec(), every=source.every) for source in settings.sources],
        wall_clock,
        faulty=faulty_answers(settings),
        lanes=(Pipeline(made.telling), *(Pipeline((deliver,)) for deliver in delivering)),
    )


def faulty_answers(settings: Settings) -> FaultyAnswers:
    """Where answers that cannot be read are kept: next to the store, or here where it is remote."""
    address = make_url(settings.store.url.get_secret_value())
    embedded = address.get_backend_name() == "sqlite" and address.database
    store = Path(address.database or "") if embedded else Path("sparkwatch.db")
    return FaultyAnswers(store.with_name(f"{store.stem}-answers"))


@attrs.frozen
class PreparedReplay:
    """A replay, the pipeline that it runs through, and the folders that its messages go to."""

    replay: Replay
    pipeline: Pipeline
    folders: tuple[Path, ...]


def replay(
    settings: Settings,
    observations: Sequence[Observation],
    *,
    scores: Scorer,
    output: Path,
    tick: timedelta,
) -> PreparedReplay:
    """A replay whose messages go to a folder, whatever channels are configured.

    Each configured channel keeps its name, level, language and zone; nothing leaves this machine.
    """
    again = Replay(observations=observations, tick=tick)
    ways = _into_folder(settings, output)
    made = stages(settings, again.read_ahead(scores, Matcher(settings.watched())), ways)
    whole = Pipeline((*made.looking, *made.telling, Deliver(ways)))
    return PreparedReplay(again, whole, tuple(way.options.path for way in ways))


def _into_folder(settings: Settings, output: Path) -> tuple[FolderChannel, ...]:
    configured = settings.alerts.channels
    if not configured:
        name = "alerts"
        options = FolderOptions(
            kind="folder",
            name=name,
            path=output / name,
            min_level=Level.HIGH,
            language=settings.language,
            timezone=settings.timezone,
        )
        return (FolderChannel(options),)
    return tuple(
        FolderChannel(
            FolderOptions(
                kind="folder",
                name=channel.name,
                path=output / channel.name,
                min_level=channel.min_level,
                language=channel.language,
                timezone=channel.timezone,
            )
        )
        for channel in configured
    )
