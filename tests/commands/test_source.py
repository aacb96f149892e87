"""``sparkwatch sources`` and ``sparkwatch source try``: what is told of sources."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from monitor.cli import app
from monitor.domain import Observation
from monitor.wire import decode
from spiders.kinds import KINDS

TOPIC = {
    "id": 1180021,
    "title": "Bag \x1b[31mlost",
    "content_rendered": "",
    "created": 1_795_267_200,
    "member": {"id": 1, "username": "ann"},
    "replies": 3,
}
LATEST = "https://www.v2ex.com/api/topics/latest.json"


def tried(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["source", "try", *map(str, arguments)])


def saved(folder: Path, name: str, content: Any) -> Path:
    file = folder / name
    text = yaml.safe_dump(content) if name.endswith(".yaml") else json.dumps(content)
    file.write_text(text, encoding="utf-8")
    return file


def read(result: Result) -> list[Observation]:
    values = [decode(line) for line in result.stdout.splitlines()]
    assert all(isinstance(value, Observation) for value in values)
    return [value for value in values if isinstance(value, Observation)]


def test_every_kind_is_listed_with_what_its_operator_agrees_to() -> None:
    result = CliRunner().invoke(app, ["sources"])
    assert result.exit_code == 0
    for name in KINDS:
        assert name in result.stdout
    assert "120 requests an hour" in result.stdout
    assert "ignore" in result.stdout


def test_saved_answers_are_read_offline_the_last_sight_of_a_post_wins(tmp_path: Path) -> None:
    first = saved(tmp_path, "1.json", [TOPIC])
    second = saved(tmp_path, "2.json", [{**TOPIC, "replies": 9}, {**TOPIC, "id": 7}])
    result = tried("v2ex", "--response", first, "--response", second, "--url", LATEST, "--json")
    assert result.exit_code == 0
    seen = read(result)
    assert [o.post.key.native_id for o in seen] == ["1180021", "7"]
    assert seen[0].snapshot is not None
    assert seen[0].snapshot.replies == 9


def test_a_person_sees_a_table_that_steers_no_terminal(tmp_path: Path) -> None:
    result = tried("v2ex", "--response", saved(tmp_path, "1.json", [TOPIC]))
    assert result.exit_code == 0
    assert "ann" in result.stdout
    assert "replies 3" in result.stdout
    assert "1 posts, 0 deletions; nothing was kept." in result.stdout
    assert "\x1b[31m" not in result.stdout


def interaction(uri: str, body: Any, method: str = "GET") -> dict[str, Any]:
    return {
        "request": {"uri": uri, "method": method},
        "response": {"status": {"code": 200}, "headers": {"Content-Type": ["x"]}, "body": body},
    }


def test_of_a_cassette_is_read_what_the_source_would_ask_for(tmp_path: Path) -> None:
    told = {"string": json.dumps([TOPIC])}
    recorded = [
        interaction(LATEST, told),
        interaction("https://www.v2ex.com/api/nodes/all.json", {"string": '[{"id": 3}]'}),
        interaction(LATEST, {"string": json.dumps([{**TOPIC, "id": 8}])}, "POST"),
        {"request": {}},
    ]
    file = saved(tmp_path, "vcr.yaml", {"version": 1, "interactions": recorded})
    result = tried("v2ex", "--response", file, "--json")
    ids = [o.post.key.native_id for o in read(result)]
    assert ids == ["1180021", "8"], "Reddit, for one, is asked for the rest of a thread by POST"


def test_a_cassette_of_betamax_is_unpacked(tmp_path: Path) -> None:
    packed = base64.b64encode(gzip.compress(json.dumps([TOPIC]).encode())).decode()
    recorded = [interaction(LATEST, {"encoding": "utf-8", "base64_string": packed})]
    file = saved(tmp_path, "b.json", {"http_interactions": recorded, "recorded_with": "betamax"})
    assert len(read(tried("v2ex", "--response", file, "--json"))) == 1


def test_a_cassette_without_a_useful_answer_says_so(tmp_path: Path) -> None:
    file = saved(tmp_path, "vcr.yaml", {"interactions": [interaction("https://x.example/", {})]})
    result = tried("v2ex", "--response", file)
    assert result.exit_code == 1
    assert "holds no answer to what v2ex asks for" in result.stderr


def test_what_cannot_be_read_is_told_with_its_file(tmp_path: Path) -> None:
    result = tried("v2ex", "--response", saved(tmp_path, "odd.json", {"x": 1}))
    assert result.exit_code == 1
    assert "odd.json" in result.stderr
    assert "unreadable" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no kind nowhere"),
        (["rss", "--option", "urls"], "KEY=VALUE"),
        (["rss", "--option", "colour=red"], "knows"),
        (["rss", "--option", "urls=forum"], "https://"),
    ],
)
def test_a_slip_of_the_fingers_is_explained(arguments: list[str], said: str) -> None:
    result = tried(*arguments)
    assert result.exit_code == 2
    assert said in result.output
