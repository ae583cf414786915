"""What did the words say? A text's tokens become items, every token in one of them, or nothing is understood.

The phrases stand in `words.py`. At each place the longest phrase that fits is tried first. A phrase calls other
tables but never its own, and repeats nothing, so the steps that a text takes are bounded by its length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from hyponema_cli.core.phrases.said import Half, Item, Language
from hyponema_cli.core.phrases.tokens import BREAK, merge_breaks, tokens_of
from hyponema_cli.core.phrases.words import ENGLISH, SPANISH, Lexicon

LEXICONS: Mapping[Language, Lexicon] = {"en": ENGLISH, "es": SPANISH}


@dataclass(frozen=True, slots=True)
class Heard:
    """The tokens of a text without its courtesies, and what only the moment of the call tells: the caller's city."""

    tokens: tuple[str, ...]
    lexicon: Lexicon
    city: tuple[str, ...]

    def token(self, at: int) -> str:
        """Return the token at a place; nothing after the end."""
        return self.tokens[at] if at < len(self.tokens) else ""


Found = tuple[int, Any]
"""Where a slot or a phrase ends, and what it held."""
Slot = Callable[[Heard, int], Iterator[Found]]


def language_of(tokens: Sequence[str], otherwise: Language) -> Language:
    """Return the language that knows more of the tokens; `otherwise` when none knows more, as of 10:30."""
    known = {language: sum(token in _vocabulary(language) for token in tokens) for language in LEXICONS}
    if known["en"] == known["es"]:
        return otherwise
    return "en" if known["en"] > known["es"] else "es"


def items_of(tokens: Sequence[str], language: Language, city: str) -> tuple[Item, ...] | None:
    """Return what the words say, in their order; None when a word remains that was not understood."""
    heard = Heard(_without_courtesy(tuple(tokens), language), LEXICONS[language], tokens_of(city))
    return _cover(heard)


def _cover(heard: Heard) -> tuple[Item, ...] | None:
    """Fill all places with phrases, from the last to the first: what follows a place is then known already."""
    end = len(heard.tokens)
    following: dict[int, tuple[Item, ...] | None] = {end: ()}
    for place in range(end - 1, -1, -1):
        if heard.token(place) == BREAK:
            following[place] = following[place + 1]
            continue
        following[place] = None
        for stop, items in sorted(_match("ITEM", heard, place), key=lambda found: -found[0]):
            rest = following[stop]
            if rest is not None:
                following[place] = items + rest
                break
    return following[0]


def _match(name: str, heard: Heard, place: int) -> Iterator[Found]:
    """Yield every way in which a slot or a table fits at a place."""
    if name in SLOTS:
        yield from SLOTS[name](heard, place)
        return
    for phrase, meaning in heard.lexicon.tables[name]:
        for stop, held in _fit(_elements(phrase), heard, place):
            yield stop, meaning(*held)


def _fit(elements: tuple[Element, ...], heard: Heard, place: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield every way in which the elements of a phrase fit one after the other."""
    if not elements:
        yield place, ()
        return
    first, others = elements[0], elements[1:]
    for stop, held in first.find(heard, place):
        for end, more in _fit(others, heard, stop):
            yield end, held + more
    if first.is_optional:
        nothing: tuple[Any, ...] = (None,) if first.slots else ()
        for end, more in _fit(others, heard, place):
            yield end, nothing + more


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a phrase: words to choose from, or slots to choose from."""

    words: frozenset[str]
    slots: tuple[str, ...]
    is_optional: bool

    def find(self, heard: Heard, place: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yield where the element ends, and what its slot held."""
        if heard.token(place) in self.words:
            yield place + 1, ()
        for slot in self.slots:
            for stop, value in _match(slot, heard, place):
                yield stop, (value,)


@cache
def _elements(phrase: str) -> tuple[Element, ...]:
    return tuple(map(_element, phrase.split()))


def _element(text: str) -> Element:
    choices = text.removesuffix("?").split("|")
    slots = tuple(choice for choice in choices if choice.isupper() and choice.isalnum())
    return Element(frozenset(choices) - set(slots), slots, text.endswith("?"))


# --- slots: numbers and names ---------------------------------------------------------------------------------------


def _digits(heard: Heard, place: int) -> Iterator[tuple[int, int]]:
    token = heard.token(place)
    # Longer numbers are no part of a time; more than 4,300 digits Python would not even read.
    if token.isascii() and token.isdecimal() and len(token) <= 4:
        yield place + 1, int(token)


def _spoken(heard: Heard, place: int) -> Iterator[tuple[int, int]]:
    """A number in words, up to fifty-nine; the longer reading first."""
    lexicon, token = heard.lexicon, heard.token(place)
    if token in lexicon.tens:
        joined = heard.token(place + 1) == lexicon.joins_tens
        if joined or lexicon is ENGLISH:
            unit = lexicon.numbers.get(heard.token(place + 1 + joined), 0)
            if 1 <= unit <= 9:
                yield place + 2 + joined, lexicon.tens[token] + unit
        yield place + 1, lexicon.tens[token]
    elif token in lexicon.numbers:
        yield place + 1, lexicon.numbers[token]


def _number(heard: Heard, place: int) -> Iterator[tuple[int, int]]:
    yield from _digits(heard, place)
    yield from _spoken(heard, place)


def _between(low: int, high: int, numbers: Callable[[Heard, int], Iterator[tuple[int, int]]]) -> Slot:
    return lambda heard, place: (found for found in numbers(heard, place) if low <= found[1] <= high)


def _hour(heard: Heard, place: int) -> Iterator[tuple[int, tuple[int, Half]]]:
    """An hour, and whether only a 24-hour clock shows it so: 0, 13 to 23, and 07."""
    for stop, number in _number(heard, place):
        if number <= 23:
            is_24h = number == 0 or number > 12 or heard.token(place).startswith("0")
            yield stop, (number, "24h" if is_24h else None)


def _twelve_hour(heard: Heard, place: int) -> Iterator[tuple[int, tuple[int, Half]]]:
    yield from (found for found in _hour(heard, place) if found[1][1] is None)


def _written_hour(heard: Heard, place: int) -> Iterator[tuple[int, tuple[int, Half]]]:
    """The hour of 10:30, in two digits."""
    if len(heard.token(place)) == 2:
        yield from ((stop, (number, half or "written")) for stop, (number, half) in _hour(heard, place))


def _two_digits(heard: Heard, place: int) -> Iterator[tuple[int, int]]:
    if len(heard.token(place)) == 2:
        yield from _between(0, 59, _digits)(heard, place)


def _minute(heard: Heard, place: int) -> Iterator[tuple[int, int]]:
    """The minutes in "ten thirty"; but "at ten, eleven" are two hours."""
    is_padded = len(heard.token(place)) == 2 and heard.token(place).startswith("0")
    yield from (found for found in _number(heard, place) if is_padded or found[1] == 10 or 13 <= found[1] <= 59)


def _minutes(heard: Heard, place: int) -> Iterator[tuple[int, int]]:
    """The minutes in "diez y cinco"; but "a las diez y once" may be two hours."""
    yield from (found for found in _number(heard, place) if found[1] in (5, 10) or 13 <= found[1] <= 59)


def _quarter(heard: Heard, place: int) -> Iterator[tuple[int, int]]:
    yield from (found for found in _number(heard, place) if found[1] in (15, 30, 45))


def _ordinal(heard: Heard, place: int) -> Iterator[tuple[int, int]]:
    """3rd, third, twenty-first."""
    lexicon, token = heard.lexicon, heard.token(place)
    if token.isdecimal() and heard.token(place + 1) in lexicon.ordinal_suffixes:
        yield from ((stop + 1, number) for stop, number in _between(1, 31, _digits)(heard, place))
    if token in lexicon.ordinals:
        yield place + 1, lexicon.ordinals[token]
    if token in lexicon.tens:
        joined = heard.token(place + 1) == lexicon.joins_tens
        day = lexicon.tens[token] + lexicon.ordinals.get(heard.token(place + 1 + joined), 99)
        if day <= 31 and day % 10:
            yield place + 2 + joined, day


def _city(heard: Heard, place: int) -> Iterator[tuple[int, None]]:
    stop = place + len(heard.city)
    if heard.city and heard.tokens[place:stop] == heard.city:
        yield stop, None


def _name(names: Callable[[Lexicon], Mapping[str, Any]]) -> Slot:
    def find(heard: Heard, place: int) -> Iterator[Found]:
        token = heard.token(place)
        if token in names(heard.lexicon):
            yield place + 1, names(heard.lexicon)[token]

    return find


SLOTS: Mapping[str, Slot] = {
    "NUM": _number,
    "NUM59": _between(1, 59, _number),
    "OVER12": _between(13, 59, _number),
    "DIGITS": _between(1, 31, _digits),
    "DIGIT": _between(1, 9, _number),
    "HOUR": _hour,
    "HH": _written_hour,
    "MM": _two_digits,
    "HOUR12": _twelve_hour,
    "MINUTE": _minute,
    "MINUTES": _minutes,
    "QUARTER": _quarter,
    "DAYNUM": _between(1, 31, _number),
    "YEAR": _between(1900, 9899, _digits),
    "ORD": _ordinal,
    "W": _name(lambda lexicon: lexicon.weekdays),
    "MONTH": _name(lambda lexicon: lexicon.months),
    "AMPM": _name(lambda _: {"am": "am", "pm": "pm"}),
    "CITY": _city,
}


# --- the vocabulary, derived from the tables ------------------------------------------------------------------------


@lru_cache
def _courtesies(language: Language) -> tuple[tuple[str, ...], ...]:
    """The courtesies of a language as tokens, the longest first."""
    return tuple(sorted(map(tokens_of, LEXICONS[language].courtesy), key=len, reverse=True))


def _without_courtesy(tokens: tuple[str, ...], language: Language) -> tuple[str, ...]:
    """Put a break where a courtesy stood: what it kept apart stays apart."""
    kept: list[str] = []
    place = 0
    while place < len(tokens):
        courtesy = next((some for some in _courtesies(language) if tokens[place : place + len(some)] == some), None)
        kept.append(tokens[place] if courtesy is None else BREAK)
        place += 1 if courtesy is None else len(courtesy)
    return merge_breaks(kept)


@lru_cache
def _vocabulary(language: Language) -> frozenset[str]:
    lexicon = LEXICONS[language]
    phrases = (phrase for table in lexicon.tables.values() for phrase, _ in table)
    literal = {
        word for phrase in phrases for element in _elements(phrase) for word in element.words if word.isalpha()
    }
    named = (lexicon.numbers, lexicon.tens, lexicon.ordinals, lexicon.weekdays, lexicon.months)
    courtesy = {token for some in _courtesies(language) for token in some}
    return frozenset(literal.union(*named, courtesy, lexicon.ordinal_suffixes))
