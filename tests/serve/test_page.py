"""docs/http.md: what it shows works as it is shown, and what it lists is what there is."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from hyponema_cli.core.token import Scope
from tests.cli.conftest import Hyp
from tests.serve.conftest import Site
from tests.serve.test_process import serving

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def test_the_routes_of_the_page_are_those_of_the_server_with_the_scopes_that_they_need(site: Site) -> None:
    listed = {
        (method, path): scope for method, path, scope in re.findall(r"^\| `(\w+) (/\S+)` \| (\w+) \|", PAGE, re.M)
    }
    described = site.ask("GET", "/openapi.json", shows=None).json()["paths"]
    assert set(listed) == {(method.upper(), path) for path in described for method in described[path]}
    for (method, path), scope in listed.items():
        asked = path.replace("{workspace}", "default").replace("{schedule_id}", "x").replace("{number}", "x")
        assert site.ask(method, asked, shows=scope).status_code not in (401, 403), (method, path)
        assert [each for each in Scope if site.ask(method, asked, shows=each).status_code != 403] == [scope]


def test_the_beginning_of_the_page_can_be_followed(hyp: Hyp) -> None:
    _, token, _ = blocks("sh")[0].splitlines()
    shown = hyp.ok(*token.removeprefix("token=$(hyp ").removesuffix(")").split()).out.strip()
    with serving(hyp) as server:
        words = blocks("sh")[1].replace("localhost:8010", f"127.0.0.1:{server.port}")
        done = subprocess.run(
            ["bash", "-c", f"token={shown}; {words.strip()} --silent --noproxy '*'"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout)["run_at"] == "2090-12-01T13:30:00Z"


def test_the_problem_of_the_page_is_the_one_that_comes(site: Site) -> None:
    (shown,) = map(json.loads, blocks("json"))
    call = {"phone_number": "+34600000001", "scheduled_time": "2024-02-01 14:30:00", "timezone": "America/New_York"}
    site.clock.set(site.clock.now().replace(year=2025))
    assert site.ask("POST", "/api/scheduled-calls", call).json() == shown
