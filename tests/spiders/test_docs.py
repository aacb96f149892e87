"""What docs/sources.md and docs/sources/ say about sources is true of the code."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from monitor.domain import Health
from spiders.kinds import SHIPPED, SourceOptions

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "sources.md", *sorted((DOCS / "sources").glob("*.md"))]
PAGE = "\n## \n".join(page.read_text(encoding="utf-8") for page in PAGES) + "\n## \n"
EXAMPLES = re.findall(r"^ *```yaml\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)


def test_every_example_is_a_valid_source() -> None:
    options = TypeAdapter[SourceOptions](SourceOptions)
    shown = set()
    for example in EXAMPLES:
        for source in yaml.safe_load(textwrap.dedent(example))["sources"]:
            assert re.fullmatch(r"[\w.-]+", source.pop("name"))
            source.pop("every", None)
            source.pop("about", None)
            shown.add(options.validate_python(source).kind)
    assert shown == set(SHIPPED)


def test_every_kind_and_every_option_is_described() -> None:
    for kind in SHIPPED.values():
        [section] = re.findall(rf"^##? [^\n]*`kind: {kind.name}`\n(.*?)^## ", PAGE, re.M | re.S)
        for option in kind.options.model_fields:
            assert option == "kind" or f"`{option}`" in section, f"{kind.name}: {option}"


def test_every_outcome_of_a_crawl_is_described() -> None:
    for health in Health:
        assert f"| `{health}` |" in PAGE
