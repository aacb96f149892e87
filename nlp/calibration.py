"""What was chosen on held-out texts after training: temperatures, thresholds and languages.

A network's log-odds are divided by a temperature (Guo et al. 2017, On Calibration of Modern Neural
Networks), so that of the texts judged negative with probability .8 eight in ten are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import attrs

from monitor.domain import Emotion

__all__ = ["OTHER", "Calibration", "read_calibration", "write_calibration"]

OTHER = "other"
"""Stands for every language that has no entry of its own."""

_FILE = "calibration.json"


@attrs.frozen(kw_only=True)
class Calibration:
    """How outputs become probabilities and when an emotion is held to be there.

    ``temperatures`` holds one a head and language, ``thresholds`` the probability from which an
    emotion is felt, by language, and ``aggravator`` the one from which an aggravator is shown.
    ``languages`` are those that the model was shown to handle. A
    language is a BCP 47 tag without its script.
    """

    temperatures: Mapping[str, Mapping[str, float]]
    thresholds: Mapping[str, Mapping[Emotion, float]]
    aggravator: float
    languages: tuple[str, ...]

    def temperature(self, head: str, language: str) -> float:
        """What a head's log-odds are divided by."""
        by_language = self.temperatures[head]
        return by_language.get(_plain(language), by_language[OTHER])

    def felt(self, emotions: Mapping[Emotion, float], language: str) -> tuple[Emotion, ...]:
        """The emotions that reach their thresholds, strongest first."""
        thresholds = self.thresholds.get(_plain(language), self.thresholds[OTHER])
        found = [emotion for emotion, share in emotions.items() if share >= thresholds[emotion]]
        return tuple(sorted(found, key=emotions.__getitem__, reverse=True))

    def handles(self, language: str) -> bool:
        """Whether the model was shown to handle a language; what has none (``und``) counts."""
        return language == "und" or _plain(language) in self.languages


def read_calibration(folder: Path) -> Calibration:
    """The calibration of the model in ``folder``."""
    content = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    return Calibration(
        temperatures=content["temperatures"],
        thresholds={
            language: {Emotion(name): share for name, share in by_emotion.items()}
            for language, by_emotion in content["thresholds"].items()
        },
        aggravator=content["aggravator"],
        languages=tuple(content["languages"]),
    )


def write_calibration(calibration: Calibration, folder: Path) -> None:
    """Write the calibration beside the weights."""
    text = json.dumps(attrs.asdict(calibration), indent=1, sort_keys=True)
    (folder / _FILE).write_text(text + "\n", encoding="utf-8")


def _plain(language: str) -> str:
    return language.partition("-")[0]
