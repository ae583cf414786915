"""Days of webhooks, each other than the last; and faults planted into the couriers, each of which a check must find.

`HYP_MAIL_DAYS` says how many seeds are played, `HYP_FIRST_SEED` from which one on.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pytest

from hyponema_cli.engine import courier, outbox
from hyponema_cli.engine.desk import Desk
from hyponema_cli.ids import NewId
from hyponema_cli.store import Store, webhooks
from hyponema_cli.store.webhooks import Message
from tests.simulation import mail_checks
from tests.simulation.mail import play
from tests.simulation.mail_checks import Check, complaints
from tests.simulation.network import Weather

FIRST_SEED = int(os.environ.get("HYP_FIRST_SEED", "1"))
DAYS = int(os.environ.get("HYP_MAIL_DAYS", "16"))
MOST_SEEDS = 20
ROUGH = Weather(requests=0.2, fetches=0.1, finds=0.1, deaths=0.2, disturbances=0.4)


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + DAYS))
def test_after_a_day_of_deaths_and_outages_every_message_was_told_in_order(seed: int) -> None:
    found = complaints(play(seed))
    if found:
        pytest.fail("\n".join(f"{each.check}: {each.sentence}" for each in found[:20]), pytrace=False)


def test_a_seed_tells_the_same_story_every_time() -> None:
    one, other = (
        [(each.tick, each.message.id, each.mood, each.claim, each.recorded) for each in play(FIRST_SEED).tellings]
        for _ in range(2)
    )
    assert one == other


def is_found(check: Check) -> bool:
    """True when a check complains of one of the first days."""
    return any(
        each.check == check.__name__ for seed in range(1, MOST_SEEDS + 1) for each in complaints(play(seed, ROUGH))
    )


def test_a_claim_that_does_not_heed_the_order_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_FIRST_IN_LINE", "1")
    assert is_found(mail_checks.nothing_is_passed_while_an_earlier_one_waits)
    assert is_found(mail_checks.an_executions_messages_come_in_order)


def test_dead_messages_that_hold_up_the_later_ones_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    in_line = webhooks._FIRST_IN_LINE.replace("= 'pending'", "<> 'delivered'")
    monkeypatch.setattr(webhooks, "_FIRST_IN_LINE", in_line)
    assert is_found(mail_checks.nothing_is_left_pending)


def test_a_claim_that_lasts_for_no_time_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "LEASE", timedelta(0))
    assert is_found(mail_checks.no_message_is_claimed_by_two)


def test_a_message_that_is_put_back_and_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def drop(store: Store, message: Message, next_try_at: datetime) -> None:
        store.execute("delete from webhooks where seq = ?", (message.seq,))

    monkeypatch.setattr(webhooks, "give_back", drop)
    assert is_found(mail_checks.every_change_is_in_the_outbox_once)


def test_a_message_that_is_tried_for_ever_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier.webhook, "next_try", lambda attempts, now, *_: now + timedelta(minutes=5))
    assert is_found(mail_checks.nothing_is_told_for_ever)


def test_a_message_that_is_given_up_after_an_hour_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    next_try = courier.webhook.next_try
    monkeypatch.setattr(
        courier.webhook, "next_try", lambda attempts, *rest: None if attempts > 4 else next_try(attempts, *rest)
    )
    assert is_found(mail_checks.only_what_was_refused_for_a_day_or_for_good_is_dead)


def test_an_answer_that_was_lost_and_is_taken_for_a_yes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier.Answer, "is_taken", property(lambda it: it.status is None or it.status < 300))
    assert is_found(mail_checks.what_is_delivered_was_taken)


def test_a_message_that_is_written_after_its_change_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies in between has told nobody."""
    tell, insist = Desk.tell, Store._insist
    owed: dict[int, list[Any]] = {}

    def later(desk: Desk, *what: Any) -> None:
        owed.setdefault(id(desk.store), []).append((desk, what))

    def then(store: Store, statement: str, patience: int) -> None:
        if statement == "begin immediate":
            owed.pop(id(store), None)
        insist(store, statement, patience)
        if statement == "commit":
            for desk, what in owed.pop(id(store), []):
                tell(desk, *what)

    monkeypatch.setattr(Desk, "tell", later)
    monkeypatch.setattr(Store, "_insist", then)
    assert is_found(mail_checks.every_change_is_in_the_outbox_once)


def test_a_message_that_is_written_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    tell = outbox.tell

    def twice(store: Store, told: str, execution: str, call: str | None, now: datetime, new_id: NewId) -> str | None:
        tell(store, told, execution, call, now, new_id)
        return tell(store, told, execution, call, now, new_id)

    monkeypatch.setattr(outbox, "tell", twice)
    assert is_found(mail_checks.every_execution_that_ended_says_so_once)


def test_a_message_that_gets_a_new_id_each_time_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = webhooks.claim

    def renamed(store: Store, now: datetime, leave: Collection[str], limit: int, until: datetime) -> list[Message]:
        return [each._replace(id=f"{each.id}-{each.attempts}") for each in claim(store, now, leave, limit, until)]

    monkeypatch.setattr(webhooks, "claim", renamed)
    assert is_found(mail_checks.a_message_is_the_same_each_time)
