"""docs/tools.md: its tables say what the code can answer, no more and no less, and what it shows works."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import hyponema_cli
from hyponema_cli.cli import tools as command
from hyponema_cli.cli.exits import BY_KIND, Exit
from hyponema_cli.core import errors
from hyponema_cli.core.tools import SCHEMAS
from hyponema_cli.engine.toolbox import failure
from tests.cli.conftest import PATH, Hyp

PACKAGE = Path(hyponema_cli.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "tools.md").read_text()
OF_CARRIERS = {"credentials", "unavailable"}
"""Kinds that no tool can answer: none of them asks anything of a carrier."""


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading."""
    after = PAGE.split(f"{heading}\n", 1)[1]
    lines = re.search(r"^\|.*?\n\n", after + "\n\n", re.MULTILINE | re.DOTALL)
    assert lines is not None
    rows = [[cell.strip(" `") for cell in line.strip("|").split(" | ")] for line in lines[0].strip().splitlines()]
    return rows[2:]


def said_first(name: str) -> Iterator[str]:
    """Yield the first word of each call of `name`, as far as the code writes it down."""
    for path in (*PACKAGE.glob("engine/*.py"), *PACKAGE.glob("cli/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value


def all_errors(kind: type[errors.HypError] = errors.HypError) -> Iterator[type[errors.HypError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from all_errors(each)


def test_the_page_names_every_kind_of_error_and_its_exit_code() -> None:
    written = {kind: int(code) for kind, code, *_ in table("### Errors")}
    plain = (each("…") for each in all_errors() if each.__module__ == errors.__name__ and each is not errors.Refused)
    known = {failure(each)["error"]["kind"] for each in plain} - OF_CARRIERS
    known |= {*said_first("Refused"), "internal"}
    assert set(written) == known
    assert written == {kind: command._EXITS.get(kind) or BY_KIND.get(kind, Exit.CONFLICT) for kind in known}


def test_the_page_names_every_status() -> None:
    assert {status for status, *_ in table("### Statuses")} == set(said_first("Answer"))


@pytest.mark.parametrize("tool", SCHEMAS)
def test_the_page_names_every_argument(tool: str) -> None:
    assert [argument for argument, *_ in table(f"### {tool}")] == list(SCHEMAS[tool]["parameters"]["properties"])


def test_what_it_shows_in_json_is_json() -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        json.loads(block)


def test_its_functions_give_models_what_the_tools_answer(hyp: Hyp, monkeypatch: pytest.MonkeyPatch) -> None:
    hyp.ok("agents", "tools", "agent-123", "enable", "manage_callback")
    hyp.ok("sessions", "start", "user-1", "--id", "talk")
    for name, value in {**hyp.env, "PATH": PATH, "HYP_AGENT": "agent-123", "HYP_SESSION": "talk"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HYP_DB", raising=False)
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    shown: dict[str, Any] = {}
    exec(block, shown)  # noqa: S102 - our own page

    function = SimpleNamespace(name="manage_callback", arguments='{"action": "list"}')
    (message,) = shown["openai_answers"](SimpleNamespace(tool_calls=[SimpleNamespace(id="1", function=function)]))
    assert (message["role"], message["tool_call_id"]) == ("tool", "1")
    assert json.loads(message["content"])["status"] == "listed"
    assert shown["openai_answers"](SimpleNamespace(tool_calls=None)) == []

    used = [
        SimpleNamespace(type="text", text="One moment."),
        SimpleNamespace(type="tool_use", id="2", name="manage_callback", input={"action": "list"}),
        SimpleNamespace(type="tool_use", id="3", name="schedule_callback", input={"when": "tomorrow at 10"}),
    ]
    good, bad = shown["anthropic_answers"](SimpleNamespace(content=used))
    assert (good["type"], good["tool_use_id"], good["is_error"]) == ("tool_result", "2", False)
    assert (bad["tool_use_id"], bad["is_error"]) == ("3", True)
    assert json.loads(bad["content"])["error"]["kind"] == "tool_not_enabled"
