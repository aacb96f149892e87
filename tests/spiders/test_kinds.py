"""Kinds are found: a file in ``spiders/sources``, or a package's entry point."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path

from spiders import sources
from spiders.kinds import GROUP, KINDS, SHIPPED, plugged_in

ROOT = Path(__file__).parents[2]


def point(value: str) -> EntryPoint:
    return EntryPoint(name="p", value=value, group=GROUP)


def test_every_file_among_the_sources_is_a_kind() -> None:
    files = {p.stem for p in Path(sources.__path__[0]).glob("*.py")} - {"__init__"}
    assert len(SHIPPED) == len(files)
    assert set(SHIPPED) <= set(KINDS)


def test_a_plug_in_is_named_by_its_module_or_by_its_source() -> None:
    for value in ("spiders.sources.v2ex", "spiders.sources.v2ex:SOURCE"):
        found, refused = plugged_in((point(value),), {})
        assert list(found) == ["v2ex"]
        assert refused == ()


def test_a_plug_in_that_is_no_use_harms_no_other() -> None:
    points = ("no_such_module", "json", "spiders.sources.rss", "spiders.sources.v2ex")
    found, refused = plugged_in(tuple(map(point, points)), {"rss": SHIPPED["rss"]})
    assert list(found) == ["v2ex"]
    assert ["no_such_module" in refused[0], "json" in refused[1]] == [True, True]
    assert "there is a kind 'rss' already" in refused[2]


def test_an_installed_package_brings_its_source_to_every_command(tmp_path: Path) -> None:
    made = [sys.executable, "-c", "from monitor.cli import main; main()"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    new = [*made, "source", "new", "bazaar", "--into", str(tmp_path)]
    subprocess.run(new, env=environment, check=True, capture_output=True)
    package = tmp_path / "sparkwatch-bazaar"
    (tmp_path / "sparkwatch_bazaar.py").write_text((package / "sparkwatch_bazaar.py").read_text())
    installed = tmp_path / "sparkwatch_bazaar-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: sparkwatch-bazaar\n")
    (installed / "entry_points.txt").write_text(f"[{GROUP}]\nbazaar = sparkwatch_bazaar\n")
    configured = textwrap.dedent(
        """
        from config.model import SourceSettings
        from spiders.handover import decode_job, encode_job
        from spiders.job import CrawlJob
        from datetime import datetime, UTC
        spec = SourceSettings.model_validate({"name": "b", "kind": "bazaar"}).spec()
        job = CrawlJob(source=spec, since=datetime(2026, 1, 1, tzinfo=UTC))
        assert decode_job(encode_job(job)) == job
        print(type(spec.options).__name__)
        """
    )
    result = subprocess.run(
        [sys.executable, "-c", configured], env=environment, check=True, capture_output=True
    )
    assert result.stdout.decode().strip() == "BazaarOptions"
