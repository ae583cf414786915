"""Who is a person, what of theirs is shared with others, and what of theirs stays."""

from __future__ import annotations

import pytest

from hyponema_cli.core.errors import Ambiguous, Conflict, NotFound
from hyponema_cli.core.traces import FORGOTTEN
from hyponema_cli.engine import forget, sessions, suppressions
from hyponema_cli.store import journal, schedules, users
from tests.world import World

ANA, BEN = "+34600000001", "+34600000002"


def forgotten(world: World, word: str, *, also_suppressions: bool = False) -> forget.Forgotten:
    """Forget a person as `hyp users forget` does."""
    person = forget.whom(world.store, word)
    return forget.forget(world.desk, person, also_suppressions=also_suppressions, reason=None)


def called(world: World, **fields: object) -> None:
    """Call Ana, or who it says, and let the call end."""
    world.add({"at": "now"}, **fields)
    world.run_until(world.clock.now().replace(minute=(world.clock.now().minute + 2) % 60))


def numbers_in_calls(world: World) -> list[str]:
    return [row[0] for row in world.store.execute("select to_number from calls order by id")]


def test_calls_stay_under_one_number_that_is_nobodys(world: World) -> None:
    called(world)
    called(world)
    forgotten(world, "ana")
    first, second = numbers_in_calls(world)
    assert first == second
    assert first.startswith("+999")
    assert world.statuses() == [("completed", "answered")] * 2


def test_a_former_number_is_forgotten_too(world: World) -> None:
    called(world)
    world.edit_user("ana", phone_number="+34600000009")
    called(world)
    forgotten(world, "ana")
    assert {number[:4] for number in numbers_in_calls(world)} == {"+999"}
    assert ANA not in journal.path_of(world.store.path).read_text()


def test_a_number_that_is_anothers_too_stays_with_them(world: World) -> None:
    called(world)
    world.user("ben", ANA, "Europe/Madrid")
    called(world, user="ben")
    found = forgotten(world, "ana")
    assert found.person.shared == (ANA,)
    first, second = numbers_in_calls(world)
    assert first.startswith("+999")
    assert second == ANA
    text = journal.path_of(world.store.path).read_text()
    assert text.count(ANA) == 1
    assert users.find(world.store, "ben")[0].phone_number == ANA


def test_a_removed_user_of_the_same_number_is_the_same_person(world: World) -> None:
    called(world)
    users.remove(world.store, "ana", world.clock.now())
    world.user("ana-again", ANA, "Europe/Madrid")
    called(world, user="ana-again")
    found = forgotten(world, "ana-again")
    assert set(found.person.user_ids) == {"ana", "ana-again"}
    assert world.store.execute("select distinct name from users").fetchall() == [(FORGOTTEN,)]


def test_a_removed_user_is_found_by_their_id(world: World) -> None:
    called(world)
    users.remove(world.store, "ana", world.clock.now())
    forgotten(world, "ana")
    assert world.store.execute("select name from users").fetchall() == [(FORGOTTEN,)]


def test_a_number_of_no_user_is_forgotten_by_itself(world: World) -> None:
    called(world, to=BEN)
    forgotten(world, BEN)
    assert BEN not in journal.path_of(world.store.path).read_text()
    assert {number[:4] for number in numbers_in_calls(world)} == {"+999"}
    with pytest.raises(NotFound):
        forget.whom(world.store, BEN)


def test_whom_two_users_could_mean_is_asked_back(world: World) -> None:
    world.user("ben", ANA, "Europe/Madrid")
    with pytest.raises(Ambiguous):
        forget.whom(world.store, ANA)
    assert forget.whom(world.store, "ana").user_ids == ("ana",)


def test_live_schedules_are_canceled_whoever_they_name(world: World) -> None:
    by_name = world.add({"weekdays": "1-7", "at": "12:00"})
    by_number = world.add({"weekdays": "1-7", "at": "13:00"}, to=ANA)
    others = world.add({"weekdays": "1-7", "at": "13:00"}, to=BEN)
    found = forgotten(world, "ana")
    assert sorted(found.canceled) == sorted([by_name.id, by_number.id])
    assert [str(world.schedule(each).status) for each in (by_name, by_number, others)] == [
        "canceled",
        "canceled",
        "active",
    ]


def test_a_suppressed_number_stays_suppressed_unless_asked_for(world: World) -> None:
    suppressions.add(world.desk, "ana", reason="Ana asked", lasting=None, created_by="test")
    found = forgotten(world, "ana")
    assert (found.erased.suppressions_kept, found.erased.suppressions_removed) == (1, 0)
    assert world.store.execute("select phone_number, reason from suppressions").fetchall() == [(ANA, None)]
    assert world.store.execute("select count(*) from events where subject_id = ?", (ANA,)).fetchone() == (0,)
    world.user("ben", BEN, "Europe/Madrid")
    suppressions.add(world.desk, "ben", reason="Ben asked", lasting=None, created_by="test")
    forgotten(world, "ben", also_suppressions=True)
    assert world.store.execute("select phone_number from suppressions").fetchall() == [(ANA,)]


def test_the_suppression_can_be_taken_away_later(world: World) -> None:
    suppressions.add(world.desk, "ana", reason=None, lasting=None, created_by="test")
    forgotten(world, "ana")
    forgotten(world, ANA, also_suppressions=True)
    assert world.store.execute("select count(*) from suppressions").fetchone() == (0,)


def test_what_goes_on_or_is_behind_stands_in_the_way(world: World) -> None:
    world.add({"at": "now"})
    world.tick()
    with pytest.raises(Conflict, match="to them is ringing"):
        forgotten(world, "ana")
    world.tick("2026-03-02 08:02")
    journal.append(world.store, [["dial", 99, "call_x"]])
    with pytest.raises(Conflict, match="older than its last dials"):
        forgotten(world, "ana")
    assert users.find(world.store, "ana")


def test_a_schedule_that_is_added_meanwhile_is_not_overlooked(world: World) -> None:
    person = forget.whom(world.store, "ana")
    world.add({"weekdays": "1-7", "at": "12:00"})
    with pytest.raises(Conflict, match="added meanwhile"):
        forget.forget(world.desk, person, also_suppressions=False, reason=None)
    forgotten(world, "ana")


def test_said_again_it_only_writes_the_file_anew(world: World) -> None:
    called(world)
    forgotten(world, "ana")
    trail = world.store.execute("select count(*) from events").fetchone()
    assert forgotten(world, "ana").was_forgotten_before
    assert world.store.execute("select count(*) from events").fetchone() == trail


def test_people_called_like_words_of_hyp_take_none_of_them_along(world: World) -> None:
    called(world)
    for name in ("answered", "user", "gate", "Madrid", "%", "datum"):
        user_id = f"u-{len(name)}-{ord(name[0])}"
        world.user(user_id, f"+3461000000{len(name)}", "Europe/Madrid")
        world.edit_user(user_id, name=name)
        forgotten(world, user_id)
    (shown,) = world.history()
    assert shown.reason == "answered"
    assert {gate["gate"] for gate in shown.gates} >= {"suppressed", "calling_window"}
    assert next(gate for gate in shown.gates if gate["gate"] == "schedule_active")["source"] == "schedule"


def test_sessions_go_and_caps_of_others_stay(world: World) -> None:
    began = sessions.start(world.desk, "ana", channel="Ana", ttl=sessions.DEFAULT_TTL, session_id=None)
    sessions.end(world.desk, began.id)
    world.user("ben", BEN, "Europe/Madrid")
    called(world, user="ben")
    forgotten(world, "ana")
    assert world.store.execute("select count(*) from sessions").fetchone() == (0,)
    assert numbers_in_calls(world) == [BEN]


def test_their_id_is_not_given_to_somebody_else(world: World) -> None:
    forgotten(world, "ana")
    with pytest.raises(Conflict):
        world.user("ana", BEN, None)


def test_another_rule_of_the_same_name_is_left_alone(world: World) -> None:
    world.user("ben", BEN, "Europe/Madrid")
    world.edit_user("ben", name="Ana", context={"sister": "Ana"})
    kept = world.add({"weekdays": "1-7", "at": "12:00"}, user="ben", name="Ana's brother")
    forgotten(world, "ana")
    (ben,) = users.find(world.store, "ben")
    assert (ben.name, ben.context) == ("Ana", {"sister": "Ana"})
    assert schedules.find(world.store, kept.id)[0].name == "Ana's brother"


def test_a_number_that_calls_are_made_from_stays_ours(world: World) -> None:
    called(world)
    world.user("desk", "+34910000001", "Europe/Madrid")
    world.user("gone", BEN, "Europe/Madrid")
    world.edit_user("gone", phone_number="+34910000001")
    users.remove(world.store, "gone", world.clock.now())
    forgotten(world, "desk")
    assert world.store.execute("select phone_number from numbers").fetchall() == [("+34910000001",)]
    assert world.store.execute("select from_number from calls").fetchall() == [("+34910000001",)]
    called(world)
    assert world.dials() == [ANA, ANA]
