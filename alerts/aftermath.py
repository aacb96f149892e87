"""What was answered, what was promised and what changed since, in the reader's words.

A difference is told with the people that it is of, and never as the work of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import attrs

from alerts.i18n import Words, message
from alerts.untrusted import isolated, one_line, safe_link
from monitor.casework import SPARKWATCH, Action, Promise, PromiseKind, ResponseKind
from monitor.effect import Difference, Effect, Held, Place, Verdict

__all__ = [
    "Aftermath",
    "aftermath_lines",
    "effect_lines",
    "promise_name",
    "response_phrase",
    "verdict_name",
]

_RESPONSES = {
    ResponseKind.HOLDING_STATEMENT: message("a holding statement"),
    ResponseKind.APOLOGY: message("an apology"),
    ResponseKind.REFUND: message("a refund or compensation"),
    ResponseKind.POLICY_CHANGE: message("a change of policy"),
    ResponseKind.ANSWER: message("an answer"),
}
_PROMISES = {
    PromiseKind.REPLY: message("a reply"),
    PromiseKind.ACTION: message("to do something"),
    PromiseKind.HANDOFF: message("to go on in private"),
}
_VERDICTS = {
    Verdict.RECOVERED: message("recovered"),
    Verdict.RECOVERING: message("recovering"),
    Verdict.NO_CHANGE_SHOWN: message("no change shown"),
    Verdict.WORSE: message("worse"),
    Verdict.RELAPSED: message("relapsed"),
    Verdict.TOO_LITTLE_SEEN: message("too little seen to say"),
}
_PLACES = {
    Place.BELOW90: message(
        "Posts by {time}: {outcome}, fewer than foreseen before the answer ({low} to {high})."
    ),
    Place.BELOW50: message(
        "Posts by {time}: {outcome}, in the lower part of what was foreseen before the answer "
        "({low} to {high})."
    ),
    Place.INSIDE50: message(
        "Posts by {time}: {outcome}, about as foreseen before the answer ({low} to {high})."
    ),
    Place.ABOVE50: message(
        "Posts by {time}: {outcome}, in the upper part of what was foreseen before the answer "
        "({low} to {high})."
    ),
    Place.ABOVE90: message(
        "Posts by {time}: {outcome}, more than foreseen before the answer ({low} to {high})."
    ),
}


@attrs.frozen(kw_only=True)
class Aftermath:
    """What was done about an incident in public; ``effect`` is that of the first answer."""

    answers: tuple[Action, ...] = ()
    effect: Effect | None = None
    promises: tuple[Promise, ...] = ()


def response_phrase(kind: ResponseKind | None, words: Words) -> str:
    """What was answered."""
    return words.say(_RESPONSES[kind or ResponseKind.ANSWER])


def promise_name(kind: PromiseKind, words: Words) -> str:
    """What was promised."""
    return words.say(_PROMISES[kind])


def verdict_name(verdict: Verdict, words: Words) -> str:
    """What became of it since."""
    return words.say(_VERDICTS[verdict])


def aftermath_lines(aftermath: Aftermath, words: Words, now: datetime) -> tuple[str, ...]:
    """What was done, what changed since, and which promises are open."""
    lines = [*_answers(aftermath.answers, words)]
    if aftermath.effect is not None:
        lines += effect_lines(aftermath.effect, words)
    lines += _promises(aftermath.promises, words, now)
    return tuple(lines)


def effect_lines(effect: Effect, words: Words) -> tuple[str, ...]:
    """The verdict, then what it rests on."""
    since = words.say(
        "Since the answer of {time}: {verdict}.",
        time=words.when(effect.answered_at),
        verdict=verdict_name(effect.verdict, words),
    )
    if effect.verdict is Verdict.TOO_LITTLE_SEEN:
        return (since,)
    lines = [since]
    if effect.hours_to_recovery is not None:
        lines.append(
            words.say(
                "It was over {time} after the answer.", time=words.hours(effect.hours_to_recovery)
            )
        )
    if effect.volume is not None:
        lines.append(_volume(effect.volume, words))
    lines += _moods(effect, words)
    if len(lines) > 1:
        lines.append(
            words.say("A change after an answer is no proof that the answer brought it about.")
        )
    return tuple(lines)


def _answers(answers: Sequence[Action], words: Words) -> Iterator[str]:
    """The first answer, and of what kinds the others were."""
    if not answers:
        return
    first = answers[0]
    told = words.say(
        "Answered {time} with {what}",
        time=words.when(first.at),
        what=response_phrase(first.response, words),
    )
    if first.by != SPARKWATCH:
        told = words.noted(
            told, words.say("logged by {name}", name=isolated(one_line(first.by, 60)))
        )
    link = safe_link(first.link)
    yield words.labelled(told, link) if link else told
    if len(answers) > 1:
        kinds = dict.fromkeys(response_phrase(one.response, words) for one in answers[1:])
        yield words.say(
            "{n} more since: {list}",
            n=words.number(len(answers) - 1),
            list=words.together(list(kinds)),
        )


def _promises(promises: Sequence[Promise], words: Words, now: datetime) -> Iterator[str]:
    late = [one for one in promises if one.is_overdue(now)]
    waiting = [
        one for one in promises if not (one.kept_at or one.dropped_at or one.is_overdue(now))
    ]
    if late:
        yield words.count(
            "{n} public promise is overdue.", "{n} public promises are overdue.", len(late)
        )
    if waiting:
        yield words.say(
            "Promised in public: {what}, due {time}",
            what=promise_name(waiting[0].kind, words),
            time=words.when(waiting[0].due_at),
        )


def _volume(held: Held, words: Words) -> str:
    said = held.forecast.quantiles
    assert said is not None  # noqa: S101 -- for the type checker: nothing is held against less
    return words.say(
        _PLACES[held.place],
        time=words.when(held.forecast.made_at + held.forecast.horizon),
        outcome=words.number(held.outcome),
        low=words.about(said.low90),
        high=words.about(said.high90),
    )


def _moods(effect: Effect, words: Words) -> Iterator[str]:
    if effect.negative is not None:
        yield _difference(words.say("Negative"), effect.negative, words)
    if effect.anger is not None:
        yield _difference(words.say("Anger"), effect.anger, words)
    if effect.negative is None and effect.anger is None:
        yield words.say("Too few people spoke before or after it to compare their mood.")


def _difference(what: str, seen: Difference, words: Words) -> str:
    told = words.say(
        "{what}: {before} before ({n_before}), {after} after ({n_after})",
        what=what,
        before=words.percent(seen.before),
        after=words.percent(seen.after),
        n_before=_people(seen.of_before, words),
        n_after=_people(seen.of_after, words),
    )
    if seen.fell or seen.rose:
        return words.noted(told, words.say("more than chance"))
    return words.noted(told, words.say("within chance"))


def _people(count: int, words: Words) -> str:
    return words.count("{n} person", "{n} people", count)
