"""Taxonomies: the touchpoints of an industry, as they are written in YAML.

Those that ship stand in ``config/taxonomies``. A file of an operator's own looks the same, and may
extend one that ships: ``extends: airline``, then touchpoints of its own, and phrases for those
that are there already.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import attrs
from pydantic import AfterValidator, Field, ValidationError

from config.document import Document, read_document
from config.model import Section
from config.problems import ConfigError, Problem, listed, nearest, quoted
from config.schema import Schema
from config.values import Word
from config.wording import explain
from monitor.domain import Taxonomy, Touchpoint
from nlp.touchpoints import Learned, Reckoning
from nlp.wordings import wordings

__all__ = ["STAGES", "learned_path", "load_learned", "load_taxonomy", "shipped_taxonomies"]

STAGES = {
    "buying": {"en": "Buying", "zh": "购买"},
    "using": {"en": "Using", "zh": "使用"},
    "being_served": {"en": "Being served", "zh": "售后服务"},
}
"""The stages of a customer's life cycle, with what they are called."""

_FOLDER = Path(__file__).parent / "taxonomies"
_LEARNED = ".learned.json"
_SUFFIXES = (".yaml", ".yml")


def _searchable(phrase: str) -> str:
    wordings(phrase)
    return phrase


_Id: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
_Phrase: TypeAlias = Annotated[Word, AfterValidator(_searchable)]


class _Names(Section):
    """What a touchpoint is called."""

    en: Word | None = Field(default=None, description="In English.")
    zh: Word | None = Field(default=None, description="In simplified Chinese.")


class _TouchpointSettings(Section):
    """One touchpoint as it is written. What an extension leaves out stays as it was."""

    id: _Id = Field(description="Its name in records: small letters, digits and _.")
    names: _Names | None = Field(
        default=None, description="What it is called; one language stands in for both."
    )
    stage: Literal["buying", "using", "being_served"] | None = Field(
        default=None, description="Where in a customer's life cycle it lies."
    )
    moment_of_truth: bool | None = Field(
        default=None, description="Whether it decides what somebody thinks of the brand."
    )
    valuable: bool | None = Field(
        default=None, description="Whether the contact is worth something to the brand itself."
    )
    phrases: tuple[_Phrase, ...] = Field(
        min_length=1, description="A few short things that people say about it, in any language."
    )


class _TaxonomySettings(Section):
    """A file of touchpoints."""

    extends: Word | None = Field(
        default=None, description="The name of a taxonomy that ships, to which this one adds."
    )
    touchpoints: tuple[_TouchpointSettings, ...] = Field(
        min_length=1, description="The places where a customer meets the brand."
    )


def shipped_taxonomies() -> tuple[str, ...]:
    """The names of the taxonomies that ship."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def load_taxonomy(name_or_path: str | Path) -> Taxonomy:
    """The taxonomy that ships under a name, or the one in a file; a file has the ending .yaml.

    Raises:
        ConfigError: there is none of that name, or the file cannot be used.
    """
    path = _path(name_or_path)
    document, settings = _read(path)
    below = _extended(document, settings)
    problems = _doubled(settings)
    touchpoints = {each.id: each for each in below.touchpoints} if below else {}
    for place, written in enumerate(settings.touchpoints):
        known = touchpoints.get(written.id)
        if known is not None:
            touchpoints[written.id] = _extension(known, written)
            continue
        missing = _missing(written, place, below)
        problems += missing
        if not missing:
            touchpoints[written.id] = _touchpoint(written)
    if problems:
        raise ConfigError(path, [_placed(document, problem) for problem in problems])
    return Taxonomy(id=path.stem, touchpoints=tuple(touchpoints.values()))


def load_learned(name_or_path: str | Path) -> Learned | None:
    """What labelled posts taught about a taxonomy, or about the one that it extends."""
    path = _path(name_or_path)
    _, settings = _read(path)
    learned = learned_path(settings.extends or path)
    if not learned.is_file():
        return None
    record = json.loads(learned.read_text(encoding="utf-8"))
    return Learned(
        groups=tuple(map(tuple, record["groups"])),
        base=tuple(record["base"]),
        words={word: tuple(weights) for word, weights in record["words"].items()},
        reckoning=Reckoning(**record["reckoning"]),
    )


def learned_path(name_or_path: str | Path) -> Path:
    """Where what was learned about a taxonomy stands: beside it."""
    return _path(name_or_path).with_suffix(_LEARNED)


def _path(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix in _SUFFIXES:
        if not path.is_file():
            message = "does not exist; name a file, or one of " + listed(shipped_taxonomies())
            raise ConfigError(path, [Problem(message=message)])
        return path
    shipped = shipped_taxonomies()
    if str(name_or_path) not in shipped:
        message = (
            f"is not a taxonomy that ships; those are {listed(shipped)}."
            f"{nearest(name_or_path, shipped)} A file of your own is named by its path and"
            " ends in .yaml"
        )
        raise ConfigError(path, [Problem(message=message)])
    return _FOLDER / f"{name_or_path}.yaml"


def _read(path: Path) -> tuple[Document, _TaxonomySettings]:
    document = read_document(path)
    try:
        return document, _TaxonomySettings.model_validate(document.data)
    except ValidationError as error:
        schema = Schema(_TaxonomySettings.model_json_schema())
        problems = explain(error, document.data, schema, document.borrowed)
        raise ConfigError(path, [_placed(document, problem) for problem in problems]) from error


def _extended(document: Document, settings: _TaxonomySettings) -> Taxonomy | None:
    if settings.extends is None:
        return None
    shipped = shipped_taxonomies()
    if settings.extends not in shipped:
        problem = Problem(
            message=f"must be one of {listed(shipped)}, not {quoted(settings.extends)}."
            f"{nearest(settings.extends, shipped)}",
            location=("extends",),
        )
        raise ConfigError(document.path, [_placed(document, problem)])
    return load_taxonomy(settings.extends)


def _doubled(settings: _TaxonomySettings) -> list[Problem]:
    first: dict[str, int] = {}
    problems = []
    for place, written in enumerate(settings.touchpoints):
        if first.setdefault(written.id, place) != place:
            problems.append(
                Problem(
                    message=f"{quoted(written.id)} is used twice; give this touchpoint another id,"
                    " or put its phrases with the first",
                    location=("touchpoints", place, "id"),
                    related=("touchpoints", first[written.id], "id"),
                )
            )
    return problems


def _missing(written: _TouchpointSettings, place: int, below: Taxonomy | None) -> list[Problem]:
    """What a touchpoint of its own must tell; one that extends another need not."""
    hint = nearest(written.id, [each.id for each in below.touchpoints] if below else [])
    needed = {}
    if not _named(written.names):
        needed["names"] = "as in { en: Boarding, zh: 登机 }"
    if written.stage is None:
        needed["stage"] = f"one of {listed(STAGES)}"
    return [
        Problem(
            message=f"is required for the new touchpoint {quoted(written.id)}: {example}.{hint}",
            location=("touchpoints", place, key),
        )
        for key, example in needed.items()
    ]


def _touchpoint(written: _TouchpointSettings) -> Touchpoint:
    names = _named(written.names)
    return Touchpoint(
        id=written.id,
        names=dict.fromkeys(("en", "zh"), next(iter(names.values()))) | names,
        phrases=written.phrases,
        stage=written.stage or "",
        moment_of_truth=bool(written.moment_of_truth),
        valuable=written.valuable is not False,
    )


def _extension(known: Touchpoint, written: _TouchpointSettings) -> Touchpoint:
    given = written.model_dump(exclude_none=True, include={"stage", "moment_of_truth", "valuable"})
    return attrs.evolve(
        known,
        names={**known.names, **_named(written.names)},
        phrases=tuple(dict.fromkeys((*known.phrases, *written.phrases))),
        **given,
    )


def _named(names: _Names | None) -> dict[str, str]:
    return names.model_dump(exclude_none=True) if names else {}


def _placed(document: Document, problem: Problem) -> Problem:
    message = problem.message
    if problem.related is not None:
        message += f" (see line {document.line(problem.related)})"
    return attrs.evolve(problem, message=message, line=document.line(problem.location))
