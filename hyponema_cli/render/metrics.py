"""How are figures told to Prometheus? In its text exposition format, 0.0.4, with neither names nor phone numbers.

Every sample says whose workspace it is of, so that several may be collected on one machine. Counters count from the
workspace's first day. What happened at an instant is told as that instant: an age would stand still in a file that
nobody writes any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from hyponema_cli import __version__
from hyponema_cli.core.health import RULES, Measures, Reason, Vitals

Sample = tuple[Mapping[str, str], float]


class Family(NamedTuple):
    """One metric: each of its samples has labels of its own."""

    name: str
    kind: Literal["counter", "gauge"]
    about: str
    samples: Sequence[Sample]


def families(workspace: str, vitals: Vitals, found: Sequence[Reason], measures: Measures) -> list[Family]:
    """Return everything that is told, in the order of telling; a metric that has nothing to tell is not there."""
    ours = [
        *_of_health(vitals, found),
        *_of_the_queue(vitals, measures),
        Family("hyp_live", "gauge", "1: real carriers may dial; 0: only the simulated one.", _one(measures.live)),
        Family("hyp_database_size_bytes", "gauge", "Size of the workspace file.", _one(measures.size_bytes)),
        Family("hyp_build_info", "gauge", "The version of hyp that wrote this.", [({"version": __version__}, 1)]),
    ]
    return [
        each._replace(samples=[({"workspace": workspace, **labels}, value) for labels, value in each.samples])
        for each in ours
        if each.samples
    ]


def _of_health(it: Vitals, found: Sequence[Reason]) -> list[Family]:
    codes = {reason.code for reason in found}
    return [
        Family("hyp_healthy", "gauge", "1: as hyp health finds it with its default limits.", _one(not found)),
        Family(
            "hyp_unhealthy_reason",
            "gauge",
            "1: one of the reasons for which hyp health is not content.",
            [({"reason": code}, code in codes) for code in RULES],
        ),
        Family(
            "hyp_heartbeat_timestamp_seconds",
            "gauge",
            "When a pass last went well; absent: never.",
            _at(it.heartbeat_at),
        ),
        Family(
            "hyp_last_execution_timestamp_seconds",
            "gauge",
            "When a call was last made; absent: never.",
            _at(it.last_execution),
        ),
        Family(
            "hyp_oldest_due_age_seconds",
            "gauge",
            "How long the longest due call has waited to be looked at; 0: none waits.",
            _one(it.oldest_due_age.total_seconds() if it.oldest_due_age else 0),
        ),
        Family("hyp_doubts", "gauge", "Calls of which nobody knows whether they were made.", _one(it.doubts)),
        Family("hyp_webhook_backlog", "gauge", "Webhooks that wait for their receivers.", _one(it.webhook_backlog)),
        Family("hyp_webhooks_dead", "gauge", "Webhooks that were given up.", _one(it.webhooks_dead)),
        Family(
            "hyp_failed_executions_today",
            "gauge",
            "Executions that failed, were exhausted or missed since midnight on the workspace's clocks.",
            _one(it.failed_today),
        ),
        Family(
            "hyp_database_behind",
            "gauge",
            "1: the database is older than its last dials; absent: the dial journal cannot be read.",
            _one(it.database_behind) if it.database_behind is not None else [],
        ),
    ]


def _of_the_queue(it: Vitals, measures: Measures) -> list[Family]:
    return [
        Family("hyp_schedules", "gauge", "Schedules, by state.", _each("status", measures.schedules)),
        Family(
            "hyp_open_executions",
            "gauge",
            "Executions that are not over, by state.",
            _each("status", measures.open_executions),
        ),
        Family("hyp_open_calls", "gauge", "Calls that are not over, by state.", _each("status", measures.open_calls)),
        Family("hyp_dials_total", "counter", "Dials that were begun.", _one(measures.dials)),
        Family(
            "hyp_executions_total",
            "counter",
            "Executions that came to their end, by how they ended.",
            _each("status", measures.ended),
        ),
        Family(
            "hyp_carrier_held",
            "gauge",
            "1: the carrier account refused, and is left alone for a while.",
            _each("account", measures.held),
        ),
    ]


def text(metrics: Iterable[Family]) -> str:
    """Write metrics as Prometheus reads them."""
    return "".join(line + "\n" for each in metrics for line in _lines(each))


def _lines(it: Family) -> Iterable[str]:
    yield f"# HELP {it.name} {_escaped(it.about)}"
    yield f"# TYPE {it.name} {it.kind}"
    for labels, value in it.samples:
        written = ",".join(f'{name}="{_quoted(word)}"' for name, word in labels.items())
        yield f"{it.name}{{{written}}} {_number(value)}"


def _escaped(word: str) -> str:
    return word.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(word: str) -> str:
    return _escaped(word.encode("utf-8", "replace").decode()).replace('"', r"\"")


def _number(value: float) -> str:
    """Write a value.

    >>> _number(True), _number(1200), _number(1773000000.25)
    ('1', '1200', '1773000000.25')
    """
    return str(int(value)) if value == int(value) else repr(value)


def _one(value: float) -> list[Sample]:
    return [({}, value)]


def _each(label: str, values: Mapping[str, float]) -> list[Sample]:
    return [({label: word}, value) for word, value in values.items()]


def _at(instant: datetime | None) -> list[Sample]:
    return [] if instant is None else _one(instant.timestamp())
