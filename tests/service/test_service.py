"""What callers may rely on: each has its own answer, nothing is booked twice or by halves, and nobody is blocked."""

from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo

import pytest

import hyponema_cli
from hyponema_cli import (
    Ambiguous,
    Busy,
    Conflict,
    HypError,
    InvalidInput,
    NoDatabase,
    NotFound,
    ScheduledCall,
    ScheduledCallService,
    Unusable,
)
from hyponema_cli.clock import VirtualClock
from hyponema_cli.core.errors import NewerSchema
from hyponema_cli.engine import book
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.report import TickReport
from hyponema_cli.render import json as shapes
from hyponema_cli.service import views
from hyponema_cli.store import open_store, users
from tests.processes.waiting import until
from tests.world import MONDAY, World

CALL: dict[str, Any] = {
    "agent_id": "agent-123",
    "phone_number": "+34600000001",
    "scheduled_time": "2026-12-01 14:30",
    "timezone": "Europe/Madrid",
}


@pytest.fixture
def service(db: Path) -> Iterator[ScheduledCallService]:
    """A service on whose clock it is Monday 2 March 2026, 09:00 in Madrid."""
    made = ScheduledCallService(db=db, clock=VirtualClock(MONDAY))
    yield made
    asyncio.run(made.close())


class Gate:
    """A clock at which a booking can be held: it has been taken up, and nothing of it is stored."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def now(self) -> datetime:
        self.reached.set()
        assert self.open.wait(20)
        return MONDAY

    def wait_until(self, instant: datetime) -> None:
        raise AssertionError("nothing here waits for a time")


@contextmanager
def locked(db: Path) -> Iterator[None]:
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        yield
        connection.execute("rollback")


def booked(db: Path) -> list[str]:
    """Return the number of each call that is booked, in order."""
    with closing(sqlite3.connect(db)) as connection:
        return [row[0] for row in connection.execute("select to_number from schedules order by to_number")]


def number(index: int) -> str:
    return f"+3460{index:07}"


async def error_of(awaitable: Any) -> HypError:
    with pytest.raises(HypError) as caught:
        await awaitable
    return caught.value


# --- many at once


def test_of_five_thousand_at_once_each_is_there_once_and_gets_its_own(
    service: ScheduledCallService, db: Path
) -> None:
    async def story() -> list[ScheduledCall]:
        return await asyncio.gather(
            *(service.schedule_call(**{**CALL, "phone_number": number(each)}) for each in range(5000))
        )

    calls = asyncio.run(story())
    assert [call.phone_number for call in calls] == booked(db) == [number(each) for each in range(5000)]
    assert len({call.id for call in calls}) == 5000


def test_one_that_is_refused_takes_nothing_from_the_others_and_leaves_no_trace(
    service: ScheduledCallService, db: Path
) -> None:
    async def story() -> list[ScheduledCall | BaseException]:
        wrong = [{"phone_number": "12"}, {"agent_id": "nobody"}, {"scheduled_time": "2020-01-01 10:00"}]
        asked = [
            {**CALL, "phone_number": number(each)} | (wrong[each // 2 % 3] if each % 2 else {}) for each in range(60)
        ]
        return await asyncio.gather(*(service.schedule_call(**each) for each in asked), return_exceptions=True)

    answers = asyncio.run(story())
    good, refused = answers[::2], answers[1::2]
    assert booked(db) == [call.phone_number for call in good if isinstance(call, ScheduledCall)]
    assert len(booked(db)) == 30
    assert [type(error) for error in refused] == [InvalidInput, NotFound, InvalidInput] * 10
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute(
            "select count(*), count(distinct schedule_id), min(actor) from events"
        ).fetchall() == [(30, 30, "library")]


def test_an_error_in_our_own_code_is_its_callers_alone(
    service: ScheduledCallService, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = book.add

    def add(desk: Any, request: Any, **rest: Any) -> Any:
        booked = honest(desk, request, **rest)
        if request.to == number(3):
            raise ZeroDivisionError("a fault")
        return booked

    monkeypatch.setattr(book, "add", add)

    async def story() -> list[Any]:
        asked = [service.schedule_call(**{**CALL, "phone_number": number(each)}) for each in range(6)]
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [type(answer) for answer in asyncio.run(story())] == [ScheduledCall] * 3 + [ZeroDivisionError] + [
        ScheduledCall
    ] * 2
    assert booked(db) == [number(each) for each in (0, 1, 2, 4, 5)]
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("select count(*) from events").fetchall() == [(5,)]


def test_a_ref_said_a_hundred_times_at_once_is_one_call_and_another_content_is_refused(
    service: ScheduledCallService, db: Path
) -> None:
    async def story() -> None:
        calls = await asyncio.gather(
            *(
                service.schedule_call(**CALL, customer_context={"at": MONDAY, "of": (1, 2)}, ref="k")
                for _ in range(100)
            )
        )
        assert len({call.id for call in calls}) == 1
        error = await error_of(service.schedule_call(**{**CALL, "phone_number": number(2)}, ref="k"))
        assert isinstance(error, Conflict)
        assert "ref 'k' is taken" in error.message

    asyncio.run(story())
    assert len(booked(db)) == 1


def test_nothing_is_answered_before_the_commit(db: Path) -> None:
    """Another process holds the lock: that somebody has an answer must mean that it is stored."""
    gate = Gate()

    async def story() -> None:
        async with ScheduledCallService(db=db, clock=gate) as service:
            task = asyncio.create_task(service.schedule_call(**CALL))
            await asyncio.to_thread(gate.reached.wait, 20)
            assert not task.done()
            assert booked(db) == []
            gate.open.set()
            await task
            assert booked(db) == [CALL["phone_number"]]

    asyncio.run(story())


# --- cancellation, closing, other loops


def test_a_canceled_task_has_booked_its_call_if_it_was_taken_up_and_has_not_if_it_waited(db: Path) -> None:
    gate = Gate()

    async def story() -> None:
        async with ScheduledCallService(db=db, clock=gate) as service:
            taken_up = asyncio.create_task(service.schedule_call(**{**CALL, "phone_number": number(1)}))
            await asyncio.to_thread(gate.reached.wait, 20)
            waiting = asyncio.create_task(service.schedule_call(**{**CALL, "phone_number": number(2)}))
            staying = asyncio.create_task(service.schedule_call(**{**CALL, "phone_number": number(3)}))
            await asyncio.sleep(0)
            for task in (taken_up, waiting):
                task.cancel()
            for task in (taken_up, waiting):
                with pytest.raises(asyncio.CancelledError):
                    await task
            gate.open.set()
            await staying

    asyncio.run(story())
    assert booked(db) == [number(1), number(3)]


def test_closing_does_what_waits_and_refuses_what_comes_later(db: Path) -> None:
    gate = Gate()

    async def story() -> None:
        service = ScheduledCallService(db=db, clock=gate)
        tasks = [
            asyncio.create_task(service.schedule_call(**{**CALL, "phone_number": number(each)}))
            for each in range(300)
        ]
        await asyncio.to_thread(gate.reached.wait, 20)
        closing_ = asyncio.create_task(service.close())
        await asyncio.sleep(0)
        assert isinstance(await error_of(service.get("x")), Conflict)
        gate.open.set()
        await closing_
        assert len([await task for task in tasks]) == 300
        await service.close()

    asyncio.run(story())
    assert len(booked(db)) == 300


def test_a_service_that_was_never_used_can_be_closed_and_opens_nothing(tmp_path: Path) -> None:
    asyncio.run(ScheduledCallService(db=tmp_path / "none.db").close())
    assert list(tmp_path.iterdir()) == []


def test_one_service_serves_one_event_loop_after_the_other_and_several_at_once(
    service: ScheduledCallService, db: Path
) -> None:
    def book_ten(first: int) -> None:
        async def story() -> None:
            asked = [service.schedule_call(**{**CALL, "phone_number": number(first + each)}) for each in range(10)]
            await asyncio.gather(*asked)

        asyncio.run(story())

    book_ten(0)
    threads = [threading.Thread(target=book_ten, args=(10 * each,)) for each in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert booked(db) == [number(each) for each in range(40)]


def test_a_service_that_is_forgotten_lets_go_of_the_file(db: Path) -> None:
    def ours() -> list[threading.Thread]:
        return [each for each in threading.enumerate() if each.name == "hyp-library"]

    before = len(ours())
    service: ScheduledCallService | None = ScheduledCallService(db=db)
    assert service is not None
    asyncio.run(service.update(asyncio.run(service.schedule_call(**{**CALL, "scheduled_time": "now"})).id, name="x"))
    assert len(ours()) == before + 1
    service = None
    gc.collect()
    until(lambda: len(ours()) == before)


# --- the file


def test_a_locked_database_keeps_the_loop_free_is_told_as_busy_and_harms_nothing(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyponema_cli.store.BUSY_SECONDS", 0.2)

    async def story() -> None:
        async with ScheduledCallService(db=db, clock=VirtualClock(MONDAY)) as service:
            with locked(db):
                tasks = [asyncio.create_task(service.schedule_call(**CALL)) for _ in range(3)]
                turns = 0
                while not all(task.done() for task in tasks):
                    await asyncio.sleep(0.01)
                    turns += 1
                assert turns > 5
                assert {type(task.exception()) for task in tasks} == {Busy}
            await service.schedule_call(**CALL)

    asyncio.run(story())
    assert len(booked(db)) == 1


def test_a_full_disk_is_told_to_everyone_in_the_transaction_and_mends(db: Path) -> None:
    async def story() -> None:
        async with ScheduledCallService(db=db, clock=VirtualClock(MONDAY)) as service:
            all_wait = threading.Event()

            def fill(desk: Desk) -> None:
                (pages,) = desk.store.execute("pragma page_count").fetchone()
                desk.store.execute(f"pragma max_page_count = {pages}")
                assert all_wait.wait(20)

            service._clerk.ask(fill)
            wrong = service.schedule_call(**{**CALL, "phone_number": "12"})
            asked = [service.schedule_call(**CALL, description="x" * 30000) for _ in range(100)]
            together = asyncio.gather(wrong, *asked, return_exceptions=True)
            await asyncio.sleep(0)
            all_wait.set()
            refused, *answers = await together
            assert isinstance(refused, InvalidInput)
            assert {type(answer) for answer in answers} == {Unusable}
            assert {str(answer) for answer in answers} == {f"{db} cannot grow: the disk is full"}
            await service.schedule_call(**CALL, description="x" * 30000)

    asyncio.run(story())
    assert len(booked(db)) == 1


def test_a_missing_file_is_told_at_the_beginning_and_made_by_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        path = tmp_path / "none.db"
        service = ScheduledCallService(db=path)
        for attempt in (service.__aenter__(), service.schedule_call(**CALL), service.health()):
            error = await error_of(attempt)
            assert isinstance(error, NoDatabase)
            assert (error.kind, error.hint) == ("no_database", f"make one: hyp --db {path} init")
        await service.close()

    asyncio.run(story())
    assert list(tmp_path.iterdir()) == []


def test_what_is_booked_goes_to_the_file_that_bears_the_name_now(db: Path) -> None:
    """A backup is put back under a program that runs: what is booked in a file without a name is lost."""

    async def story() -> None:
        copy, away = db.with_name("copy.db"), db.with_name("away.db")
        copy.write_bytes(db.read_bytes())
        async with ScheduledCallService(db=db, clock=VirtualClock(MONDAY)) as service:
            await service.schedule_call(**CALL)
            db.rename(away)
            assert isinstance(await error_of(service.schedule_call(**CALL)), NoDatabase)
            copy.rename(db)
            await service.schedule_call(**{**CALL, "phone_number": number(2)})
        assert (booked(away), booked(db)) == ([CALL["phone_number"]], [number(2)])

    asyncio.run(story())


def test_nothing_is_booked_in_a_file_that_a_newer_hyp_has_changed_meanwhile(db: Path) -> None:
    async def story() -> None:
        async with ScheduledCallService(db=db, clock=VirtualClock(MONDAY)) as service:
            await service.schedule_call(**CALL)
            with closing(sqlite3.connect(db)) as newer:
                newer.execute("pragma user_version = 9999")
            assert isinstance(
                await error_of(service.schedule_call(**{**CALL, "phone_number": number(2)})), NewerSchema
            )
            with closing(sqlite3.connect(db)) as connection:
                assert connection.execute("select count(*) from schedules").fetchone() == (1,)

    asyncio.run(story())


def test_the_workspace_is_found_as_the_command_line_finds_it(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = db.parent / "hyp" / "dev.db"
    named.parent.mkdir()
    named.write_bytes(db.read_bytes())
    monkeypatch.setenv("XDG_DATA_HOME", str(db.parent))

    async def story() -> None:
        async with ScheduledCallService(workspace="dev", clock=VirtualClock(MONDAY)) as service:
            await service.schedule_call(**CALL)

    asyncio.run(story())
    assert (len(booked(named)), booked(db)) == (1, [])
    with pytest.raises(InvalidInput, match=r"^db and workspace cannot be used together"):
        ScheduledCallService(db=db, workspace="dev")


# --- many in one transaction


def test_a_bulk_call_books_all_in_order(service: ScheduledCallService, db: Path) -> None:
    rows: list[dict[str, Any]] = [{**CALL, "phone_number": number(each)} for each in range(20)]
    rows.append({"phone_number": number(20), "agent_id": "agent-123", "weekdays": [1, 3], "local_time": time(9, 30)})
    rows[-1]["timezone"] = "Europe/Madrid"
    calls = asyncio.run(service.schedule_calls(each for each in rows))
    assert [call.phone_number for call in calls] == booked(db) == [number(each) for each in range(21)]
    assert (calls[-1].weekdays, calls[-1].local_time, calls[-1].kind) == ((1, 3), "09:30:00", "weekly")
    assert asyncio.run(service.schedule_calls([])) == []


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        ({**CALL, "phone_number": "12"}, InvalidInput, "calls[2]: phone number '12' is not in E.164 form"),
        ({**CALL, "agent_id": "agent-132"}, NotFound, "calls[2]: no agent 'agent-132'"),
        ({**CALL, "phon": 1}, InvalidInput, "calls[2]: unknown field 'phon'"),
        (7, InvalidInput, "calls[2]: 7 is not a dict"),
    ],
)
def test_a_bulk_call_with_one_that_is_wrong_names_it_and_books_none(
    service: ScheduledCallService, db: Path, wrong: Any, kind: type[HypError], said: str
) -> None:
    error = asyncio.run(error_of(service.schedule_calls([CALL, CALL, wrong, CALL])))
    assert (type(error), error.message, str(error)) == (kind, said, said)
    assert error.hint
    assert booked(db) == []


def test_what_is_returned_can_be_booked_again(service: ScheduledCallService) -> None:
    async def story() -> None:
        call = await service.schedule_call(**CALL, customer_context={"a": {"b": [1]}}, max_attempts=3)
        (again,) = await service.schedule_calls([call.as_dict()])
        passing = {"id", "created_at", "updated_at"}
        assert {k: v for k, v in again.as_dict().items() if k not in passing} == {
            k: v for k, v in call.as_dict().items() if k not in passing
        }

    asyncio.run(story())


# --- times


# what is given | the instant
@pytest.mark.parametrize(
    ("given", "instant"),
    [
        ("2026-12-01 14:30", "2026-12-01T13:30:00Z"),
        ("2026-12-01T14:30:00.123456", "2026-12-01T13:30:00Z"),
        ("2026-12-01T14:30:00-05:00", "2026-12-01T19:30:00Z"),
        (datetime(2026, 12, 1, 14, 30, 59, 999999), "2026-12-01T13:30:59Z"),  # noqa: DTZ001
        (datetime(2026, 12, 1, 14, 30, tzinfo=UTC), "2026-12-01T14:30:00Z"),
        (datetime(2026, 12, 1, 14, 30, tzinfo=timezone(timedelta(hours=-5, minutes=-30))), "2026-12-01T20:00:00Z"),
        (datetime(2026, 10, 25, 2, 30, fold=1), "2026-10-25T01:30:00Z"),  # noqa: DTZ001 - the second one in Madrid
        (datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Madrid")), "2026-10-25T00:30:00Z"),
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Madrid")), "2026-10-25T01:30:00Z"),
        (MONDAY, "2026-03-02T08:00:00Z"),
        (MONDAY - timedelta(seconds=60), "2026-03-02T08:00:00Z"),
        ("now", "2026-03-02T08:00:00Z"),
    ],
)  # fmt: skip
def test_a_time_with_an_offset_is_that_instant_and_one_without_is_on_the_clocks_there(
    service: ScheduledCallService, given: Any, instant: str
) -> None:
    call = asyncio.run(service.schedule_call(**{**CALL, "scheduled_time": given}))
    assert call.run_at is not None
    assert call.as_dict()["run_at"] == instant
    assert call.run_at.utcoffset() == timedelta(0)


# what is given | what is said | what helps
@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"scheduled_time": MONDAY - timedelta(seconds=61)}, "is in the past", "allow_past=True"),
        ({"scheduled_time": datetime(2026, 10, 25, 2, 30)}, "happens twice in Europe/Madrid", "fold='first'"),  # noqa: DTZ001
        ({"scheduled_time": datetime(2026, 3, 29, 2, 30)}, "does not exist in Europe/Madrid", "T03:00+02:00"),  # noqa: DTZ001
        ({"scheduled_time": datetime.max.replace(tzinfo=timezone(-timedelta(hours=1)))}, "outside the calendar", ""),
        ({"scheduled_time": date(2026, 12, 1)}, "'2026-12-01' is not a date and time", ""),
        ({"scheduled_time": 1764599400}, "scheduled_time 1764599400 must be a text", ""),
        ({"scheduled_tme": "now"}, "unknown argument 'scheduled_tme'", "did you mean scheduled_time?"),
        ({"id": "sch_1"}, "unknown argument 'id'", ""),
        ({"allow_past": "yes"}, "allow_past 'yes' must be True or False", ""),
        ({"max_attempts": 0}, "max_attempts 0 must be from 1", ""),
        ({"retry_policy": {"max_retry": 1}}, "unknown field of retry_policy 'max_retry'", "max_retries"),
        ({"max_attempts": 2, "retry_policy": {"max_retries": 3}}, "disagree", ""),
        ({"customer_context": {"a": object()}}, "which JSON cannot say", ""),
        ({"customer_context": {"a": {1: 2}}}, "customer_context has the key 1", ""),
        ({"customer_context": {"a": float("nan")}}, "a number that JSON cannot say", ""),
        ({"customer_context": [1]}, "customer_context [1] is not a JSON object", ""),
        ({"timezone": "Europe/Madird"}, "unknown timezone 'Europe/Madird'", "did you mean Europe/Madrid?"),
        ({"webhook_url": "http://localhost/x"}, "on this machine", "hyp config set webhook_allow_private true"),
        ({"cron_expression": "0 9 * * *"}, "cannot be used together", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_the_name_of_its_argument(
    service: ScheduledCallService, db: Path, given: dict[str, Any], message: str, hint: str
) -> None:
    error = asyncio.run(error_of(service.schedule_call(**{**CALL, **given})))
    assert isinstance(error, InvalidInput)
    assert message in error.message
    assert "--" not in f"{error.message} {error.hint}"
    assert hint in str(error.hint)
    assert booked(db) == []


def test_a_dict_that_holds_itself_is_refused(service: ScheduledCallService) -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless
    assert "nested" in asyncio.run(error_of(service.schedule_call(**CALL, customer_context=endless))).message


def test_a_past_time_is_called_now_when_that_is_allowed(service: ScheduledCallService) -> None:
    call = asyncio.run(service.schedule_call(**{**CALL, "scheduled_time": "2020-01-01 10:00"}, allow_past=True))
    assert call.next_run_at == MONDAY


def test_what_is_given_is_read_when_it_is_given(service: ScheduledCallService) -> None:
    async def story() -> ScheduledCall:
        context = {"step": 1}
        task = asyncio.create_task(service.schedule_call(**CALL, customer_context=context))
        await asyncio.sleep(0)
        context["step"] = 2
        return await task

    assert asyncio.run(story()).customer_context == {"step": 1}


# --- the other methods


def test_a_schedule_is_found_changed_paused_resumed_and_canceled(service: ScheduledCallService) -> None:
    async def story() -> None:
        call = await service.schedule_recurring_call(
            weekdays="mon-fri", local_time="09:30", phone_number="+34600000001", agent_id="agent-123",
            timezone="Europe/Madrid", name="Check-in", until_at=date(2026, 12, 31), enabled=False,
        )  # fmt: skip
        assert (call.status, call.enabled, call.as_dict()["until_at"]) == ("paused", False, "2026-12-31T22:59:59Z")
        assert await service.get(call.id) == await service.get("Check-in") == call
        assert (await service.resume("Check-in", reason="go")).status == "active"
        changed = await service.update(call.id, local_time=time(10), until_at=None, metadata={"a": 1})
        assert (changed.local_time, changed.until_at, changed.weekdays) == ("10:00:00", None, (1, 2, 3, 4, 5))
        assert (await service.update(call.id, enabled=False)).status == "paused"
        assert (await service.pause(call.id, reason="INC-88")).status_reason == "INC-88"
        assert [each.id for each in await service.list()] == [call.id]
        assert (await service.cancel(call.id)).status == "canceled"
        assert await service.list() == []
        assert [each.id for each in await service.list(status="all")] == [call.id]
        assert isinstance(await error_of(service.resume(call.id)), Conflict)
        assert isinstance(await error_of(service.get("nobody")), NotFound)
        error = await error_of(service.update(call.id, ref="k"))  # type: ignore[call-arg]
        assert error.message == "the ref of a schedule cannot be changed"

    asyncio.run(story())


def test_a_list_can_be_narrowed(service: ScheduledCallService, db: Path) -> None:
    async def story() -> None:
        for each, agent in enumerate(("agent-123", "reminder-agent", "agent-123")):
            await service.schedule_call(**{**CALL, "phone_number": number(each), "agent_id": agent})
        assert len(await service.list(agent_id="agent-123")) == 2
        assert len(await service.list(agent_id="agent-123", limit=1)) == 1
        assert await service.list(status=["paused", "canceled"]) == []
        assert len(await service.list(status="active,paused")) == 3
        assert (await error_of(service.list(status="actve"))).hint == "did you mean active?"
        assert isinstance(await error_of(service.list(limit=0)), InvalidInput)
        assert isinstance(await error_of(service.list(agent_id="nobody")), NotFound)

    asyncio.run(story())


def test_a_user_is_called_by_their_own_clocks(service: ScheduledCallService, db: Path, world: World) -> None:
    store = open_store(db)
    with store.transaction():
        users.insert(store, users.find(world.store, "ana")[0])
    store.close()
    given = {"agent_id": "agent-123", "user_id": "ana"}
    call = asyncio.run(service.schedule_call(**given, scheduled_time="2026-12-01 14:30"))  # type: ignore[arg-type]
    assert (call.phone_number, call.timezone, call.timezone_from) == ("+34600000001", "Europe/Madrid", "user")


def test_a_name_of_several_schedules_is_ambiguous(service: ScheduledCallService) -> None:
    async def story() -> None:
        for each in (1, 2):
            await service.schedule_call(**{**CALL, "phone_number": number(each)}, name="Same")
        assert isinstance(await error_of(service.get("Same")), Ambiguous)

    asyncio.run(story())


def test_whoever_books_does_not_wait_for_a_carrier(
    service: ScheduledCallService, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answered = threading.Event(), threading.Event()
    honest = book.run_now

    def slow(desk: Any, schedule_id: str) -> tuple[str, TickReport]:
        asked.set()
        assert answered.wait(20)
        return honest(desk, schedule_id)

    monkeypatch.setattr(book, "run_now", slow)

    async def story() -> None:
        call = await service.schedule_call(**CALL)
        dialling = asyncio.create_task(service.execute_now(call.id))
        await asyncio.to_thread(asked.wait, 20)
        await service.schedule_call(**{**CALL, "phone_number": number(2)})
        assert not dialling.done()
        answered.set()
        execution = await dialling
        assert (execution["status"], execution["kind"], execution["attempts"]) == ("dialing", "manual", 1)
        assert type(execution["status"]) is str

    asyncio.run(story())


def test_a_call_that_cannot_go_out_now_says_why(service: ScheduledCallService) -> None:
    async def story() -> None:
        call = await service.schedule_call(**{**CALL, "agent_id": "reminder-agent"})  # which has no number
        execution = await service.execute_now(call.id)
        assert (execution["status"], execution["reason"], execution["call_id"]) == ("pending", "no_caller_id", None)

    asyncio.run(story())


# --- what is returned


def test_the_attributes_of_a_schedule_are_the_keys_of_its_json(world: World) -> None:
    shape = shapes.schedule(world.add({"weekdays": "1", "at": "09:30"}, name="x"), world.desk.settings())
    call = ScheduledCall.of(shape)
    assert list(call.as_dict()) == list(shape) == list(get_type_hints(ScheduledCall))
    assert call.as_dict() == json.loads(json.dumps(shape))


def test_the_documents_have_the_keys_that_their_types_say(service: ScheduledCallService) -> None:
    async def story() -> None:
        call = await service.schedule_call(**CALL)
        execution = await service.execute_now(call.id)
        history, health = await service.history(call.id), await service.health()
        for document, kind in (
            (execution, views.Execution),
            (execution["calls"][0], views.Call),
            (history, views.History),
            (history["executions"][1], views.Execution),
            (health, views.Health),
        ):
            assert list(document) == list(get_type_hints(kind))
        assert history["executions"][0] == execution

    asyncio.run(story())


def test_the_package_names_what_programs_use_and_nothing_else() -> None:
    assert set(hyponema_cli.__all__) <= set(dir(hyponema_cli))
    for name in hyponema_cli.__all__:
        assert getattr(hyponema_cli, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'ScheduledCallServce'"):
        hyponema_cli.ScheduledCallServce  # noqa: B018
