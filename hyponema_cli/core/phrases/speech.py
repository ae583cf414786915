"""How is a moment said, and how is a question asked? In the language of the caller, on a 24-hour clock.

What is read back is understood again as the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hyponema_cli.core.phrases.answer import Kind, Moment, moments_at
from hyponema_cli.core.phrases.said import Language

NEAR = timedelta(days=183)
"""A day further off than this is said with its year."""


@dataclass(frozen=True, slots=True)
class Voice:
    """The sentences of a language, with places to fill."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    day: str
    day_with_year: str
    at: str
    at_one: str
    """Spanish says "a la 01:30", and "a las" of every other hour."""
    choice: str
    """A day, or a day and a time, that is offered."""
    turns: tuple[str, str]
    read_back: str
    or_: str
    and_when: str
    """After days to choose from, when no time was said."""
    do_you_mean: str
    which_day: str
    which_day_and_time: str
    which_time: str
    for_example: str
    said: Mapping[Kind, str]
    """What is said before the question; `{what}` is the day or the moment that the words named."""


VOICES: Mapping[Language, Voice] = {
    "en": Voice(
        weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        months=(
            *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
            *("November", "December"),
        ),
        day="{weekday} {day} {month}",
        day_with_year="{weekday} {day} {month} {year}",
        at="at {time}",
        at_one="at {time}",
        choice="{choice}",
        turns=(" for the first time", " for the second time"),
        read_back="{moment} your time, {city}",
        or_=" or ",
        and_when=", and at what time",
        do_you_mean="Do you mean {choices}?",
        which_day="On which day?",
        which_day_and_time="On which day, and at what time?",
        which_time="At what time on {day}?",
        for_example="At what time? For example {choices}?",
        said={
            Kind.IN_A_GAP: "The clocks go forward, and skip {what}.",
            Kind.TWICE: "The clocks go back, and show {what} twice.",
            Kind.PAST: "That time is over.",
            Kind.NO_SUCH_DATE: "There is no such date.",
            Kind.CONTRADICTION: "Those words do not fit together.",
            Kind.TOO_FAR: "That is more than ten years away.",
            Kind.NOT_UNDERSTOOD: "I did not understand when.",
            Kind.TOO_LONG: "That was too long for me.",
        },
    ),
    "es": Voice(
        weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
        months=(
            *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre"),
            *("noviembre", "diciembre"),
        ),
        day="{weekday} {day} de {month}",
        day_with_year="{weekday} {day} de {month} de {year}",
        at="a las {time}",
        at_one="a la {time}",
        choice="el {choice}",
        turns=(" por primera vez", " por segunda vez"),
        read_back="{moment}, hora de {city}",
        or_=" o ",
        and_when=", y a qué hora",
        do_you_mean="¿Quiere decir {choices}?",
        which_day="¿Qué día?",
        which_day_and_time="¿Qué día, y a qué hora?",
        which_time="¿A qué hora, {day}?",
        for_example="¿A qué hora? ¿Por ejemplo, {choices}?",
        said={
            Kind.IN_A_GAP: "Los relojes se adelantan y se saltan {what}.",
            Kind.TWICE: "Los relojes se atrasan y marcan dos veces {what}.",
            Kind.PAST: "Esa hora ya ha pasado.",
            Kind.NO_SUCH_DATE: "Esa fecha no existe.",
            Kind.CONTRADICTION: "Esas palabras no encajan entre sí.",
            Kind.TOO_FAR: "Faltan más de diez años.",
            Kind.NOT_UNDERSTOOD: "No he entendido cuándo.",
            Kind.TOO_LONG: "Ha sido demasiado largo para mí.",
        },
    ),
}


def read_back(moment: Moment, language: Language, *, now: datetime, city: str | None = None) -> str:
    """Say a moment so that its caller can confirm it; the city is that of the zone's name unless it is given.

    >>> from datetime import UTC
    >>> madrid = ZoneInfo("Europe/Madrid")
    >>> moment = Moment(datetime(2026, 11, 26, 9, tzinfo=UTC), datetime(2026, 11, 26, 10), madrid)
    >>> read_back(moment, "en", now=datetime(2026, 11, 25, 14, tzinfo=UTC))
    'Thursday 26 November at 10:00 your time, Madrid'
    >>> read_back(moment, "es", now=datetime(2025, 11, 25, 14, tzinfo=UTC))
    'jueves 26 de noviembre de 2026 a las 10:00, hora de Madrid'
    """
    today = now.astimezone(moment.zone).date()
    said = moment_text(moment, language, today)
    return VOICES[language].read_back.format(moment=said, city=city or city_of(moment.zone))


def city_of(zone: ZoneInfo) -> str:
    """Return the place that a zone is named after.

    >>> city_of(ZoneInfo("America/Argentina/Buenos_Aires"))
    'Buenos Aires'
    """
    return zone.key.rpartition("/")[2].replace("_", " ")


def question(
    kind: Kind,
    language: Language,
    today: date,
    *,
    what: datetime | None = None,
    moments: Sequence[Moment] = (),
    days: Sequence[date] = (),
    has_time: bool = False,
) -> str:
    """Ask what is not clear: to choose one of `moments`, or of `days`, or else for what is missing."""
    voice = VOICES[language]
    said = voice.said.get(kind, "")
    if what is not None:
        named = f"{_day_text(what.date(), language, today)} {_clock_text(what, language)}"
        said = said.format(what=voice.choice.format(choice=named))
    asked = _asked(kind, voice, _offered(moments, language, today), _days_offered(days, language, today), has_time)
    return f"{said} {asked}".strip()


def _asked(kind: Kind, voice: Voice, moments: str, days: str, has_time: bool) -> str:
    """Let the caller choose where there is something to choose from; ask openly where there is not."""
    if kind is Kind.PART_OF_DAY:
        return voice.for_example.format(choices=moments)
    if moments:
        return voice.do_you_mean.format(choices=moments)
    if kind is Kind.NO_TIME and days:
        return voice.which_time.format(day=days)
    if days:
        return voice.do_you_mean.format(choices=days + ("" if has_time else voice.and_when))
    return voice.which_day if has_time else voice.which_day_and_time


def _offered(moments: Sequence[Moment], language: Language, today: date) -> str:
    """Say what there is to choose from; a day that all have in common is said once."""
    voice = VOICES[language]
    if len({moment.wall.date() for moment in moments}) == 1:
        day = voice.choice.format(choice=_day_text(moments[0].wall.date(), language, today))
        return f"{day} {_either([_time_text(moment, language) for moment in moments], voice)}"
    return _either([voice.choice.format(choice=moment_text(moment, language, today)) for moment in moments], voice)


def _days_offered(days: Sequence[date], language: Language, today: date) -> str:
    voice = VOICES[language]
    return _either([voice.choice.format(choice=_day_text(day, language, today)) for day in days], voice)


def _either(choices: Sequence[str], voice: Voice) -> str:
    *others, last = choices or ("",)
    return f"{', '.join(others)}{voice.or_}{last}" if others else last


def moment_text(moment: Moment, language: Language, today: date) -> str:
    """Say a moment without its place."""
    return f"{_day_text(moment.wall.date(), language, today)} {_time_text(moment, language)}"


def _time_text(moment: Moment, language: Language) -> str:
    """Say a time; of one that comes twice, also which of the two it is."""
    is_twice = len(moments_at(moment.wall, moment.zone)) == 2
    return _clock_text(moment.wall, language) + (VOICES[language].turns[moment.fold] if is_twice else "")


def _clock_text(wall: datetime, language: Language) -> str:
    voice = VOICES[language]
    return (voice.at_one if wall.hour == 1 else voice.at).format(time=f"{wall:%H:%M}")


def _day_text(day: date, language: Language, today: date) -> str:
    voice = VOICES[language]
    sentence = voice.day if today <= day <= today + NEAR else voice.day_with_year
    return sentence.format(
        weekday=voice.weekdays[day.weekday()], day=day.day, month=voice.months[day.month - 1], year=day.year
    )
