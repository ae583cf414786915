"""What the server says of itself is true: schemathesis asks all that it allows, and what it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.serve.conftest import Site

SEED = os.environ.get("HYP_SEED", "1")
"""Which requests are drawn."""
CHECKS = """
[checks]
# A schema cannot say which times are past, nor which numbers are phone numbers.
positive_data_acceptance.expected-statuses = [200, 201, 202, 404, 409, 422]
negative_data_rejection.expected-statuses = [400, 401, 404, 405, 409, 413, 415, 422]
# A schedule that was canceled can still be seen.
use_after_free.enabled = false

[parameters]
workspace = "default"
"path.workspace" = "default"
"""


def test_schemathesis_finds_no_fault(site: Site, listen: Callable[..., Any], tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    (tmp_path / "schemathesis.toml").write_text(CHECKS)
    with listen(replace(site.house, requests_a_second=1e6)) as port:
        done = subprocess.run(
            [
                str(program), "--config-file", "schemathesis.toml", "run", f"http://127.0.0.1:{port}/openapi.json",
                "--header", f"Authorization: Bearer {site.tokens['all']}", "--max-examples", "15", "--no-color",
                "--seed", SEED,
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    assert site.query("select count(*) > 0 from schedules") == [(1,)], "some of what it asked for was booked"
    assert not [words for event, words in site.logged if event == "http.failed"]


def test_every_route_says_what_it_needs_and_answers(site: Site) -> None:
    described = site.ask("GET", "/openapi.json", shows=None).json()
    operations = [each for path in described["paths"].values() for each in path.values()]
    assert len(operations) == 19
    for each in operations:
        assert each["security"] == [{"token": []}]
        assert {"401", "403", "422", "429", "503"} <= set(each["responses"])
        assert all(code.startswith("2") or "problem" in str(said) for code, said in each["responses"].items())
    assert "/callbacks/twilio" not in described["paths"], "that one is for carriers"
