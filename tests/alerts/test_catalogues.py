"""The catalogues are whole, agree with the sources, and leave nothing untranslated."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import attrs
import opencc
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

import alerts
from alerts.alert_letter import AlertLetter, alert_letter
from alerts.buttons import buttons_for
from alerts.digest import digest_letter
from alerts.i18n import CATALOGUES, DOMAIN, Language, Reader, Words
from alerts.letter import Letter
from alerts.links import ActionLinks
from alerts.trial import trial_letter
from monitor import commands, web
from monitor.casework import Case, Handling
from tests.alerts.examples import BRIEFS, NOW, WEEKS

TRANSLATED = [language for language in Language if language is not Language.ENGLISH]
SOURCES = tuple(Path(package.__path__[0]) for package in (alerts, commands, web))

LINKS = ActionLinks("https://pr.example.com", "a secret of at least 32 characters")
CASE = Case(
    incident="i",
    handling=Handling.RESPONDING,
    by="Mei",
    owner="Jonas",
    since=NOW,
    silenced_until=NOW + timedelta(hours=1),
)

Message = str | tuple[str, ...]


def catalogue(language: Language, kind: str) -> Catalog:
    folder = CATALOGUES / language.replace("-", "_") / "LC_MESSAGES"
    with (folder / f"{DOMAIN}.{kind}").open("rb") as file:
        return read_po(file) if kind == "po" else read_mo(file)


def messages(catalog: Catalog) -> dict[Message, Message]:
    return {_plain(message.id): _plain(message.string) for message in catalog if message.id}


def _plain(text: object) -> Message:
    return tuple(map(str, text)) if isinstance(text, list | tuple) else str(text)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.fixture(scope="module")
def said_in_sources() -> set[Message]:
    return {
        message
        for package in SOURCES
        for _, _, message, _, _ in extract_from_dir(
            package,
            method_map=[("**.py", "python"), ("templates/**.j2", "jinja2")],
            keywords={"say": None, "message": None, "count": (1, 2)},
        )
    }


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_holds_what_the_sources_say_and_nothing_else(
    language: Language, said_in_sources: set[Message]
) -> None:
    assert set(messages(catalogue(language, "po"))) == said_in_sources


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_with_the_same_placeholders(language: Language) -> None:
    for source, translation in messages(catalogue(language, "po")).items():
        wanted = placeholders(source if isinstance(source, str) else source[0])
        for form in (translation,) if isinstance(translation, str) else translation:
            assert form.strip(), f"{source!r} is not translated"
            assert placeholders(form) == wanted, source


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_marked_as_doubtful(language: Language) -> None:
    assert [
        message.id for message in catalogue(language, "po") if message.id and message.fuzzy
    ] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_current(language: Language) -> None:
    assert messages(catalogue(language, "mo")) == messages(catalogue(language, "po"))


@pytest.mark.parametrize(("language", "into_it"), [("zh-Hans", "t2s"), ("zh-Hant", "s2t")])
def test_each_script_is_written_in_itself(language: str, into_it: str) -> None:
    converter = opencc.OpenCC(into_it)
    text = "".join(map(str, messages(catalogue(Language(language), "po")).values()))
    assert [character for character in text if converter.convert(character) != character] == []


@cache
def letters(language: Language) -> tuple[tuple[str, Letter], ...]:
    return tuple(_letters(language))


def _letters(language: Language) -> Iterator[tuple[str, Letter]]:
    reader = Reader(language=language, timezone="Asia/Taipei")
    for name, brief in BRIEFS.items():
        yield name, alert_letter(brief, reader)
        handled = attrs.evolve(brief, case=CASE)
        alert = AlertLetter.of(handled, reader)
        buttons = buttons_for(
            handled, LINKS, alert.words, channel="pr", address="mei@example.com", now=NOW
        )
        yield name, alert.for_one(buttons)
    for name, week in WEEKS.items():
        yield name, digest_letter(attrs.evolve(week, reader=reader))
    yield "trial", trial_letter("pr-mail", reader, NOW)


@pytest.mark.parametrize("language", Language)
def test_no_placeholder_is_left_in_anything_that_is_sent(language: Language) -> None:
    for name, letter in letters(language):
        if name == "hostile":  # it cites text that looks like placeholders
            continue
        for text in (letter.subject, letter.text, letter.html.partition("</style>")[2]):
            assert not re.search(r"\{\w*\}|%\(|None|\bnan\b|duration-", text), name


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_english_sentence_is_left_in_a_chinese_message(
    language: Language, said_in_sources: set[Message]
) -> None:
    sentences = {m for m in said_in_sources if isinstance(m, str) and " " in m and "{" not in m}
    assert len(sentences) > 20
    for name, letter in letters(language):
        left = [sentence for sentence in sentences if sentence in letter.text]
        assert left == [], name


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", ["Nov 18, 09:42", "Nov 18, 2026", "12,480", "980,000", "2.1 million", "64%"]),
        ("zh-Hans", ["11月18日 09:42", "2026年11月18日", "12,480", "98万", "210万", "64%"]),
        ("zh-Hant", ["11月18日 09:42", "2026年11月18日", "12,480", "98萬", "210萬", "64%"]),
    ],
)
def test_numbers_and_times_are_in_the_readers_locale_and_zone(
    language: str, says: list[str]
) -> None:
    words = Words(Reader(language=language, timezone="Asia/Taipei"))
    moment = NOW.replace(minute=42)
    assert [
        words.when(moment),
        words.day(moment),
        words.number(12_480),
        words.about(983_412),
        words.about(2_104_000),
        words.percent(0.64),
    ] == says


@pytest.mark.parametrize(
    ("hours", "says"),
    [(0, "1 minute"), (0.25, "15 minutes"), (1, "1 hour"), (36, "36 hours"), (72, "3 days")],
)
def test_a_duration_is_told_in_the_unit_that_suits_it(hours: float, says: str) -> None:
    assert Words(Reader()).hours(hours) == says


@pytest.mark.parametrize(
    ("value", "says"),
    [(0, "0"), (0.6, "0.6"), (1, "1"), (9.96, "10"), (1234.5, "1,234"), (0.04, "0")],
)
def test_a_number_has_the_digits_that_it_deserves(value: float, says: str) -> None:
    assert Words(Reader()).number(value) == says


@pytest.mark.parametrize("tag", ["und", "en", "zh-Hant", "pt-BR", "xx-nonsense", "", "<b>"])
@pytest.mark.parametrize("language", Language)
def test_every_language_tag_has_a_name(tag: str, language: Language) -> None:
    name = Words(Reader(language=language)).language_name(tag)
    assert isinstance(name, str)
    assert name or not tag


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="IANA"):
        Reader(timezone="Mars/Olympus")
