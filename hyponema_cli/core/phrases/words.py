"""Which words are known? The tables of both languages: numbers, names, and the phrases that they make.

A phrase is written as it is said. `word?` may be left out, `one|other` is a choice, and capitals are a slot: one of
`grammar.SLOTS` (NUM, HOUR, MM, …), or another table of the same language (DUR). What the phrase means stands beside
it, made of what its slots held (None where an optional slot was left out). Words are small and without accents. What
stands in no table is not understood, so a word that is left out here makes hyp ask, and never makes it guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hyponema_cli.core.phrases.said import (
    Ahead,
    CalendarDay,
    Clock,
    DayOfMonth,
    Delay,
    Half,
    Item,
    Part,
    Place,
    SameTime,
    Turn,
    VagueDay,
    VagueTime,
    Weekday,
    Which,
)

Meaning = Callable[..., Any]
"""Makes a value of what the slots of a phrase held; for the table ITEM that is a tuple of items."""
Phrases = tuple[tuple[str, Meaning], ...]


@dataclass(frozen=True)
class Lexicon:
    """The words of a language. Numbers, weekdays and months are by name; `courtesy` says nothing about the time."""

    numbers: Mapping[str, int]
    tens: Mapping[str, int]
    joins_tens: str
    """What stands between "treinta" and "cinco"; English writes a hyphen, or nothing."""
    ordinals: Mapping[str, int]
    ordinal_suffixes: frozenset[str]
    weekdays: Mapping[str, int]
    months: Mapping[str, int]
    courtesy: tuple[str, ...]
    tables: Mapping[str, Phrases]


def _numbered(names: str, start: int = 1) -> dict[str, int]:
    """Number names in turn; those between bars are the same."""
    return {name: number for number, same in enumerate(names.split(), start) for name in same.split("|")}


def _always(*items: Item) -> Meaning:
    return lambda *_: items


def _weekday(which: Which) -> Meaning:
    return lambda number: (Weekday(number, which),)


def _weeks_after(number: int, weeks: int = 1) -> tuple[Item, ...]:
    return (Weekday(number, Which.WEEKS_AFTER, weeks),)


def _shift(span: Ahead) -> tuple[Item, ...]:
    return (span,)


def _date(day: int, month: int, year: int | None = None) -> tuple[Item, ...]:
    return (CalendarDay(((month, day),), year),)


def _numeric_date(first: int, second: int, year: int | None = None) -> tuple[Item, ...]:
    """03/04 is the 3rd of April and the 4th of March; 25/12 is only one of them."""
    return (CalendarDay(tuple(dict.fromkeys(((second, first), (first, second)))), year),)


def _clock(hour: tuple[int, Half], minute: int | None = None, half: Half = None) -> tuple[Item, ...]:
    """The half of the day that is said after the hour goes before the one that the hour is written in."""
    face = (hour[0], minute or 0)
    return (_MIDNIGHT if (face, half) == ((12, 0), "am") else Clock((face,), half or hour[1]),)


def _before(minutes: int, hour: tuple[int, Half], half: Half = None) -> tuple[Item, ...]:
    """Ten to six is 5:50; a quarter to one is 12:45."""
    number, shown_half = hour
    if number == 0:
        return (Clock(()),)  # of which day?
    if half is not None and number == 12:
        half = "pm" if half == "am" else "am"  # a quarter to twelve, a.m., is before midnight: 11:45 p.m.
    shown = number - 1 if shown_half == "24h" else (number - 2) % 12 + 1
    return _clock((shown, shown_half), 60 - minutes, half)


def _half(hour: tuple[int, Half], half: Half = None) -> tuple[Item, ...]:
    """ "Half five" is 5:30 in Britain, and 4:30 to those who think in German or Dutch."""
    (later,) = _clock(hour, 30, half)
    (earlier,) = _before(30, hour, half)
    assert isinstance(later, Clock) and isinstance(earlier, Clock)
    return (Clock(later.faces + earlier.faces, later.half),)


def _minutes(hours: float = 0, minutes: int = 0) -> timedelta:
    return timedelta(hours=hours, minutes=minutes)


_NOON = Clock(((12, 0),), "24h")
_MIDNIGHT = Clock(((0, 0),), "24h", is_midnight=True)
_TOMORROW = Ahead((1,), follows_sleep=True)
_AFTER_TOMORROW = Ahead((2,), follows_sleep=True)
_NEXT_WEEK_SAME_TIME = (Ahead((7,)), SameTime())

ENGLISH = Lexicon(
    numbers=_numbered(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
        " seventeen eighteen nineteen",
        0,
    ),
    tens={"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50},
    joins_tens="-",
    ordinals=_numbered(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
        " fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
    )
    | {"thirtieth": 30},
    ordinal_suffixes=frozenset({"st", "nd", "rd", "th"}),
    weekdays=_numbered(
        "monday|mon tuesday|tue|tues wednesday|wed thursday|thu|thur|thurs friday|fri saturday|sat sunday|sun"
    ),
    months=_numbered(
        "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sep|sept october|oct"
        " november|nov december|dec"
    ),
    courtesy=(
        *("um", "uh", "er", "erm", "hm", "hmm", "ah", "ok", "okay", "well", "so", "yes", "yeah", "yep", "sure"),
        *("hi", "hello", "hey", "thanks", "thank you", "please", "maybe", "perhaps", "i think", "i guess"),
        *("let's say", "how about", "what about", "i'd like", "i would like", "i'd prefer", "would be great"),
        *("can you", "could you", "would you", "will you", "call me back", "call me", "call back", "ring me back"),
        *(
            "ring me",
            "phone me",
            "give me a call",
            "give me a ring",
            "a call",
            "a callback",
            "is fine",
            "works for me",
        ),
    ),
    tables={
        "ITEM": (
            # Days.
            ("for? today", _always(Ahead())),
            ("for? tomorrow", _always(_TOMORROW)),
            ("for? the? day after tomorrow", _always(_AFTER_TOMORROW)),
            ("yesterday", _always(Ahead((-1,)))),
            ("for|on? W", _weekday(Which.BARE)),
            ("for|on? this W", _weekday(Which.BARE)),
            ("for|on? the|this? coming W", _weekday(Which.COMING)),
            ("for|on? next W", _weekday(Which.NEXT)),
            ("for|on? W next week", _weekday(Which.OF_NEXT_WEEK)),
            ("next week on? W", _weekday(Which.OF_NEXT_WEEK)),
            ("for|on? W of? this week", _weekday(Which.OF_THIS_WEEK)),
            ("on? W week", _weeks_after),
            ("a week on|from W", _weeks_after),
            ("NUM weeks on|from W", lambda weeks, number: _weeks_after(number, weeks)),
            ("a week today", _always(Ahead((7,)))),
            ("a week from today", _always(Ahead((7,)))),
            ("today week", _always(Ahead((7,)))),
            ("a week tomorrow", _always(Ahead((8,), follows_sleep=True))),
            ("a week from tomorrow", _always(Ahead((8,), follows_sleep=True))),
            ("tomorrow week", _always(Ahead((8,), follows_sleep=True))),
            ("in SPAN time?", _shift),
            ("SPAN from now|today", _shift),
            ("same time next week", _always(*_NEXT_WEEK_SAME_TIME)),
            ("for|on? the? ORD of? MONTH ,? YEAR?", _date),
            ("for|on? DAYNUM of? MONTH ,? YEAR?", _date),
            ("for|on? MONTH the? ORD ,? YEAR?", lambda month, day, year: _date(day, month, year)),
            ("for|on? MONTH DAYNUM ,? YEAR?", lambda month, day, year: _date(day, month, year)),
            ("for|on? the ORD", lambda day: (DayOfMonth(day),)),
            ("for|on? W the? ORD", lambda number, day: (Weekday(number), DayOfMonth(day))),
            ("on? DIGITS / DIGITS", _numeric_date),
            ("on? DIGITS / DIGITS / YEAR", _numeric_date),
            ("on? YEAR - MM - MM t?", lambda year, month, day: _date(day, month, year)),
            # Times.
            ("at HOUR", _clock),
            ("at? HOUR o'clock AMPM?", lambda hour, half: _clock(hour, 0, half)),
            ("at? HOUR AMPM", lambda hour, half: _clock(hour, 0, half)),
            ("at? HH|HOUR : MM AMPM?", _clock),
            ("at HH|HOUR . MM AMPM?", _clock),  # "3.12" alone may be a date
            ("HH|HOUR . MM AMPM", _clock),
            ("at? HH|HOUR : MM : 00", _clock),
            ("at HOUR MINUTE AMPM?", _clock),
            ("HOUR MINUTE AMPM", _clock),
            ("HOUR QUARTER", _clock),  # "ten thirty tomorrow"; other pairs of numbers may be anything
            ("at? HOUR oh|o DIGIT AMPM?", _clock),
            ("HOUR in the PART", lambda hour, part: (*_clock(hour), part)),
            ("HOUR at night", lambda hour: (*_clock(hour), Part.NIGHT)),
            ("at? half past HOUR AMPM?", lambda hour, half: _clock(hour, 30, half)),
            ("at? a? quarter past|after HOUR AMPM?", lambda hour, half: _clock(hour, 15, half)),
            ("at? a? quarter to|before|of HOUR AMPM?", lambda hour, half: _before(15, hour, half)),
            ("at? NUM59 minutes? past HOUR AMPM?", lambda minute, hour, half: _clock(hour, minute, half)),
            ("at? NUM59 minutes to HOUR12 AMPM?", _before),
            ("at? OVER12 to HOUR12 AMPM?", _before),  # "ten to eleven" may also be an hour in which to call
            ("at? half HOUR AMPM?", _half),
            ("at? noon|midday", _always(_NOON)),
            ("at? 12|twelve noon", _always(_NOON)),
            ("at? midnight", _always(_MIDNIGHT)),
            ("at? 12|twelve midnight", _always(_MIDNIGHT)),
            ("at? the? same time", _always(SameTime())),
            ("in DUR time?", lambda length: (Delay(length),)),
            ("DUR from now", lambda length: (Delay(length),)),
            ("for the first time", _always(Turn(0))),
            ("for the second time", _always(Turn(1))),
            # Parts of the day.
            ("in? the? PART", lambda part: (part,)),
            ("at night", _always(Part.NIGHT)),
            ("this PART", lambda part: (Ahead(), part)),
            ("tonight", _always(Ahead(), Part.NIGHT)),
            # What leaves something open.
            ("next|this week", _always(VagueDay())),
            ("next month", _always(VagueDay())),
            ("at|on|for|over? the|this|next? weekend", _always(VagueDay())),
            ("at|by? the? end of the|this|next? week|month", _always(VagueDay())),
            ("in|next|this MONTH", lambda month: (VagueDay(),)),
            ("later|soon|now|early|late", _always(VagueTime())),
            ("right now", _always(VagueTime())),
            ("as soon as possible", _always(VagueTime())),
            ("in a bit|while|moment|minute|sec|second", _always(VagueTime())),
            ("in a? few|couple of? minutes|hours", _always(VagueTime())),
            ("in a few days|weeks", _always(VagueDay())),
            ("first thing", _always(VagueTime())),
            ("at? the? end of the day", _always(VagueTime())),
            # Whose clocks.
            ("your time ,? CITY", _always(Place())),
            ("CITY time", _always(Place())),
            ("my time", _always(Place())),
        ),
        "PART": (
            ("morning", lambda: Part.MORNING),
            ("afternoon", lambda: Part.AFTERNOON),
            ("evening", lambda: Part.EVENING),
            ("night", lambda: Part.NIGHT),
        ),
        "COUNT": (
            ("NUM", lambda number: number),
            ("a|an", lambda: 1),
        ),
        "SPAN": (
            ("COUNT day|days", lambda count: Ahead((count,), keeps_time=True)),
            ("COUNT week|weeks|week's", lambda count: Ahead((7 * count,), keeps_time=True)),
            ("COUNT fortnight|fortnights", lambda count: Ahead((14 * count,), keeps_time=True)),
            ("COUNT month|months", lambda count: Ahead(months=count, keeps_time=True)),
            ("COUNT year|years", lambda count: Ahead(months=12 * count, keeps_time=True)),
        ),
        "DUR": (
            ("COUNT hour|hours|hr|hrs|h", _minutes),
            ("NUM minute|minutes|min|mins", lambda count: _minutes(0, count)),
            ("COUNT hour|hours|hr|hrs|h and? NUM minute|minutes|min|mins", _minutes),
            ("half an hour", lambda: _minutes(0, 30)),
            ("a half hour", lambda: _minutes(0, 30)),
            ("COUNT hour|hours and a half", lambda count: _minutes(count, 30)),
            ("NUM and a half hours", lambda count: _minutes(count, 30)),
            ("COUNT hour|hours and a quarter", lambda count: _minutes(count, 15)),
            ("a quarter of an hour", lambda: _minutes(0, 15)),
            ("three quarters of an hour", lambda: _minutes(0, 45)),
        ),
    },
)

_EN_OCHO = {8: (7, 8), 15: (14, 15)}
"""Eight days are a week in much of the Spanish-speaking world, and fifteen a fortnight: today is counted too."""

SPANISH = Lexicon(
    numbers=_numbered(
        "cero un|uno|una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis"
        " diecisiete dieciocho diecinueve veinte veintiuno|veintiun|veintiuna veintidos veintitres veinticuatro"
        " veinticinco veintiseis veintisiete veintiocho veintinueve",
        0,
    ),
    tens={"treinta": 30, "cuarenta": 40, "cincuenta": 50},
    joins_tens="y",
    ordinals={"primero": 1},
    ordinal_suffixes=frozenset({"º", "°", "o"}),
    weekdays=_numbered("lunes martes miercoles jueves viernes sabado domingo"),
    months=_numbered(
        "enero febrero marzo abril mayo junio julio agosto septiembre|setiembre octubre noviembre diciembre"
    ),
    courtesy=(
        *("eh", "em", "pues", "bueno", "vale", "venga", "claro", "ok", "okay", "de acuerdo", "hola"),
        *("gracias", "por favor", "quizas", "quiza", "tal vez", "a lo mejor", "mejor", "creo que", "digamos"),
        *("me gustaria", "llamame", "me llamas", "me puedes llamar", "puedes llamarme", "podrias llamarme"),
        *("me podrias llamar", "puede llamarme", "podria llamarme", "me puede llamar", "me podria llamar"),
        *("quiero que me llames", "que me llames", "que me llame", "una llamada"),
    ),
    tables={
        "ITEM": (
            # Days.
            ("para? hoy", _always(Ahead())),
            ("para? manana", _always(_TOMORROW)),
            ("para? pasado manana", _always(_AFTER_TOMORROW)),
            ("ayer", _always(Ahead((-1,)))),
            ("para? el|este? W", _weekday(Which.BARE)),
            ("para? el|este? proximo W", _weekday(Which.NEXT)),
            ("para? el|este? W proximo", _weekday(Which.NEXT)),
            ("para? el|este? W que viene|entra", _weekday(Which.NEXT)),
            ("para? el? W de NEXTWEEK", lambda number, _: (Weekday(number, Which.OF_NEXT_WEEK),)),
            ("NEXTWEEK ,? el? W", lambda _, number: (Weekday(number, Which.OF_NEXT_WEEK),)),
            ("para? el? W de esta semana", _weekday(Which.OF_THIS_WEEK)),
            ("del|de el|este? W en ocho dias?", _weeks_after),
            ("del|de el|este? W en quince dias?", lambda number: _weeks_after(number, 2)),
            ("de? hoy en ocho dias?", _always(Ahead((7,)))),
            ("de? hoy en quince dias?", _always(Ahead((14,)))),
            ("de? manana en ocho dias?", _always(Ahead((8,), follows_sleep=True))),
            ("IN SPAN", lambda _, span: (span,)),
            ("para? el? dia? DAYNUM|ORD de? MONTH YEAROF?", _date),
            ("para? el dia? DAYNUM|ORD", lambda day: (DayOfMonth(day),)),
            ("para? el|este? W dia? DAYNUM", lambda number, day: (Weekday(number), DayOfMonth(day))),
            ("el? DIGITS / DIGITS", _numeric_date),
            ("el? DIGITS / DIGITS / YEAR", _numeric_date),
            ("el? YEAR - MM - MM t?", lambda year, month, day: _date(day, month, year)),
            # Times.
            ("AT HOUR AMPM?", lambda _, hour, half: _clock(hour, 0, half)),
            ("AT? HOUR en punto", lambda _, hour: _clock(hour)),
            ("AT? HOUR AMPM", lambda _, hour, half: _clock(hour, 0, half)),
            ("AT HH|HOUR . MM h|horas? AMPM?", lambda _, hour, minute, half: _clock(hour, minute, half)),
            ("AT? HH|HOUR :|h MM h|horas? AMPM?", lambda _, hour, minute, half: _clock(hour, minute, half)),
            ("AT? HH|HOUR : MM : 00", lambda _, hour, minute: _clock(hour, minute)),
            ("AT HOUR h|hs|horas", lambda _, hour: _clock((hour[0], "24h"))),
            ("AT HOUR MINUTE AMPM?", lambda _, hour, minute, half: _clock(hour, minute, half)),
            ("AT? HOUR y media AMPM?", lambda _, hour, half: _clock(hour, 30, half)),
            ("AT? HOUR y cuarto AMPM?", lambda _, hour, half: _clock(hour, 15, half)),
            ("AT HOUR y MINUTES AMPM?", lambda _, hour, minute, half: _clock(hour, minute, half)),
            ("AT? HOUR menos cuarto AMPM?", lambda _, hour, half: _before(15, hour, half)),
            ("AT HOUR menos NUM59 AMPM?", lambda _, hour, minute, half: _before(minute, hour, half)),
            ("a? un? cuarto para la|las HOUR AMPM?", lambda hour, half: _before(15, hour, half)),
            ("a? NUM59 para la|las HOUR AMPM?", _before),
            ("a? medianoche", _always(_MIDNIGHT)),
            ("a la medianoche", _always(_MIDNIGHT)),
            ("a la misma hora", _always(SameTime())),
            ("IN DUR", lambda _, length: (Delay(length),)),
            ("por primera vez", _always(Turn(0))),
            ("por segunda vez", _always(Turn(1))),
            # Parts of the day.
            ("por|de|en|a la PART", lambda part: (part,)),
            ("al|a|del mediodia", _always(Part.MEDIODIA)),
            ("de madrugada", _always(Part.MADRUGADA)),
            ("esta PART", lambda part: (Ahead(), part)),
            # What leaves something open.
            ("NEXTWEEK", lambda _: (VagueDay(),)),
            ("esta semana", _always(VagueDay())),
            ("el mes que viene", _always(VagueDay())),
            ("el proximo mes", _always(VagueDay())),
            ("para|en? el|este? proximo? fin de semana", _always(VagueDay())),
            ("a|para? el|al? fin|final|finales de mes|semana", _always(VagueDay())),
            ("en MONTH", lambda month: (VagueDay(),)),
            ("luego|pronto|ahora|temprano|tarde", _always(VagueTime())),
            ("ahora mismo", _always(VagueTime())),
            ("mas tarde", _always(VagueTime())),
            ("cuanto antes", _always(VagueTime())),
            ("en un rato|momento|ratito|minuto", _always(VagueTime())),
            ("en unos|unas minutos|horas", _always(VagueTime())),
            ("en unos|unas dias|semanas", _always(VagueDay())),
            ("a primera|ultima hora", _always(VagueTime())),
            # Whose clocks.
            ("hora de CITY", _always(Place())),
            ("hora mia", _always(Place())),
        ),
        "AT": (("a? la|las", lambda: None),),
        "IN": (
            ("en", lambda: None),
            ("dentro de", lambda: None),
            ("de aqui a", lambda: None),
        ),
        "NEXTWEEK": (
            ("la semana que viene|entra", lambda: None),
            ("la proxima semana", lambda: None),
            ("la semana proxima", lambda: None),
        ),
        "YEAROF": (("de|del YEAR", lambda year: year),),
        "PART": (
            ("manana", lambda: Part.MANANA),
            ("tarde", lambda: Part.TARDE),
            ("noche", lambda: Part.NOCHE),
            ("madrugada", lambda: Part.MADRUGADA),
        ),
        "SPAN": (
            ("NUM dia|dias", lambda count: Ahead(_EN_OCHO.get(count, (count,)), keeps_time=True)),
            ("NUM semana|semanas", lambda count: Ahead((7 * count,), keeps_time=True)),
            ("NUM mes|meses", lambda count: Ahead(months=count, keeps_time=True)),
            ("NUM ano|anos", lambda count: Ahead(months=12 * count, keeps_time=True)),
        ),
        "DUR": (
            ("NUM hora|horas|h", _minutes),
            ("NUM minuto|minutos|min", lambda count: _minutes(0, count)),
            ("NUM hora|horas|h y? NUM minuto|minutos|min", _minutes),
            ("NUM hora|horas y media", lambda count: _minutes(count, 30)),
            ("NUM hora|horas y un? cuarto", lambda count: _minutes(count, 15)),
            ("hora y media", lambda: _minutes(1, 30)),
            ("media hora", lambda: _minutes(0, 30)),
            ("un? cuarto de hora", lambda: _minutes(0, 15)),
            ("tres cuartos de hora", lambda: _minutes(0, 45)),
        ),
    },
)
