"""Guide B's Python, word for word, against the library.

The blocks are the guide's; only the import that they begin with is ours, and the indentation that its page has lost
is put back. Their times are in 2024, so the clock stands in January of that year; where a block reads the clock
itself, it is today's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hyponema_cli import ScheduledCall, ScheduledCallService
from hyponema_cli.clock import SystemClock
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.store import open_store, settings
from tests import guides
from tests.service.conftest import run
from tests.world import at

THEN = at("2024-01-15 12:00")

IMPORT = "from hyponema_cli import ScheduledCallService\n"
"""In the place of the guide's `from scheduler.scheduler import ScheduledCallService`."""

BASIC = """
service = ScheduledCallService()
# Schedule a call
scheduled_call = await service.schedule_call(
    agent_id="agent-123",
    phone_number="+1234567890",
    scheduled_time="2024-02-01 14:30:00",
    timezone="America/New_York"
)
print(f"Call scheduled: {scheduled_call.id}")
"""

ADVANCED = """
scheduled_call = await service.schedule_call(
    agent_id="agent-123",
    phone_number="+1234567890",
    scheduled_time="2024-02-01 14:30:00",
    timezone="America/New_York",
    name="Customer Follow-up",
    description="Follow-up about order status",
    customer_context={
        "customer_id": "cust-123",
        "customer_name": "John Doe",
        "order_id": "ORD-456"
    },
    metadata={
        "campaign_id": "camp-789",
        "priority": "high"
    },
    retry_policy={
        "max_retries": 2,
        "retry_delay": 300 # 5 minutes
    }
)
"""

RECURRING = """
# Every day at 9 AM
await service.schedule_recurring_call(
    agent_id="agent-123",
    phone_number="+1234567890",
    cron_expression="0 9 * * *",
    timezone="America/New_York",
    max_occurrences=365 # Run for 1 year
)
# Every Monday and Thursday at 2 PM
await service.schedule_recurring_call(
    agent_id="agent-123",
    phone_number="+1234567890",
    cron_expression="0 14 * * 1,4",
    timezone="America/New_York",
)
# First day of every month at 9 AM
await service.schedule_recurring_call(
    agent_id="agent-123",
    phone_number="+1234567890",
    cron_expression="0 9 1 * *",
    timezone="America/New_York",
)
# Every weekday at 9 AM
await service.schedule_recurring_call(
    agent_id="agent-123",
    phone_number="+1234567890",
    cron_expression="0 9 * * 1-5", # Monday-Friday
    timezone="America/New_York",
)
"""

TIMEZONES = """
timezones = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "Europe/London",
    "Europe/Paris",
    "Europe/Berlin",
    "Asia/Tokyo",
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Singapore",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Australia/Sydney",
    "Australia/Melbourne",
]
"""

CONVERSION = """
from datetime import datetime
import pytz
# Schedule for user's timezone
user_timezone = "America/Los_Angeles"
local_time = datetime(2024, 2, 1, 14, 30)
# Convert to UTC for storage
tz = pytz.timezone(user_timezone)
local_dt = tz.localize(local_time)
utc_dt = local_dt.astimezone(pytz.UTC)
scheduled_call = await service.schedule_call(
    agent_id="agent-123",
    phone_number="+1234567890",
    scheduled_time=utc_dt.isoformat(),
    timezone=user_timezone
)
"""

EXECUTE_NOW = """
# Scheduler automatically executes at scheduled time
# Triggers the call_service.initiate_call() method
# You can also manually trigger a scheduled call
await service.execute_now(schedule_id)
"""

RETRIES = """
scheduled_call = await service.schedule_call(
    agent_id="agent-123",
    phone_number="+1234567890",
    scheduled_time="2024-02-01 14:30:00",
    timezone="America/New_York",
    retry_policy={
        "max_retries": 3,
        "retry_delay": 300, # 5 minutes between retries
        "exponential_backoff": True,
        "retry_on": ["timeout", "no_answer", "busy"]
    }
)
"""

WEBHOOK = """
# Get notified when execution occurs
scheduled_call = await service.schedule_call(
    agent_id="agent-123",
    phone_number="+1234567890",
    scheduled_time="2024-02-01 14:30:00",
    timezone="America/New_York",
    webhook_url="https://yourapp.com/webhooks/call-executed",
    webhook_events=["started", "completed", "failed"]
)
"""

REMINDER = """
async def schedule_appointment_reminder(customer_data):
    # Schedule reminder 24 hours before appointment
    reminder_time = customer_data['appointment_time'] - timedelta(days=1)
    await service.schedule_call(
        agent_id="reminder-agent",
        phone_number=customer_data['phone'],
        scheduled_time=reminder_time.isoformat(),
        timezone=customer_data['timezone'],
        customer_context={
            "customer_name": customer_data['name'],
            "appointment_time": customer_data['appointment_time'],
            "location": customer_data['location'],
            "notes": customer_data['notes']
        }
    )
"""

BIRTHDAY = """
# Schedule birthday call for each customer
customers = await get_customers()
for customer in customers:
    # Schedule annually
    await service.schedule_recurring_call(
        agent_id="special-occasion-agent",
        phone_number=customer['phone'],
        cron_expression=f"0 10 {customer['birth_day']} {customer['birth_month']} *",
        timezone=customer['timezone'],
        customer_context={
            "customer_name": customer['name'],
            "occasion": "birthday"
        },
        max_occurrences=None # Run indefinitely
    )
"""

FOLLOW_UPS = """
async def schedule_follow_ups(lead_id):
    lead = await get_lead(lead_id)
    # Follow-up schedule: immediately, 1 hour, 1 day, 3 days, 7 days
    follow_up_times = [
        datetime.now(),
        datetime.now() + timedelta(hours=1),
        datetime.now() + timedelta(days=1),
        datetime.now() + timedelta(days=3),
        datetime.now() + timedelta(days=7),
    ]
    for idx, time in enumerate(follow_up_times):
        await service.schedule_call(
            agent_id="followup-agent",
            phone_number=lead['phone'],
            scheduled_time=time.isoformat(),
            timezone=lead['timezone'],
            name=f"Follow-up #{idx + 1}",
            customer_context={
                "lead_id": lead_id,
                "attempt": idx + 1
            }
        )
"""

STATUS_CALLS = """
# Schedule weekly status calls for all accounts
accounts = await get_accounts()
for account in accounts:
    # Every Monday at 9 AM their local time
    await service.schedule_recurring_call(
        agent_id="account-manager-agent",
        phone_number=account['phone'],
        cron_expression="0 9 * * 1", # Monday
        timezone=account['timezone'],
        customer_context={
            "account_id": account['id'],
            "account_name": account['name']
        }
    )
"""

BULK = """
# Schedule many calls efficiently
async def bulk_schedule_calls(phone_numbers, agent_id, scheduled_time):
    tasks = []
    for phone in phone_numbers:
        task = service.schedule_call(
            agent_id=agent_id,
            phone_number=phone,
            scheduled_time=scheduled_time
        )
        tasks.append(task)
    results = await asyncio.gather(*tasks)
    return results
"""


@dataclass
class Told:
    """What a block left behind."""

    names: dict[str, Any]
    calls: list[ScheduledCall]


Tell = Callable[..., Told]


@pytest.fixture
def tell(db: Path) -> Tell:
    """Run blocks one after the other, with a service to their name; return what is booked then."""

    def told(*blocks: str, then: Callable[[dict[str, Any]], Any] | None = None, **names: Any) -> Told:
        async def story() -> Told:
            async with ScheduledCallService() as service:
                namespace = {"service": service, "asyncio": asyncio, "timedelta": timedelta, **names}
                for block in blocks:
                    await run(block, namespace)
                if then is not None:
                    namespace["result"] = await then(namespace)
                return Told(namespace, await service.list(status="all"))

        return asyncio.run(story())

    return told


@pytest.fixture
def in_2024(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda clock: THEN)


def answering(value: object) -> Callable[..., Any]:
    async def answer(*_: object) -> object:
        return value

    return answer


def test_the_first_example_books_a_call_in_the_workspace_that_the_environment_names(
    tell: Tell, in_2024: None, capsys: pytest.CaptureFixture[str]
) -> None:
    told = tell(IMPORT + BASIC)
    (call,) = told.calls
    assert capsys.readouterr().out == f"Call scheduled: {call.id}\n"
    assert told.names["scheduled_call"] == call
    assert (call.agent_id, call.phone_number, call.timezone) == ("agent-123", "+1234567890", "America/New_York")
    assert call.next_run_at == at("2024-02-01 19:30")


def test_names_context_metadata_and_retries_are_kept(tell: Tell, in_2024: None) -> None:
    call = tell(ADVANCED).names["scheduled_call"]
    assert (call.name, call.description) == ("Customer Follow-up", "Follow-up about order status")
    assert call.customer_context == {"customer_id": "cust-123", "customer_name": "John Doe", "order_id": "ORD-456"}
    assert call.metadata == {"campaign_id": "camp-789", "priority": "high"}
    assert (call.max_attempts, call.retry_delay_seconds, call.backoff) == (3, 300, "fixed")


def test_the_recurring_examples_fire_on_the_days_that_they_say(tell: Tell, in_2024: None) -> None:
    """It is a Monday, seven o'clock in New York."""
    by_cron = {call.cron_expression: call for call in tell(RECURRING).calls}
    assert {cron: call.next_run_at for cron, call in by_cron.items()} == {
        "0 9 * * *": at("2024-01-15 14:00"),
        "0 14 * * 1,4": at("2024-01-15 19:00"),
        "0 9 1 * *": at("2024-02-01 14:00"),
        "0 9 * * 1-5": at("2024-01-15 14:00"),
    }
    assert [by_cron[cron].max_occurrences for cron in ("0 9 * * *", "0 9 1 * *")] == [365, None]


def test_every_timezone_of_the_guide_is_known(tell: Tell, in_2024: None) -> None:
    each = """
for zone in timezones:
    await service.schedule_call(
        agent_id="agent-123", phone_number="+1234567890", scheduled_time="2024-02-01 14:30:00", timezone=zone
    )
"""
    told = tell(TIMEZONES + each)
    assert sorted(str(call.timezone) for call in told.calls) == sorted(told.names["timezones"])


def test_a_time_that_was_converted_to_utc_is_that_instant(tell: Tell, in_2024: None) -> None:
    call = tell(CONVERSION).names["scheduled_call"]
    assert (call.run_at, call.timezone) == (at("2024-02-01 22:30"), "America/Los_Angeles")


def test_execute_now_dials_and_history_tells_in_the_guides_shape(tell: Tell, in_2024: None) -> None:
    async def look(names: dict[str, Any]) -> Any:
        return await names["service"].history(names["schedule_id"])

    told = tell(ADVANCED + "schedule_id = scheduled_call.id", EXECUTE_NOW, then=look)
    history = told.names["result"]
    assert list(history) == ["schedule_id", "executions"]
    made, coming = history["executions"]
    keys = ["scheduled_time", "actual_time", "call_id", "status", "duration", "error"]
    assert {"execution_id", *keys} <= set(made)
    assert made["actual_time"] == "2024-01-15T12:00:00Z"
    assert made["call_id"].startswith("call_")
    assert [coming[key] for key in keys] == ["2024-02-01T19:30:00Z", None, None, "pending", None, None]
    assert json.loads(json.dumps(history)) == history


def test_the_example_of_retries_is_kept(tell: Tell, in_2024: None) -> None:
    call = tell(RETRIES).names["scheduled_call"]
    assert (call.max_attempts, call.retry_delay_seconds, call.backoff) == (4, 300, "exponential")
    assert call.retry_on == ("busy", "no_answer", "timeout")


def test_the_example_of_a_webhook_is_kept(tell: Tell, in_2024: None) -> None:
    call = tell(WEBHOOK).names["scheduled_call"]
    assert call.webhook_url == "https://yourapp.com/webhooks/call-executed"
    assert call.webhook_events == ("started", "completed", "failed")


def test_a_reminder_is_a_day_before_and_its_context_may_hold_a_datetime(tell: Tell, in_2024: None) -> None:
    customer = {
        "appointment_time": datetime(2024, 2, 1, 10, 30),  # noqa: DTZ001 - a reading of the customer's clocks
        "phone": "+34600000001",
        "timezone": "Europe/Madrid",
        "name": "Ana",
        "location": "Room 2",
        "notes": "",
    }
    (call,) = tell(REMINDER + "await schedule_appointment_reminder(customer)", customer=customer).calls
    assert (call.agent_id, call.next_run_at) == ("reminder-agent", at("2024-01-31 09:30"))
    assert call.customer_context["appointment_time"] == "2024-02-01T10:30:00"


def test_birthdays_come_every_year_also_on_the_29th_of_february(tell: Tell, in_2024: None) -> None:
    customers = [
        {"phone": "+34600000001", "name": "Ana", "timezone": "Europe/Madrid", "birth_day": 29, "birth_month": 2},
        {"phone": "+34600000002", "name": "Bo", "timezone": "Asia/Tokyo", "birth_day": 1, "birth_month": 1},
    ]
    calls = tell(BIRTHDAY, get_customers=answering(customers)).calls
    assert {call.phone_number: call.next_run_at for call in calls} == {
        "+34600000001": at("2024-02-29 09:00"),
        "+34600000002": at("2025-01-01 01:00"),
    }
    assert {call.max_occurrences for call in calls} == {None}


def test_follow_ups_begin_at_once_where_the_machine_is_in_the_leads_zone(tell: Tell, in_new_york: None) -> None:
    lead = {"phone": "+12125550100", "timezone": "America/New_York"}
    before = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the block reads the machine's clock, too
    calls = tell(
        FOLLOW_UPS + "await schedule_follow_ups('lead-1')", get_lead=answering(lead), datetime=datetime
    ).calls
    after = datetime.now(UTC)  # noqa: TID251
    first = next(call for call in calls if call.name == "Follow-up #1")
    assert first.run_at is not None
    assert before <= first.run_at <= after
    assert sorted(str(call.name) for call in calls) == [f"Follow-up #{number}" for number in (1, 2, 3, 4, 5)]
    assert {call.customer_context["lead_id"] for call in calls} == {"lead-1"}


def test_every_account_is_called_on_monday_at_nine_by_its_own_clocks(tell: Tell, in_2024: None) -> None:
    accounts = [
        {"phone": "+34600000001", "timezone": "Europe/Madrid", "id": "acc-1", "name": "One"},
        {"phone": "+12125550100", "timezone": "America/New_York", "id": "acc-2", "name": "Two"},
    ]
    calls = tell(STATUS_CALLS, get_accounts=answering(accounts)).calls
    assert {call.customer_context["account_id"]: call.next_run_at for call in calls} == {
        "acc-1": at("2024-01-22 08:00"),  # this Monday's nine o'clock has passed in Madrid
        "acc-2": at("2024-01-15 14:00"),
    }


PHONES = [f"+3460000{number:04}" for number in range(50)]
RESULTS = "results = await bulk_schedule_calls(phones, 'agent-123', '2024-02-01 14:30:00')"


def test_the_bulk_example_takes_the_zone_of_the_workspace(tell: Tell, in_2024: None, db: Path) -> None:
    store = open_store(db)
    settings.put(store, "timezone", "Europe/Madrid")
    store.close()
    told = tell(BULK + RESULTS, phones=PHONES)
    assert [call.phone_number for call in told.names["results"]] == PHONES
    assert {call.next_run_at for call in told.calls} == {at("2024-02-01 13:30")}
    assert len(told.calls) == 50


def test_the_bulk_example_is_refused_where_nobody_knows_the_zone(tell: Tell, in_2024: None) -> None:
    with pytest.raises(InvalidInput) as caught:
        tell(BULK + RESULTS, phones=PHONES)
    assert caught.value.message == "'2024-02-01 14:30:00' has no timezone"
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("add timezone='Europe/Madrid'")


def test_the_change_of_the_guide_moves_the_call_and_adds_to_its_context(tell: Tell, in_2024: None) -> None:
    async def change(names: dict[str, Any]) -> Any:
        return await names["service"].update(names["scheduled_call"].id, **json.loads(guides.GUIDE_B_UPDATE))

    call = tell(ADVANCED, then=change).names["result"]
    assert call.run_at == at("2024-02-02 15:00")
    assert (call.customer_context["notes"], call.customer_context["order_id"]) == ("Updated context", "ORD-456")


def test_every_body_of_the_guides_can_be_given_to_the_bulk_call(db: Path, tell: Tell, in_2024: None) -> None:
    bodies = [json.loads(text) for text in guides.NEW.values() if "agent_..." not in text]
    told = tell("calls = await service.schedule_calls(bodies)", bodies=bodies)
    assert [call.phone_number for call in told.names["calls"]] == [body["phone_number"] for body in bodies]


def test_health_begins_with_the_keys_of_the_guide(tell: Tell, in_2024: None) -> None:
    async def look(names: dict[str, Any]) -> Any:
        return await names["service"].health()

    health = tell(ADVANCED, then=look).names["result"]
    assert list(health)[:5] == [
        "status",
        "scheduled_calls_pending",
        "scheduled_calls_total",
        "last_execution",
        "failed_executions_today",
    ]
    assert (health["scheduled_calls_pending"], health["status"], health["reasons"]) == (
        1,
        "unhealthy",
        ["no_heartbeat"],
    )
