"""What is wrong with a configuration, and where: the words that a person reads to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TypeAlias

import attrs

Location: TypeAlias = tuple[str | int, ...]


@attrs.frozen(kw_only=True)
class Problem:
    """One mistake: the setting, what is wrong with it and what is allowed.

    ``line`` is where it stands in the file; ``origin`` says where it came from if not from there.
    ``related`` is the other place, where two settings contradict each other.
    """

    message: str
    line: int | None = None
    location: Location = ()
    related: Location | None = None
    origin: str | None = None

    def told(self, path: Path) -> str:
        """The problem as one line, in the form in which editors find the place.

        >>> Problem(message="is required", line=4, location=("nlp",)).told(Path("a.yaml"))
        'a.yaml:4: nlp: is required'
        """
        file = printable(path)
        place = self.origin or (file if self.line is None else f"{file}:{self.line}")
        parts = (place, dotted(self.location), printable(self.message))
        return ": ".join(part for part in parts if part)


class ConfigError(Exception):
    """A configuration that cannot be used; ``problems`` holds every mistake that was found."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__(path, self.problems)

    def __str__(self) -> str:
        return "\n".join(problem.told(self.path) for problem in self.problems)


def dotted(location: Location) -> str:
    """A place in the configuration as people write it.

    >>> dotted(("alerts", "channels", 0, "name"))
    'alerts.channels[0].name'
    """
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{printable(part)}" if text else printable(part)
    return text


def printable(value: object) -> str:
    """A value as one line that cannot steer a terminal: control characters become escapes."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in str(value)
    )


def quoted(value: object) -> str:
    """A value as it is shown in a message: quoted, printable and never longer than a line."""
    text = printable(value)
    return f"'{text if len(text) <= 60 else text[:57] + '...'}'"


def listed(values: Iterable[object]) -> str:
    """Allowed values in a sentence.

    >>> listed(["en", "zh-Hans"])
    'en, zh-Hans'
    """
    return ", ".join(printable(value) for value in values)


def nearest(value: object, allowed: Iterable[str]) -> str:
    """`` Did you mean 'brands'?`` where something allowed is close, otherwise nothing.

    >>> nearest("brnads", ["brands", "sources"])
    " Did you mean 'brands'?"
    """
    by_folded = {name.casefold(): name for name in allowed}
    close = get_close_matches(str(value).casefold(), list(by_folded), n=1, cutoff=0.6)
    return f" Did you mean {quoted(by_folded[close[0]])}?" if close else ""
