"""Does docs/campaigns.md work as it is written? Each of its files is put down, and each of its commands typed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Answer, Hyp

DOCUMENT = Path(__file__).parents[2] / "docs" / "campaigns.md"
_TEXT = DOCUMENT.read_text("utf-8").replace("2027-", "2090-")  # so that its dates are ahead whenever this runs
FILES = dict(re.findall(r"`(\w+\.csv)`:\n\n```csv\n(.*?)```", _TEXT, re.DOTALL))
COMMANDS = {command.split()[3]: command for command in re.findall(r"```sh\n(.*?)```", _TEXT, re.DOTALL)}


@pytest.fixture
def campaign(hyp: Hyp) -> Hyp:
    """A workspace with the agents of the document, and its files."""
    for name in ("special-occasion-agent", "account-manager-agent", "followup-agent", "reminder-agent"):
        hyp.ok("agents", "add", name, "--id", name)
    for name, text in FILES.items():
        (hyp.home / name).write_text(text, "utf-8")
    return hyp


def typed(hyp: Hyp, file: str) -> Answer:
    """Type the document's command on a file."""
    command = COMMANDS[file]
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=hyp.env, cwd=hyp.home, capture_output=True, text=True, timeout=60, check=False
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def booked(hyp: Hyp, file: str, count: int) -> Sequence[dict[str, Any]]:
    """Type the command, and return what it booked, in the order of the file."""
    assert typed(hyp, file).err == f"Added {count} schedules.\n"
    found: Sequence[dict[str, Any]] = hyp.ok("schedules", "list", "--json").json
    return sorted(found, key=lambda each: str(each["id"]))


def test_every_file_of_the_document_has_its_command() -> None:
    assert list(FILES) == list(COMMANDS)
    assert len(FILES) == 5


@pytest.mark.parametrize("file", list(FILES))
def test_the_same_command_again_changes_nothing(campaign: Hyp, file: str) -> None:
    assert typed(campaign, file).code == 0
    before = campaign.dump()
    again = typed(campaign, file)
    assert (again.code, again.err.split(";")[0]) == (0, "Added 0 schedules")
    assert campaign.dump() == before


def test_birthdays(campaign: Hyp) -> None:
    ana, ben = booked(campaign, "birthdays.csv", 2)
    assert (ana["cron_expression"], ana["timezone"], ana["ref"]) == ("0 10 3 5 *", "Europe/Madrid", "c-1-birthday")
    assert ana["customer_context"] == {"customer_name": "Ana", "occasion": "birthday"}
    assert (ben["phone_number"], ben["cron_expression"]) == ("+12125550123", "0 10 L 2 *")
    rings = campaign.ok("occurrences", ben["id"], "-n", "8", "--json").json
    days = [each["local_time"][5:16] for each in rings]
    assert sorted(set(days)) == ["02-28T10:00", "02-29T10:00"]
    assert len({each["local_time"][:4] for each in rings}) == 8


def test_weekly_status_calls(campaign: Hyp) -> None:
    first, second = booked(campaign, "accounts.csv", 2)
    assert [(each["weekdays"], each["local_time"]) for each in (first, second)] == [([1], "09:00:00")] * 2
    assert (first["timezone"], second["timezone"]) == ("Europe/Madrid", "America/New_York")
    assert first["customer_context"] == {"account_id": "acc-1", "account_name": "Talleres Ruiz"}


def test_a_follow_up_sequence(campaign: Hyp) -> None:
    found = booked(campaign, "leads.csv", 10)
    assert [each["name"] for each in found] == [f"Follow-up #{step}" for step in (1, 2, 3, 4, 5)] * 2
    at = [datetime.fromisoformat(each["run_at"]) for each in found]
    waits = [timedelta(0), timedelta(hours=1), timedelta(days=1), timedelta(days=3), timedelta(days=7)]
    assert [each - at[0] for each in at] == waits * 2
    assert found[-1]["customer_context"] == {"lead_id": "lead-2", "attempt": "5"}
    assert found[-1]["ref"] == "lead-2-5"


def test_reminders(campaign: Hyp) -> None:
    ana, ben = booked(campaign, "appointments.csv", 2)
    assert (ana["run_at"], ben["run_at"]) == ("2090-03-27T14:00:00Z", "2090-03-28T13:30:00Z")
    assert ana["customer_context"] == {
        "customer_name": "Ana",
        "appointment_time": "2090-03-28 16:00",
        "location": "Calle Mayor 1",
        "notes": "bring the letter, please",
    }
    assert "notes" not in ben["customer_context"]


def test_bulk_calls(campaign: Hyp) -> None:
    found = booked(campaign, "numbers.csv", 3)
    assert [each["phone_number"] for each in found] == [f"+3460000005{number}" for number in (1, 2, 3)]
    assert [each["run_at"] for each in found] == [f"2090-04-01T08:00:{second}Z" for second in ("00", "10", "20")]
    assert {each["agent_id"] for each in found} == {"agent-123"}
