"""The kinds of source that there are: every module of ``spiders.sources``, and plug-ins.

A kind is found, not listed: a module in ``spiders/sources/`` holds it as ``SOURCE``, and so does
a package of somebody else's that names it under the entry point group ``sparkwatch.sources``. A
plug-in that cannot be loaded is told in ``REFUSED`` and harms no other source.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field

from spiders import sources
from spiders.job import CrawlJob
from spiders.kind import SourceKind, Spider
from spiders.options import Politeness
from spiders.parse.text import shown

__all__ = [
    "GROUP",
    "KINDS",
    "REFUSED",
    "SHIPPED",
    "SourceKind",
    "SourceOptions",
    "Spider",
    "plugged_in",
    "spider_for",
]

GROUP = "sparkwatch.sources"
"""The entry point group by which a package brings sources of its own."""

_log = logging.getLogger(__name__)


def _shipped() -> Iterator[SourceKind]:
    for module in pkgutil.iter_modules(sources.__path__, f"{sources.__name__}."):
        yield importlib.import_module(module.name).SOURCE


def _of(point: EntryPoint) -> SourceKind:
    """The kind that an entry point names, itself or by its module."""
    found = point.load()
    if isinstance(found, ModuleType):
        found = getattr(found, "SOURCE", None)
    if not isinstance(found, SourceKind):
        raise TypeError(f"{point.value} holds no SOURCE that is a SourceKind")
    kind = found.options.model_fields["kind"].default
    if kind != found.name or ":" in found.name:
        raise ValueError(f"its kind is called {found.name!r}, its options say {kind!r}")
    return found


def plugged_in(
    points: tuple[EntryPoint, ...], taken: Mapping[str, SourceKind]
) -> tuple[dict[str, SourceKind], tuple[str, ...]]:
    """The kinds of plug-ins, and a sentence for each that was refused."""
    found: dict[str, SourceKind] = {}
    refused: list[str] = []
    for point in points:
        try:
            kind = _of(point)
            if kind.name in taken or kind.name in found:
                raise ValueError(f"there is a kind {kind.name!r} already: choose another name")
        except Exception as error:  # noqa: BLE001  a stranger's module may fail in any way; it is told
            why = shown(f"{type(error).__name__}: {error}", 200)
            refused.append(f"plug-in {point.name} ({point.value}) cannot be used: {why}")
        else:
            found[kind.name] = kind
    return found, tuple(refused)


SHIPPED: Mapping[str, SourceKind] = MappingProxyType({kind.name: kind for kind in _shipped()})
"""The kinds that come with Sparkwatch, by their names."""

_plugged_in, REFUSED = plugged_in(tuple(entry_points(group=GROUP)), SHIPPED)
for _reason in REFUSED:
    _log.warning("%s", _reason)

KINDS: Mapping[str, SourceKind] = MappingProxyType({**SHIPPED, **_plugged_in})
"""All kinds, shipped and plugged in, by their names."""

if TYPE_CHECKING:
    SourceOptions: TypeAlias = Politeness
else:
    SourceOptions = Annotated[
        Union[tuple(kind.options for kind in KINDS.values())],  # noqa: UP007  made of what is found
        Field(discriminator="kind"),
    ]


def spider_for(job: CrawlJob) -> Spider:
    """The spider that does a job."""
    return KINDS[job.source.kind].spider(job, job.source.options)
