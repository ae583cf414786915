"""An agent is told the same facts whichever way it is connected, and what is too long is known beforehand."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import VoiceResponse

from hyponema_cli.carriers.instructions import (
    LONGEST_ID,
    MOST_TOLD,
    answer_address,
    facts,
    instructions,
    refuse_too_long,
    stream_document,
)
from hyponema_cli.core.connect import Connection
from hyponema_cli.core.errors import InvalidInput

STREAM = Connection(stream_url="wss://agent.example/session?v=2&x='1'")
ANSWER = Connection(answer_url="https://agent.example/answer?v=2#rc=3")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CONTEXTS = st.dictionaries(st.text(max_size=8), ANYTHING, max_size=5)


def told(context: dict[str, Any]) -> dict[str, str]:
    return facts(
        agent_id="agent-123",
        user_id="user-1",
        schedule_id="sch_1",
        execution_id="exe_1",
        call_id="call_1",
        attempt=2,
        scheduled_time="2026-03-02T08:30:00Z",
        customer_context=context,
    )


def heard_by_stream(document: str) -> dict[str, str]:
    """Read a document as the carrier does, and return the parameters that the stream gets."""
    (stream,) = ElementTree.fromstring(document).iter("Stream")  # noqa: S314 - ours
    return {each.attrib["name"]: each.attrib["value"] for each in stream}


def heard_by_answer(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True))


@given(CONTEXTS)
def test_both_ways_tell_the_same_facts_under_the_same_names(context: dict[str, Any]) -> None:
    said = told(context)
    assert heard_by_stream(instructions(STREAM, said)) == said
    assert {**said, "v": "2"} == heard_by_answer(instructions(ANSWER, said))


@given(CONTEXTS)
def test_the_context_arrives_with_its_types(context: dict[str, Any]) -> None:
    arrived = heard_by_stream(instructions(STREAM, told(context)))["customer_context"]
    assert json.loads(arrived) == context


def test_the_facts_are_named_as_the_guide_names_them() -> None:
    assert told({"name": "Ana", "visits": 3}) == {
        "direction": "outbound",
        "agent_id": "agent-123",
        "user_id": "user-1",
        "schedule_id": "sch_1",
        "execution_id": "exe_1",
        "call_id": "call_1",
        "attempt": "2",
        "scheduled_time": "2026-03-02T08:30:00Z",
        "customer_context": '{"name":"Ana","visits":3}',
    }


@given(CONTEXTS)
def test_the_document_says_what_the_sdks_own_builder_says(context: dict[str, Any]) -> None:
    said, response = told(context), VoiceResponse()
    stream = response.connect().stream(url=STREAM.stream_url)
    for name, value in said.items():
        stream.parameter(name=name, value=value)
    ours, theirs = stream_document(STREAM.stream_url or "", said), str(response)
    assert ElementTree.canonicalize(ours) == ElementTree.canonicalize(theirs)


def test_an_answer_url_keeps_its_query_and_its_fragment() -> None:
    assert answer_address("https://a.example/x?v=2#rc=3", {"k": "ä&b"}) == "https://a.example/x?v=2&k=%C3%A4%26b#rc=3"
    assert answer_address("https://a.example", {"k": "v"}) == "https://a.example?k=v"


@pytest.mark.parametrize("connection", [STREAM, ANSWER], ids=["stream", "answer"])
@pytest.mark.parametrize("letter", ["a", "é", "&", '"', "漢"])
def test_whatever_is_not_refused_fits_with_the_longest_ids(connection: Connection, letter: str) -> None:
    fits = 0
    for length in range(0, MOST_TOLD, 50):
        context = {"text": letter * length}
        try:
            refuse_too_long(connection, "u" * LONGEST_ID, context)
        except InvalidInput as refused:
            assert "4,000" in refused.message
            continue
        fits = length
        longest = facts(
            agent_id="a" * LONGEST_ID,
            user_id="u" * LONGEST_ID,
            schedule_id="sch_01M7ZK7G00EMCK008KRAJYE4DC",
            execution_id="exe_01M7ZK7G00EMCK008KRAJYE4DC",
            call_id="call_01M7ZK7G00EMCK008KRAJYE4DC",
            attempt=1_000_000,
            scheduled_time="2026-03-02T08:30:00Z",
            customer_context=context,
        )
        assert len(instructions(connection, longest)) <= MOST_TOLD
    assert 0 < fits < MOST_TOLD


def test_an_agent_without_a_way_is_judged_as_if_it_had_a_stream() -> None:
    with pytest.raises(InvalidInput):
        refuse_too_long(Connection(), None, {"text": "a" * MOST_TOLD})
    refuse_too_long(Connection(), None, {"text": "a" * 1000})
