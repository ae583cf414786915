"""Is this a phone number, and how is it shown?"""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core import phone
from tests.core.helpers import refusal, table
from tests.strategies import examples


@pytest.mark.parametrize(
    ("text", "number"),
    table("""
        +34600000001        | +34600000001
        +34 600 000 001     | +34600000001
        +1 (212) 555-0100   | +12125550100
        +1.212.555.0100     | +12125550100
        +1234567890         | +1234567890
        +12                 | +12
        +123456789012345    | +123456789012345
    """),
)
def test_a_plus_and_up_to_fifteen_digits_are_a_number_whatever_stands_between_them(text: str, number: str) -> None:
    assert phone.parse(text) == number
    assert phone.parse(number) == number


def test_space_around_a_number_is_let_go() -> None:
    assert phone.parse(" +34600000001\n") == "+34600000001"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "+1",
        "+0600000001",
        "+1234567890123456",
        "++34600000001",
        "+34600000001x",
        "+34600000001;ext=5",
        "+34 600/000/001",
        "tel:+34600000001",
        "+34\u0660\u0661\u0662\u0663\u0664",  # Arabic digits
        "+\uff13\uff14600000001",  # full-width digits
        "\uff0b34600000001",  # full-width plus
        "+34600\u200b000001",  # a space that cannot be seen
        "+1-800-FLOWERS",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    assert "is not in E.164 form; hint: E.164 form: + country code and number" in refusal(phone.parse, text)


@pytest.mark.parametrize("text", ["0034600000001", "00 34 600-000-001"])
def test_the_prefix_of_an_international_call_is_offered_as_a_plus_and_never_taken_for_one(text: str) -> None:
    assert "did you mean +34600000001?" in refusal(phone.parse, text)


@pytest.mark.parametrize("text", ["600000001", "34600000001", "(212) 555-0100"])
def test_the_country_of_a_number_without_a_plus_is_not_guessed(text: str) -> None:
    assert "did you mean" not in refusal(phone.parse, text)


@pytest.mark.parametrize(
    ("number", "impossible"),
    [
        ("+34600000001", False),
        ("+12125550100", False),
        ("+1234567890", True),  # the sample number of one of the guides
        ("+12", True),
        ("+3460000000100", True),
        ("+999600000001", True),
    ],
)
def test_a_length_that_no_numbering_plan_has_looks_impossible(number: str, impossible: bool) -> None:
    assert phone.looks_impossible(number) is impossible


def reads_as_impossible(number: str) -> bool:
    """Ask the library about the whole number."""
    try:
        return not phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return True


CODES = st.sampled_from(sorted(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))) | st.from_regex(
    r"\A[1-9]\d{0,2}\Z"
)
INLAND = st.sampled_from(["", "0", "1", "8", "9", "00", "01", "06", "15", "0415", "044", "80", "90", "1201"])
"""What is dialled in front inside some country or other, which a whole number of it may lose or keep."""


@examples(2000)
@given(CODES.map(str), INLAND, st.text("0123456789", max_size=14))
def test_what_looks_impossible_is_what_reads_as_impossible(code: str, prefix: str, rest: str) -> None:
    number = "+" + (code + prefix + rest)[:15]
    if phone.is_plain(number):
        assert phone.looks_impossible(number) == reads_as_impossible(number)


def test_a_masked_number_keeps_its_country_and_its_end() -> None:
    assert phone.masked("+34600000001") == "+346…001"
