"""Messages get to their receivers: signed, in order, at least once; one that is slow or dead harms nobody else."""

from __future__ import annotations

import json
import random
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core.webhook import DELAYS, next_try, read_secrets
from hyponema_cli.engine import courier as courier_module
from hyponema_cli.engine import post as post_module
from hyponema_cli.engine.courier import LEASE, RECEIVERS, Answer, Courier, Post
from hyponema_cli.engine.desk import Desk
from hyponema_cli.http_once import Limits, retry_after_of
from hyponema_cli.store import is_busy, webhooks
from hyponema_cli.store.webhooks import Message, Wanted
from tests.loopback import full_backlog, mute, proxy, refused_port
from tests.receiver import (
    SECRET,
    Names,
    Receiver,
    drips,
    drips_its_body,
    drops,
    floods,
    hangs,
    holds,
    raw,
    resets,
    says,
)
from tests.strategies import examples
from tests.world import MONDAY, World

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86400))
LONG = 20.0
"""Seconds that a test waits for what must come; nobody waits for so long when all is well."""


@pytest.fixture(autouse=True)
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver has half a second."""
    monkeypatch.setattr(post_module, "LIMITS", Limits(connect=0.3, read=0.3, answer=0.5))


@pytest.fixture
def local(world: World) -> World:
    """A world whose receivers may stand on this machine."""
    world.set("webhook_allow_private", "true")
    return world


def courier_of(world: World, desk: Desk | None = None, post: Post = post_module.post) -> Courier:
    return Courier(desk or world.desk, post, lambda: read_secrets(SECRET))


def put(world: World, url: str, *executions: str, event: str = "started") -> list[str]:
    """Put a message for each of these executions into the outbox; return their ids."""
    now, ids = world.clock.now(), list[str]()
    for execution_id in executions:
        ids.append(world.desk.new_id("msg", now))
        body = json.dumps({"type": f"execution.{event}", "data": {"execution_id": execution_id, "of": ids[-1]}})
        webhooks.put(world.store, ids[-1], execution_id, event, Wanted("sch_1", url, ()), body, now)
    return ids


def deliver(courier: Courier) -> None:
    """Deliver what is due now, until nothing is on its way."""
    is_on_its_way = courier.step()
    while is_on_its_way:
        is_on_its_way = courier.step(LONG)


def message(world: World, message_id: str) -> Message:
    (found,) = webhooks.select(world.store, ("pending", "delivered", "dead"), 0, message_id)
    return found


def statuses(world: World) -> list[str]:
    """Return what has become of the messages, the earliest first."""
    return [each.status for each in reversed(webhooks.select(world.store, ("pending", "delivered", "dead"), 0))]


def at_next_try(world: World, message_id: str) -> datetime:
    """Move the clock to when a message is told again."""
    at = message(world, message_id).next_try_at
    assert at is not None
    world.clock.set(at)
    return at


# --- what a receiver hears ----------------------------------------------------------------------------------------


def test_a_receiver_hears_the_body_as_it_was_written_signed_at_that_second(local: World) -> None:
    with Receiver() as receiver:
        (one,) = put(local, f"{receiver.url}/hooks?for=hyp", "exe_1")
        deliver(courier_of(local))
        (heard,) = receiver.heard
        assert (heard.id, heard.told_at, heard.path) == (one, MONDAY, "/hooks?for=hyp")
        assert heard.body.decode() == message(local, one).body
        assert heard.headers["content-type"] == "application/json"
        assert heard.is_genuine(MONDAY)
        assert message(local, one).status == "delivered"
        assert message(local, one).finished_at == MONDAY


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_any_status_of_success_takes_a_message_and_it_is_not_told_again(local: World, status: int) -> None:
    with Receiver(says(status)) as receiver:
        put(local, receiver.url, "exe_1")
        for _ in range(3):
            deliver(courier_of(local))
            local.clock.set(local.clock.now() + DAY)
        assert (len(receiver.heard), statuses(local)) == (1, ["delivered"])


FAULTS = {
    **{
        f"HTTP {status}": says(status) for status in (300, 301, 304, 400, 401, 404, 408, 425, 429, 500, 502, 503, 504)
    },
    "hangs": hangs,
    "drops": drops,
    "resets": resets,
    "drips": drips,
    "speaks no HTTP": raw(b"220 mail.example ESMTP\r\n"),
    "says half a line": raw(b"HTTP/1."),
    "says a status that is none": raw(b"HTTP/1.1 999999 So\r\n\r\n"),
    "says a length that is none": raw(b"HTTP/1.1 500 So\r\nContent-Length: many\r\n\r\n"),
    "says more headers than anybody reads": raw(b"HTTP/1.1 200 So\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
    "redirects to nonsense": says(302, "Location: http://[::1"),
    "asks for a time that is none": says(503, "Retry-After: soon"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_taken_is_told_again_with_the_same_id_and_body_at_a_new_time(local: World, fault: str) -> None:
    with Receiver(FAULTS[fault], says(204)) as receiver:
        (one,) = put(local, receiver.url, "exe_1")
        courier = courier_of(local)
        deliver(courier)
        refused = message(local, one)
        assert (refused.status, refused.attempts, refused.finished_at) == ("pending", 1, None)
        assert refused.last_error
        assert fault.startswith("HTTP") <= (refused.last_error == fault)
        again_at = at_next_try(local, one)
        assert DELAYS[0] <= again_at - MONDAY <= DELAYS[0] * 1.1
        deliver(courier)
        first, second = receiver.heard
        assert (first.id, first.body, first.told_at) == (second.id, second.body, MONDAY)
        assert second.told_at == again_at
        assert first.is_genuine(MONDAY) and second.is_genuine(again_at)
        assert (message(local, one).status, message(local, one).last_error) == ("delivered", None)


def test_nothing_is_told_again_before_its_time(local: World) -> None:
    with Receiver(says(500)) as receiver:
        put(local, receiver.url, "exe_1")
        for _ in range(5):
            deliver(courier_of(local))
        local.clock.set(MONDAY + DELAYS[0] - SECOND)
        deliver(courier_of(local))
        assert len(receiver.heard) == 1


@pytest.mark.parametrize("of", ["a port at which nobody listens", "a port that takes nobody", "a port that is mute"])
def test_a_receiver_that_is_not_there_is_tried_again_later(local: World, of: str) -> None:
    with ExitStack() as stack:
        if of == "a port at which nobody listens":
            url = refused_port()
        else:
            url = stack.enter_context(full_backlog()) if "takes" in of else stack.enter_context(mute()).url
        (one,) = put(local, url, "exe_1")
        deliver(courier_of(local))
        assert (message(local, one).status, message(local, one).attempts) == ("pending", 1)
        assert message(local, one).last_error


HOSTILE = (
    *("http://[::1", "http://127.0.0.1:99999/", "http://127.0.0.1:port/", "file:///etc/passwd", "ftp://127.0.0.1/"),
    *("http://", "", "//127.0.0.1/", "http://\x00/", "http:// /", "http://127.0.0.1:1/\ud800", "javascript:alert(1)"),
)


@pytest.mark.parametrize("url", HOSTILE, ids=ascii)
def test_an_address_that_nobody_can_be_asked_at_is_an_error_of_its_own_message_only(local: World, url: str) -> None:
    with Receiver() as receiver:
        try:
            put(local, url, "exe_1")
        except UnicodeEncodeError:
            return  # never got so far as to be stored
        put(local, receiver.url, "exe_2")
        deliver(courier_of(local))
        assert statuses(local) == ["pending", "delivered"]


# --- how long it is told ------------------------------------------------------------------------------------------


def always(answer: Answer, told: list[tuple[str, datetime]] | None = None) -> Post:
    """Return what tells nobody, and gets this answer."""

    def post(message: Message, secrets: object, now: datetime, allow_private: bool) -> Answer:
        if told is not None:
            told.append((message.id, now))
        return answer

    return post


def test_after_a_day_it_is_dead_stays_in_the_list_and_somebody_hears_of_it(world: World) -> None:
    told: list[tuple[str, datetime]] = []
    troubles: list[str] = []
    (one,) = put(world, "https://dead.example/", "exe_1")
    courier = courier_of(world, post=always(Answer(503), told))
    courier.on_trouble = troubles.append
    deliver(courier)
    while message(world, one).status == "pending":
        at_next_try(world, one)
        deliver(courier)
    assert len(told) == len(DELAYS) + 1
    assert 23 * HOUR <= world.clock.now() - MONDAY <= 27 * HOUR
    dead = message(world, one)
    assert (dead.status, dead.next_try_at, dead.finished_at) == ("dead", None, world.clock.now())
    assert dead.last_error == "HTTP 503"
    assert [one in trouble for trouble in troubles] == [True]
    assert world.store.execute("select count(*) from events where name = 'webhook.dead'").fetchone() == (1,)
    world.clock.set(world.clock.now() + 30 * DAY)
    deliver(courier)
    assert len(told) == len(DELAYS) + 1


def test_a_receiver_that_is_gone_is_not_asked_again(local: World) -> None:
    with Receiver(says(410)) as receiver:
        (one,) = put(local, receiver.url, "exe_1")
        deliver(courier_of(local))
        assert (message(local, one).status, message(local, one).last_error) == ("dead", "HTTP 410")
        local.clock.set(MONDAY + 2 * DAY)
        deliver(courier_of(local))
        assert len(receiver.heard) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("1", DELAYS[0]),
        ("0", DELAYS[0]),
        ("3600", HOUR),
        (format_datetime(MONDAY + HOUR), HOUR),
        (format_datetime(MONDAY - DAY), DELAYS[0]),
        ("999999999999", 8 * HOUR),
        ("9" * 5000, 8 * HOUR),
        (format_datetime(MONDAY + 300 * DAY), 8 * HOUR),
        ("-1", DELAYS[0]),
        ("soon", DELAYS[0]),
    ],
    ids=str,
)
def test_a_receiver_that_says_when_is_asked_then_but_not_later_than_eight_hours(
    local: World, status: int, header: str, after: timedelta
) -> None:
    with Receiver(says(status, f"Retry-After: {header}")) as receiver:
        (one,) = put(local, receiver.url, "exe_1")
        deliver(courier_of(local))
        at = message(local, one).next_try_at
        assert at is not None
        assert after <= at - MONDAY <= max(after, DELAYS[0] * 1.1)


def test_a_receiver_that_asks_to_be_left_alone_is_left_alone_with_all_that_waits_for_it(local: World) -> None:
    with Receiver(says(429, "Retry-After: 3600"), says(200)) as receiver:
        put(local, receiver.url, "exe_1", "exe_2", "exe_3")
        courier = courier_of(local)
        while local.clock.now() < MONDAY + HOUR - MINUTE:
            deliver(courier)
            local.clock.set(local.clock.now() + MINUTE)
        assert len(receiver.heard) == 1
        local.clock.set(MONDAY + HOUR + 10 * MINUTE)
        deliver(courier)
        assert statuses(local) == ["delivered"] * 3


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{1,5} \d\d:\d\d:\d\d ?[-+]?\w{0,5}"))
@examples(500)
def test_whatever_a_receiver_says_of_a_time_it_is_one_within_a_day_or_none(text: str) -> None:
    found = retry_after_of(text, MONDAY)
    assert found is None or timedelta(0) <= found <= DAY


# --- in order -----------------------------------------------------------------------------------------------------


def test_an_execution_is_told_in_order_and_nothing_passes_what_was_not_taken(local: World) -> None:
    with Receiver(says(500), says(500), says(200)) as receiver:
        one, two, three = put(local, receiver.url, "exe_1", "exe_1", "exe_1")
        courier = courier_of(local)
        deliver(courier)
        for _ in range(2):
            at_next_try(local, one)
            deliver(courier)
        assert receiver.ids == [one, one, one, two, three]
        assert statuses(local) == ["delivered"] * 3


@pytest.mark.parametrize("has_been_tried", [False, True])
def test_what_was_put_off_by_a_clock_that_ran_ahead_is_told_when_the_clock_is_right_again(
    local: World, has_been_tried: bool
) -> None:
    with Receiver(*[says(500)] * has_been_tried, says(200)) as receiver:
        local.clock.set(MONDAY + 400 * DAY)
        (one,) = put(local, receiver.url, "exe_1")
        if has_been_tried:
            deliver(courier_of(local))
        local.clock.set(MONDAY)
        assert webhooks.any_due(local.store, MONDAY)
        deliver(courier_of(local))
        assert receiver.heard[-1].id == one
        assert message(local, one).status == "delivered"
        assert not webhooks.any_due(local.store, MONDAY)


def test_no_wait_that_a_receiver_can_ask_for_is_taken_for_a_clock_that_ran_ahead() -> None:
    longest = next_try(len(DELAYS), MONDAY, 0.999999, timedelta(days=3))
    assert longest is not None
    assert longest - MONDAY < webhooks.LONGEST_WAIT


def test_what_is_dead_does_not_keep_back_what_comes_after_it(local: World) -> None:
    with Receiver(says(410), says(200)) as receiver:
        one, two = put(local, receiver.url, "exe_1", "exe_1")
        courier = courier_of(local)
        deliver(courier)
        local.clock.set(MONDAY + HOUR)
        deliver(courier)
        assert receiver.ids == [one, two]
        assert statuses(local) == ["dead", "delivered"]


def test_one_execution_does_not_wait_for_another(local: World) -> None:
    """Even where they have a receiver in common: it may refuse one of them alone."""
    with Receiver(says(500), says(200)) as receiver:
        one, two = put(local, receiver.url, "exe_1", "exe_2")
        courier = courier_of(local)
        deliver(courier)
        local.clock.set(MONDAY + MINUTE)
        deliver(courier)
        assert sorted(receiver.ids) == sorted([one, one, two])


def test_what_waits_behind_another_gives_nobody_anything_to_do(world: World) -> None:
    """An idle tick loads nothing, and a worker sleeps: hours, while the first one of an execution is backed off."""
    one, _ = put(world, "https://a.example/", "exe_1", "exe_1")
    deliver(courier_of(world, post=always(Answer(503))))
    first_try_at = message(world, one).next_try_at
    assert not webhooks.any_due(world.store, MONDAY + SECOND)
    assert first_try_at is not None and webhooks.any_due(world.store, first_try_at)


SEEDS = 25


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_receivers_and_couriers_do_each_execution_is_told_in_order_and_at_least_once(
    world: World, seed: int
) -> None:
    """Two couriers on one file, which die with what they have taken; receivers that have good days and bad ones."""
    dice = random.Random(seed)
    urls = [f"https://{name}.example/" for name in "abc"]
    bad = dict.fromkeys(urls, 0.5)
    taken: dict[tuple[str, str], list[str]] = {}
    written: dict[tuple[str, str], list[str]] = {}
    lock = threading.Lock()

    def post(message: Message, secrets: object, now: datetime, allow_private: bool) -> Answer:
        with lock:
            if dice.random() < bad[message.url] / 2:
                return Answer(None, "it was not there")
            taken.setdefault((message.execution_id, message.url), []).append(message.id)
            # Taken, and the answer got lost: that is told again.
            return Answer(None, "lost") if dice.random() < bad[message.url] / 2 else Answer(200)

    desks = [world.desk, world.another_desk()]
    couriers = [courier_of(world, desk, post) for desk in desks]
    for _ in range(60):
        if dice.random() < 0.7:
            execution_id, url = f"exe_{dice.randrange(8)}", dice.choice(urls)
            written.setdefault((execution_id, url), []).extend(put(world, url, execution_id))
        which = dice.randrange(2)
        if dice.random() < 0.2:
            # Dies with what it has taken, once that has left.
            couriers[which].step()
            waiting = [thread for thread in threading.enumerate() if thread.name == "webhooks"]
            for thread in waiting:
                thread.join(LONG)
            couriers[which] = courier_of(world, desks[which], post)
        else:
            deliver(couriers[which])
        world.clock.set(world.clock.now() + dice.choice([SECOND, 10 * SECOND, MINUTE, 10 * MINUTE]))
    bad = dict.fromkeys(urls, 0.0)
    for _ in range(100):
        for courier in couriers:
            deliver(courier)
        world.clock.set(world.clock.now() + 9 * HOUR)
    assert set(statuses(world)) == {"delivered"}
    for line, ids in written.items():
        first_heard = list(dict.fromkeys(taken[line]))
        assert first_heard == ids
        again = [each for each, before in zip(taken[line][1:], taken[line], strict=False) if each != before]
        assert again == ids[1:], "what was told once is not told again after something later"


# --- nobody waits for another -------------------------------------------------------------------------------------


def test_while_one_receiver_keeps_us_waiting_the_others_hear_what_is_for_them(
    local: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_module, "LIMITS", Limits(connect=LONG, read=LONG, answer=LONG))
    released = threading.Event()
    with ExitStack() as stack:
        slow = [stack.enter_context(Receiver(holds(released))) for _ in range(RECEIVERS - 1)]
        quick = stack.enter_context(Receiver())
        for receiver in slow:
            put(local, receiver.url, *(f"exe_{each}" for each in range(200)))
        last = put(local, quick.url, "exe_x", "exe_x", "exe_y")
        courier = courier_of(local)
        courier.step()
        for _ in range(100):
            if len(quick.heard) == 3:
                break
            courier.step(0.1)
        assert sorted(quick.ids) == sorted(last)
        assert all(len(receiver.heard) <= 1 for receiver in slow), "one after the other"
        # Enough: what waits for the slow ones is not what is tried here.
        released.set()


def test_while_receivers_keep_us_waiting_calls_go_out_and_are_recorded(local: World) -> None:
    released = threading.Event()
    with Receiver(holds(released)) as receiver:
        local.set("webhook_url", receiver.url)
        once = local.add({"at": "now"})
        local.tick()
        courier = courier_of(local)
        courier.step()
        assert receiver.has_heard.wait(LONG)
        other = local.add({"at": "now"}, to="+34600000101")
        local.tick()
        local.tick(MONDAY + MINUTE)
        assert local.statuses(once) == local.statuses(other) == [("completed", "answered")]
        released.set()


class Watched:
    """A clock that says who looks at it."""

    def __init__(self, world: World, looked: Callable[[], None]) -> None:
        self._clock = world.clock
        self._looked = looked

    def now(self) -> datetime:
        if threading.current_thread() is threading.main_thread():
            self._looked()
        return self._clock.now()

    def wait_until(self, instant: datetime) -> None:
        self._clock.wait_until(instant)


def test_when_its_time_is_over_it_still_writes_down_what_it_was_just_being_told(world: World) -> None:
    """A tick has ten seconds, a receiver fifteen: one that answers in twelve has taken it all the same."""
    over, released = threading.Event(), threading.Event()
    (one,) = put(world, "https://slow.example/", "exe_1")

    def post(message: Message, secrets: object, now: datetime, allow_private: bool) -> Answer:
        world.clock.set(MONDAY + 12 * SECOND)
        over.set()
        assert released.wait(LONG)
        return Answer(200)

    def looked() -> None:
        if over.is_set():
            released.set()

    world.desk.clock = Watched(world, looked)  # type: ignore[assignment]
    courier_of(world, post=post).run_for(10)
    assert message(world, one).status == "delivered"


def test_a_receiver_that_answers_slowly_gets_on_with_every_pass_and_hears_nothing_twice(world: World) -> None:
    """Three seconds for each of twenty messages; a pass has ten."""
    told: list[str] = []

    def post(message: Message, secrets: object, now: datetime, allow_private: bool) -> Answer:
        world.clock.set(world.clock.now() + 3 * SECOND)
        told.append(message.id)
        return Answer(200)

    ids = put(world, "https://slow.example/", *(f"exe_{each}" for each in range(20)))
    for _ in range(10):
        courier_of(world, post=post).run_for(10)
        # The process ends here: what its threads have not done by now they never do.
        for thread in threading.enumerate():
            if thread.name == "webhooks":
                thread.join(LONG)
        assert statuses(world).count("delivered") == len(set(told))
        world.clock.set(world.clock.now() + LEASE + SECOND)
    assert sorted(told) == sorted(ids)


def test_a_message_that_was_taken_and_not_sent_has_lost_no_attempt(local: World) -> None:
    with Receiver(says(500), says(200)) as receiver:
        _, two, three = put(local, receiver.url, "exe_1", "exe_2", "exe_3")
        deliver(courier_of(local))
        assert [message(local, each).attempts for each in (two, three)] == [0, 0]
        assert [message(local, each).next_try_at for each in (two, three)] == [MONDAY, MONDAY]


# --- two couriers -------------------------------------------------------------------------------------------------


class Held:
    """A receiver without a network: says nothing until it is told what."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.is_told = threading.Event()
        self.may_answer = threading.Event()
        self.answer = Answer(200)

    def post(self, message: Message, secrets: object, now: datetime, allow_private: bool) -> Answer:
        self.told.append(message.id)
        self.is_told.set()
        assert self.may_answer.wait(LONG)
        return self.answer


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.may_answer.set()


def test_while_one_courier_tells_a_message_no_other_does(world: World, held: Held) -> None:
    put(world, "https://a.example/", "exe_1", "exe_1", "exe_2")
    one = courier_of(world, post=held.post)
    one.step()
    assert held.is_told.wait(LONG)
    told: list[tuple[str, datetime]] = []
    other = courier_of(world, world.another_desk(), always(Answer(200), told))
    for now in (MONDAY, MONDAY + MINUTE, MONDAY + LEASE - SECOND):
        world.clock.set(now)
        deliver(other)
    assert told == []
    held.may_answer.set()
    while one.step(LONG):
        pass
    assert statuses(world) == ["delivered"] * 3


def test_what_a_dead_courier_had_taken_is_told_by_another_when_its_lease_is_over(world: World, held: Held) -> None:
    one, two = put(world, "https://a.example/", "exe_1", "exe_1")
    courier_of(world, post=held.post).step()
    assert held.is_told.wait(LONG)
    told: list[tuple[str, datetime]] = []
    world.clock.set(MONDAY + LEASE)
    deliver(courier_of(world, world.another_desk(), always(Answer(200), told)))
    assert [message_id for message_id, _ in told] == [one, two]
    assert statuses(world) == ["delivered"] * 2


@pytest.mark.parametrize("answer", [Answer(500), Answer(410), Answer(None, "it did not answer in time")], ids=str)
def test_what_another_has_delivered_meanwhile_stays_delivered(world: World, held: Held, answer: Answer) -> None:
    """The machine of the first was asleep for longer than its lease."""
    put(world, "https://a.example/", "exe_1")
    late = courier_of(world, post=held.post)
    late.step()
    assert held.is_told.wait(LONG)
    world.clock.set(MONDAY + LEASE + SECOND)
    deliver(courier_of(world, world.another_desk(), always(Answer(200))))
    held.answer = answer
    held.may_answer.set()
    late.step(LONG)
    assert statuses(world) == ["delivered"]


def test_what_another_is_just_telling_is_not_taken_out_of_its_hands_by_a_late_answer(
    world: World, held: Held
) -> None:
    (one,) = put(world, "https://a.example/", "exe_1")
    late = courier_of(world, post=held.post)
    late.step()
    assert held.is_told.wait(LONG)
    world.clock.set(MONDAY + LEASE + SECOND)
    second = Held()
    now_at_it = courier_of(world, world.another_desk(), second.post)
    now_at_it.step()
    assert second.is_told.wait(LONG)
    leased_until = message(world, one).next_try_at
    held.answer = Answer(500)
    held.may_answer.set()
    late.step(LONG)
    assert message(world, one).next_try_at == leased_until
    second.may_answer.set()
    now_at_it.step(LONG)
    assert statuses(world) == ["delivered"]


def test_a_retry_by_hand_in_the_middle_of_a_delivery_tells_nothing_twice_and_counts_right(
    world: World, held: Held
) -> None:
    one, two = put(world, "https://a.example/", "exe_1", "exe_2")
    courier = courier_of(world, post=held.post)
    courier.step()
    assert held.is_told.wait(LONG)
    with world.store.transaction():
        for message_id in (one, two):
            webhooks.retry(world.store, message_id, world.clock.now())
    told: list[tuple[str, datetime]] = []
    deliver(courier_of(world, world.another_desk(), always(Answer(200), told)))
    assert told == [], "its lease lasts"
    held.answer = Answer(500)
    held.may_answer.set()
    courier.step(LONG)
    assert min(message(world, each).attempts for each in (one, two)) >= 0


# --- trouble with the database, and with the secret ---------------------------------------------------------------


def test_a_database_that_another_holds_makes_it_wait_and_loses_nothing(world: World) -> None:
    put(world, "https://a.example/", "exe_1")
    told: list[tuple[str, datetime]] = []
    courier = courier_of(world, post=always(Answer(200), told))
    world.store.execute("pragma busy_timeout = 0")
    with closing(sqlite3.connect(world.store.path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(sqlite3.OperationalError) as caught:
            courier.step()
        assert is_busy(caught.value)
        other.execute("rollback")
    assert told == [], "nothing is sent that is not written down as taken"
    deliver(courier)
    assert (len(told), statuses(world)) == (1, ["delivered"])


def test_a_database_that_another_holds_when_the_answer_comes_is_waited_for(world: World) -> None:
    with closing(sqlite3.connect(world.store.path, isolation_level=None, check_same_thread=False)) as other:

        def post(message: Message, secrets: object, now: datetime, allow_private: bool) -> Answer:
            other.execute("begin immediate")
            threading.Timer(0.2, other.execute, ["rollback"]).start()
            return Answer(200)

        put(world, "https://a.example/", "exe_1")
        deliver(courier_of(world, post=post))
        assert statuses(world) == ["delivered"]


def test_without_a_secret_nothing_is_taken_and_nothing_is_told(world: World) -> None:
    put(world, "https://a.example/", "exe_1")
    told: list[tuple[str, datetime]] = []
    for text in ("sesame", "", " "):
        courier = Courier(world.desk, always(Answer(200), told), lambda text=text: read_secrets(text))  # type: ignore[misc]
        with pytest.raises(Exception, match="secret"):
            courier.step()
    (waiting,) = webhooks.select(world.store, ("pending",), 0)
    assert (told, waiting.attempts, waiting.next_try_at) == ([], 0, MONDAY)


def test_a_bug_in_what_tells_costs_one_attempt_of_one_message(world: World) -> None:
    def post(message: Message, secrets: object, now: datetime, allow_private: bool) -> Answer:
        raise RuntimeError("a bug")

    one, two = put(world, "https://a.example/", "exe_1", "exe_2")
    deliver(courier_of(world, post=post))
    assert [message(world, each).attempts for each in (one, two)] == [1, 0]
    assert message(world, one).last_error == "it could not be sent (RuntimeError)"


# --- where it may be told -----------------------------------------------------------------------------------------


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Names]:
    def make(leads: dict[str, list[list[str]]], doors: dict[str, int] | None = None) -> Names:
        made = Names(leads, doors)
        monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
        monkeypatch.setattr(
            socket.socket, "connect", lambda sock, address: made.connect(sock, address), raising=False
        )
        return made

    return make


PUBLIC, ALSO_PUBLIC = "93.184.216.34", "93.184.216.35"


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fd00:ec2::254"],
        ["fe80::1%eth0"],
        ["64:ff9b::7f00:1"],
        ["0.0.0.0"],  # noqa: S104 - nobody listens there
        [PUBLIC, "127.0.0.1"],
        ["127.0.0.1", PUBLIC],
    ],
    ids=str,
)
def test_a_name_that_leads_inside_is_not_told_unless_that_is_allowed(
    world: World, names: Callable[..., Names], addresses: list[str]
) -> None:
    net = names({"receiver.example": [addresses]})
    (one,) = put(world, "http://receiver.example/", "exe_1")
    deliver(courier_of(world))
    assert net.knocked == []
    assert message(world, one).status == "pending"
    assert "may not be asked" in (message(world, one).last_error or "")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "127.1", "0x7f.0.0.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
def test_no_way_of_writing_this_machine_gets_there_unless_that_is_allowed(world: World, host: str) -> None:
    with Receiver() as receiver:
        (one,) = put(world, f"http://{host}:{receiver.port}/", "exe_1")
        deliver(courier_of(world))
        assert (receiver.connections, message(world, one).status) == (0, "pending")


def test_the_connection_goes_to_an_address_that_was_judged_however_the_name_changes_its_mind(
    world: World, names: Callable[..., Names]
) -> None:
    with Receiver() as inside, Receiver() as outside:
        net = names({"receiver.example": [[PUBLIC], ["127.0.0.1"]]}, {PUBLIC: outside.port})
        put(world, f"http://receiver.example:{inside.port}/", "exe_1")
        deliver(courier_of(world))
        assert net.knocked == [PUBLIC]
        assert (len(inside.heard), len(outside.heard)) == (0, 1)
        assert outside.heard[0].headers["host"] == f"receiver.example:{inside.port}"


def test_a_name_that_leads_inside_later_on_is_not_told_then(world: World, names: Callable[..., Names]) -> None:
    with Receiver(says(500)) as outside:
        net = names({"receiver.example": [[PUBLIC], ["127.0.0.1"]]}, {PUBLIC: outside.port})
        (one,) = put(world, "http://receiver.example/", "exe_1")
        courier = courier_of(world)
        deliver(courier)
        at_next_try(world, one)
        deliver(courier)
        assert net.knocked == [PUBLIC]
        assert message(world, one).attempts == 2


def test_of_a_name_with_two_addresses_the_second_is_tried_when_the_first_takes_nobody(
    world: World, names: Callable[..., Names]
) -> None:
    with Receiver() as receiver:
        names({"receiver.example": [[PUBLIC, ALSO_PUBLIC]]}, {ALSO_PUBLIC: receiver.port})
        put(world, "http://receiver.example/", "exe_1")
        deliver(courier_of(world))
        assert len(receiver.heard) == 1


@pytest.mark.parametrize("allowed", [False, True], ids=["private ones refused", "private ones allowed"])
@pytest.mark.parametrize(
    ("host", "said"),
    [("nowhere.example", "its name cannot be resolved"), ("receiver.example", "it refuses the connection")],
)
def test_the_list_says_what_is_wrong_with_a_receiver(
    world: World, names: Callable[..., Names], host: str, said: str, allowed: bool
) -> None:
    world.set("webhook_allow_private", str(allowed).casefold())
    names({"receiver.example": [[PUBLIC]]})
    (one,) = put(world, f"http://{host}/", "exe_1")
    deliver(courier_of(world))
    assert message(world, one).last_error == said


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(local: World, status: int) -> None:
    with Receiver() as elsewhere, Receiver(says(status, f"Location: {elsewhere.url}/")) as receiver:
        (one,) = put(local, receiver.url, "exe_1")
        deliver(courier_of(local))
        assert elsewhere.connections == 0
        assert (message(local, one).status, message(local, one).last_error) == ("pending", f"HTTP {status}")


def test_neither_a_proxy_nor_a_password_of_the_environment_is_used(
    local: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    netrc = local.store.path.with_name("netrc")
    netrc.write_text("machine 127.0.0.1 login hyp password hush\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Receiver() as receiver, proxy(asked) as between:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, between.url)
            monkeypatch.setenv(name.upper(), between.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        put(local, receiver.url, "exe_1")
        deliver(courier_of(local))
        assert (len(receiver.heard), asked) == (1, [])
        assert "authorization" not in receiver.heard[0].headers


@pytest.mark.parametrize("answer", [drips, drips_its_body, floods], ids=["drips", "drips its body", "floods"])
def test_an_answer_without_end_is_not_read_to_its_end(local: World, answer: Callable[..., None]) -> None:
    """Else each delivery to such a receiver costs a worker a thread, and memory, for ever."""
    with Receiver(answer) as receiver:
        put(local, receiver.url, "exe_1")
        deliver(courier_of(local))
        assert receiver.was_left.wait(5)


def test_a_round_is_shorter_than_its_lease() -> None:
    longest = courier_module.ROUND_SECONDS + Limits(connect=5, read=10, answer=15).answer
    assert timedelta(seconds=longest) < LEASE
