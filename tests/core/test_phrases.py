"""What moment do a caller's words mean? Every reading written out, every question, and what holds of any words."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core.phrases import Kind, Moment, Unclear, city_of, grammar, read_back, understand
from hyponema_cli.core.phrases.said import Language
from hyponema_cli.core.phrases.words import ENGLISH, SPANISH
from hyponema_cli.core.walltime import Exact, Fold, read, wall_of
from tests.core.helpers import table
from tests.strategies import DAY, ZONE_NAMES, examples, instants, instants_near_clock_changes, zones

MADRID = ZoneInfo("Europe/Madrid")
WEDNESDAY = datetime(2026, 11, 25, 14, tzinfo=UTC)
"""25 November 2026, 15:00 in Madrid."""
MINUTE = timedelta(minutes=1)

# When it is in Madrid, and what is said then. A star is the second time that the clocks show a reading; after a kind
# of question stand the moments that are offered.
SAID_AT = {
    "Wed 2026-11-25 15:00 EN": """
        3.12                                            | not-understood
        tomorrow at 3.12                                | 2026-11-26 15:12 afternoon
        tomorrow 3.12 pm                                | 2026-11-26 15:12
        tomorrow at ٣                                   | not-understood
        ten maybe thirty tomorrow                       | not-understood
        tomorrow ten, thirty                            | not-understood
        the 3rd of next month at 10                     | not-understood
        every Monday at 10                              | not-understood
        in 1.5 hours                                    | not-understood
        at 10 in two days                               | 2026-11-27 10:00 morning
        tomorrow at 10                                  | 2026-11-26 10:00 morning
        tomorrow at ten                                 | 2026-11-26 10:00 morning
        Tomorrow, at 10 o'clock.                        | 2026-11-26 10:00 morning
        10 o'clock tomorrow                             | 2026-11-26 10:00 morning
        tomorrow 10am                                   | 2026-11-26 10:00
        tomorrow at 10 p.m.                             | 2026-11-26 22:00
        tomorrow at 10 in the morning                   | 2026-11-26 10:00
        tomorrow morning at 10                          | 2026-11-26 10:00
        tomorrow at 10 at night                         | 2026-11-26 22:00
        tomorrow evening at 8                           | 2026-11-26 20:00
        tomorrow at 1                                   | 2026-11-26 13:00 afternoon
        tomorrow at 6                                   | 2026-11-26 18:00 evening
        tomorrow at 7                                   | two-readings: 11-26 07:00, 11-26 19:00
        tomorrow at 8:15                                | two-readings: 11-26 08:15, 11-26 20:15
        tomorrow at 07:00                               | 2026-11-26 07:00
        tomorrow at 9                                   | 2026-11-26 09:00 morning
        tomorrow at 12                                  | 2026-11-26 12:00 noon
        tomorrow at 12 pm                               | 2026-11-26 12:00
        tomorrow at noon                                | 2026-11-26 12:00
        tomorrow at midday                              | 2026-11-26 12:00
        tomorrow at 12:30 am                            | 2026-11-26 00:30
        tomorrow at 12 am                               | two-readings: 11-26 00:00, 11-27 00:00
        tomorrow at midnight                            | two-readings: 11-26 00:00, 11-27 00:00
        midnight                                        | two-readings: 11-26 00:00
        midnight tonight                                | two-readings: 11-26 00:00
        tonight at 12                                   | two-readings: 11-26 00:00
        tonight at ten thirty                           | 2026-11-25 22:30
        tonight at 10:30                                | 2026-11-25 22:30
        tonight at 1                                    | 2026-11-26 01:00
        tomorrow night at 1                             | two-readings: 11-26 01:00, 11-27 01:00
        tonight at 3 in the afternoon                   | not-understood
        tomorrow at 12 in the morning                   | two-readings: 11-26 00:00, 11-26 12:00
        tomorrow at 15:00                               | 2026-11-26 15:00
        tomorrow at 3:00                                | 2026-11-26 15:00 afternoon
        tomorrow at 3.30 pm                             | 2026-11-26 15:30
        tomorrow at ten thirty                          | 2026-11-26 10:30 morning
        tomorrow at ten oh five                         | 2026-11-26 10:05 morning
        tomorrow at half past four                      | 2026-11-26 16:30 afternoon
        tomorrow at quarter past four                   | 2026-11-26 16:15 afternoon
        tomorrow at a quarter to one                    | 2026-11-26 12:45 noon
        tomorrow at quarter to 12 pm                    | 2026-11-26 11:45
        tomorrow at twenty-five to five                 | 2026-11-26 16:35 afternoon
        tomorrow at ten to six                          | not-understood
        tomorrow at five minutes to six                 | 2026-11-26 17:55 afternoon
        tomorrow at 9 to 5                              | not-understood
        tomorrow 15 to 17                               | not-understood
        tomorrow at 10 11                               | not-understood
        tomorrow ten thirty                             | 2026-11-26 10:30 morning
        tomorrow ten twenty                             | not-understood
        five twenty-two                                 | not-understood
        tomorrow at 10 05                               | 2026-11-26 10:05 morning
        tomorrow at 10 30                               | 2026-11-26 10:30 morning
        tomorrow 5 in the afternoon                     | 2026-11-26 17:00
        tomorrow, ten at night                          | 2026-11-26 22:00
        tomorrow at half five                           | two-readings: 11-26 16:30, 11-26 17:30
        half ten tomorrow                               | two-readings: 11-26 09:30, 11-26 10:30
        tomorrow at 24:00                               | not-understood
        tomorrow at 10:60                               | not-understood
        tomorrow at 15 am                               | contradiction
        at 10                                           | two-readings: 11-25 22:00, 11-26 10:00
        at 4                                            | 2026-11-25 16:00 afternoon
        at 7                                            | 2026-11-25 19:00 evening
        at 2                                            | past: 11-26 14:00
        at 12                                           | past: 11-26 12:00
        at 10:30                                        | two-readings: 11-25 22:30, 11-26 10:30
        at 16:00                                        | 2026-11-25 16:00
        at 9 am                                         | past: 11-26 09:00
        at 3 pm                                         | past: 11-26 15:00
        today at 10                                     | 2026-11-25 22:00 evening
        today at 2                                      | past: 11-26 14:00
        today at 5                                      | 2026-11-25 17:00 afternoon
        this afternoon at 5                             | 2026-11-25 17:00
        this evening at 7                               | 2026-11-25 19:00
        same time tomorrow                              | 2026-11-26 15:00
        tomorrow at the same time                       | 2026-11-26 15:00
        same time next week                             | 2026-12-02 15:00
        the day after tomorrow at 3 pm                  | 2026-11-27 15:00
        day after tomorrow, 15:30                       | 2026-11-27 15:30
        in two hours                                    | 2026-11-25 17:00
        in 2h                                           | 2026-11-25 17:00
        in an hour                                      | 2026-11-25 16:00
        in half an hour                                 | 2026-11-25 15:30
        in an hour and a half                           | 2026-11-25 16:30
        in two and a half hours                         | 2026-11-25 17:30
        in 90 minutes                                   | 2026-11-25 16:30
        in 2 hours and 15 minutes                       | 2026-11-25 17:15
        in a quarter of an hour                         | 2026-11-25 15:15
        two hours from now                              | 2026-11-25 17:00
        in twelve hours                                 | 2026-11-26 03:00
        in a day                                        | 2026-11-26 15:00 same time
        in two days                                     | 2026-11-27 15:00 same time
        in two days at 10                               | 2026-11-27 10:00 morning
        in a week                                       | 2026-12-02 15:00 same time
        in a fortnight at 9                             | 2026-12-09 09:00 morning
        in a month                                      | 2026-12-25 15:00 same time
        in a month at noon                              | 2026-12-25 12:00
        in a week's time at 11                          | 2026-12-02 11:00 morning
        three weeks from today at 10                    | 2026-12-16 10:00 morning
        friday at 10                                    | 2026-11-27 10:00 morning
        on Friday at ten                                | 2026-11-27 10:00 morning
        Friday at 22:00                                 | 2026-11-27 22:00
        this friday at 10                               | 2026-11-27 10:00 morning
        this coming friday at 10                        | 2026-11-27 10:00 morning
        next friday at 10                               | two-readings: 11-27 10:00, 12-04 10:00
        next friday                                     | two-readings
        next Tuesday at 10                              | 2026-12-01 10:00 morning
        next Tuesday afternoon                          | part-of-day: 12-01 13:00, 12-01 15:00, 12-01 17:00
        next Wednesday at 10                            | 2026-12-02 10:00 morning
        wednesday at 10                                 | two-readings: 11-25 22:00, 12-02 10:00
        wednesday at 16:00                              | two-readings: 11-25 16:00, 12-02 16:00
        this Wednesday at 5                             | two-readings: 11-25 17:00, 12-02 17:00
        Friday this week at 10                          | 2026-11-27 10:00 morning
        Tuesday of this week at 10                      | past: 11-26 10:00
        Tuesday next week at 10                         | 2026-12-01 10:00 morning
        Sunday next week at 10                          | two-readings: 11-29 10:00, 12-06 10:00
        next week on Friday at 9                        | 2026-12-04 09:00 morning
        monday week at 9                                | 2026-12-07 09:00 morning
        a week on Monday at 9                           | 2026-12-07 09:00 morning
        two weeks on Monday at 9                        | 2026-12-14 09:00 morning
        a week from Friday at 11                        | 2026-12-04 11:00 morning
        a week from tomorrow at 10                      | 2026-12-03 10:00 morning
        a week today at 10                              | 2026-12-02 10:00 morning
        Thursday 26 November at 10:00 your time, Madrid | 2026-11-26 10:00 morning
        Thursday 26 November at 10                      | 2026-11-26 10:00 morning
        Thursday 27 November at 10                      | contradiction: 11-26 10:00, 11-27 10:00
        Tuesday the 1st at ten                          | 2026-12-01 10:00 morning
        Tuesday the 2nd at ten                          | contradiction: 12-01 10:00, 12-02 10:00
        on the 3rd at 10                                | 2026-12-03 10:00 morning
        on the 25th at 4pm                              | 2026-11-25 16:00
        on the 25th at 2pm                              | past: 11-26 14:00
        the 24th at 10                                  | 2026-12-24 10:00 morning
        the 31st at 10                                  | no-such-date: 11-30 10:00, 12-31 10:00
        the thirty-first of December at 10              | 2026-12-31 10:00 morning
        3 March at 10                                   | 2027-03-03 10:00 morning
        March 3rd at 4pm                                | 2027-03-03 16:00
        the 3rd of March at 4pm                         | 2027-03-03 16:00
        3rd of March 2027, 10 am                        | 2027-03-03 10:00
        March 3, 2027 at 10:15                          | 2027-03-03 10:15 morning
        20 November at 10                               | past: 11-20 10:00
        25 December at 9                                | 2026-12-25 09:00 morning
        29 February at 10                               | no-such-date: 02-28 10:00, 03-01 10:00
        31 April at 10                                  | no-such-date: 04-30 10:00, 05-01 10:00
        30 February 2027 at 10                          | no-such-date: 02-28 10:00, 03-01 10:00
        03/04 at 10                                     | two-readings: 03-04 10:00, 04-03 10:00
        Saturday 03/04 at 10                            | 2027-04-03 10:00 morning
        25/12 at 10am                                   | 2026-12-25 10:00
        12/25/2026 at 10am                              | 2026-12-25 10:00
        5/5 at 11                                       | 2027-05-05 11:00 morning
        13/13 at 10                                     | no-such-date
        2026-12-01 14:30                                | 2026-12-01 14:30
        2026-12-01T14:30                                | 2026-12-01 14:30
        2026-12-01T14:30:00                             | 2026-12-01 14:30
        2026-12-01T14:30+01:00                          | 2026-12-01 14:30
        2026-12-01T14:30Z                               | 2026-12-01 15:30
        2026-12-01T14:30:30Z                            | not-understood
        2026-11-25T13:59:00Z                            | past: 11-26 14:59
        2026-13-01 10:00                                | no-such-date
        2020-01-01 10:00                                | past: 11-26 10:00
        2126-01-01 10:00                                | too-far
        yesterday at 10                                 | past: 11-26 10:00
        tomorrow                                        | no-time
        tomorrow morning                                | part-of-day: 11-26 09:00, 11-26 10:00, 11-26 11:00
        this morning                                    | past
        in the morning                                  | no-date
        next week                                       | no-date
        next week at 10                                 | no-date
        at the weekend                                  | no-date
        end of the month                                | no-date
        at 10 at the end of the month                   | no-date
        in March                                        | no-date
        later                                           | no-time
        tomorrow first thing                            | no-time
        in a few minutes                                | no-time
        in a couple of hours                            | no-time
        as soon as possible                             | no-time
        um, maybe call me back tomorrow at ten, please  | 2026-11-26 10:00 morning
        Can you call me back tomorrow at 10?            | 2026-11-26 10:00 morning
        tomorrow at 10 my time                          | 2026-11-26 10:00 morning
        tomorrow at 10 Madrid time                      | 2026-11-26 10:00 morning
        tomorrow at 10 London time                      | not-understood
        tomorrow at 10 your time                        | not-understood
        not tomorrow at 10                              | not-understood
        don't call me tomorrow at 10                    | not-understood
        never                                           | not-understood
        tomorrow after 10                               | not-understood
        tomorrow before 10                              | not-understood
        by 10 tomorrow                                  | not-understood
        around 10 tomorrow                              | not-understood
        tomorrow at 10 or 11                            | not-understood
        tomorrow between 10 and 11                      | not-understood
        tomorrow 10-11                                  | not-understood
        any day except tomorrow at 10                   | not-understood
        every day at 10                                 | not-understood
        tomorrow at 10 and Friday at 11                 | not-understood
        tomorrow at 10 at 11                            | not-understood
        tomorrow, I mean Friday, at 10                  | not-understood
        in 3 business days                              | not-understood
        last Tuesday at 10                              | not-understood
        in 9999 weeks                                   | too-far
        in 99999 days                                   | not-understood
        in two hours at 10                              | not-understood
        call me back                                    | not-understood
        2                                               | not-understood
        ten                                             | not-understood
        tomorrow at 10 🙂                                | not-understood
    """,
    "Wed 2026-11-25 15:00 ES": """
        dentro de hora y media                             | 2026-11-25 16:30
        el lunes pasado a las 10                           | not-understood
        mañana viernes a las 10                            | contradiction: 11-26 10:00, 11-27 10:00
        mañana jueves a las 10                             | 2026-11-26 10:00 morning
        los lunes a las 10                                 | not-understood
        ahora                                              | no-time
        mañana a las 10                                    | 2026-11-26 10:00 morning
        Mañana a las diez.                                 | 2026-11-26 10:00 morning
        manana a las diez                                  | 2026-11-26 10:00 morning
        MAÑANA A LAS DIEZ                                  | 2026-11-26 10:00 morning
        mañana por la mañana a las diez                    | 2026-11-26 10:00
        mañana por la mañana                               | part-of-day: 11-26 09:00, 11-26 10:00, 11-26 11:00
        mañana                                             | no-time
        mañana por la noche a las diez                     | 2026-11-26 22:00
        mañana a las diez de la noche                      | 2026-11-26 22:00
        mañana a las diez y media                          | 2026-11-26 10:30 morning
        mañana a las diez y cuarto                         | 2026-11-26 10:15 morning
        mañana a las once menos cuarto                     | 2026-11-26 10:45 morning
        mañana a las diez menos cinco                      | 2026-11-26 09:55 morning
        mañana a las diez y veinticinco                    | 2026-11-26 10:25 morning
        mañana a las diez y treinta y cinco                | 2026-11-26 10:35 morning
        mañana a las diez treinta                          | 2026-11-26 10:30 morning
        lunes 10 10                                        | not-understood
        mañana diez y cinco                                | not-understood
        mañana a las diez y once                           | not-understood
        mañana a las diez y diez                           | 2026-11-26 10:10 morning
        mañana las diez                                    | 2026-11-26 10:00 morning
        mañana, las 5 de la tarde                          | 2026-11-26 17:00
        mañana a las 10:30 h                               | 2026-11-26 10:30 morning
        mañana a las 16h30                                 | 2026-11-26 16:30
        mañana a las 16 horas                              | 2026-11-26 16:00
        mañana a las cuatro de la tarde                    | 2026-11-26 16:00
        mañana a las cuatro                                | 2026-11-26 16:00 afternoon
        mañana a las siete                                 | two-readings: 11-26 07:00, 11-26 19:00
        mañana a las siete de la tarde                     | 2026-11-26 19:00
        mañana a la una                                    | 2026-11-26 13:00 afternoon
        mañana a las nueve en punto                        | 2026-11-26 09:00 morning
        mañana a las doce                                  | 2026-11-26 12:00 noon
        mañana a las doce de la mañana                     | two-readings: 11-26 00:00, 11-26 12:00
        mañana a las 12 del mediodía                       | 2026-11-26 12:00
        mañana al mediodía                                 | part-of-day: 11-26 12:00, 11-26 13:00, 11-26 14:00
        mañana a medianoche                                | two-readings: 11-26 00:00, 11-27 00:00
        mañana a las tres de la madrugada                  | 2026-11-26 03:00
        un cuarto para las diez mañana                     | 2026-11-26 09:45 morning
        pasado mañana a las 9                              | 2026-11-27 09:00 morning
        pasado mañana por la tarde                         | part-of-day: 11-27 16:00, 11-27 17:00, 11-27 18:00
        hoy a las cinco                                    | 2026-11-25 17:00 afternoon
        hoy a las 2                                        | past: 11-26 14:00
        esta tarde a las 5                                 | 2026-11-25 17:00
        esta noche a las diez                              | 2026-11-25 22:00
        esta noche a las doce                              | two-readings: 11-26 00:00
        a las 10                                           | two-readings: 11-25 22:00, 11-26 10:00
        a las 4                                            | 2026-11-25 16:00 afternoon
        a las once                                         | two-readings: 11-25 23:00, 11-26 11:00
        el martes a las diez                               | 2026-12-01 10:00 morning
        este viernes a las 10                              | 2026-11-27 10:00 morning
        el miércoles a las 10                              | two-readings: 11-25 22:00, 12-02 10:00
        el lunes que viene a las 9                         | 2026-11-30 09:00 morning
        el próximo lunes a las 9                           | 2026-11-30 09:00 morning
        el lunes próximo a las 9                           | 2026-11-30 09:00 morning
        el viernes que viene a las 9                       | two-readings: 11-27 09:00, 12-04 09:00
        el próximo viernes a las 9                         | two-readings: 11-27 09:00, 12-04 09:00
        el viernes de la semana que viene a las 9          | 2026-12-04 09:00 morning
        la próxima semana el viernes a las 9               | 2026-12-04 09:00 morning
        el viernes de esta semana a las 10                 | 2026-11-27 10:00 morning
        de este lunes en ocho días a las 9                 | 2026-12-07 09:00 morning
        del lunes en quince a las 9                        | 2026-12-14 09:00 morning
        de hoy en ocho a las 9                             | 2026-12-02 09:00 morning
        en ocho días a las 9                               | two-readings: 12-02 09:00, 12-03 09:00
        en quince días a las 9                             | two-readings: 12-09 09:00, 12-10 09:00
        dentro de diez días a las 9                        | 2026-12-05 09:00 morning
        dentro de una hora y media                         | 2026-11-25 16:30
        dentro de dos horas                                | 2026-11-25 17:00
        en media hora                                      | 2026-11-25 15:30
        en tres cuartos de hora                            | 2026-11-25 15:45
        en un cuarto de hora                               | 2026-11-25 15:15
        en dos horas y veinte minutos                      | 2026-11-25 17:20
        dentro de una semana                               | 2026-12-02 15:00 same time
        en un mes a las 10                                 | 2026-12-25 10:00 morning
        el 3 de marzo a las 16:00                          | 2027-03-03 16:00
        el tres de marzo a las cuatro de la tarde          | 2027-03-03 16:00
        3 de marzo de 2027 a las 10                        | 2027-03-03 10:00 morning
        el primero de diciembre a las 10                   | 2026-12-01 10:00 morning
        el día 3 a las diez                                | 2026-12-03 10:00 morning
        el 31 a las diez                                   | no-such-date: 11-30 10:00, 12-31 10:00
        el martes 1 a las diez                             | 2026-12-01 10:00 morning
        el martes 2 a las diez                             | contradiction: 12-01 10:00, 12-02 10:00
        el martes 1 de diciembre a las 10                  | 2026-12-01 10:00 morning
        jueves 26 de noviembre a las 10:00, hora de Madrid | 2026-11-26 10:00 morning
        el 3/4 a las 10                                    | two-readings: 03-04 10:00, 04-03 10:00
        ayer a las 10                                      | past: 11-26 10:00
        la semana que viene                                | no-date
        el fin de semana                                   | no-date
        a finales de mes                                   | no-date
        luego                                              | no-time
        más tarde                                          | no-time
        mañana temprano                                    | no-time
        en un rato                                         | no-time
        Eh, llámame mañana a las 10, por favor             | 2026-11-26 10:00 morning
        ¿Puedes llamarme mañana a las 10?                  | 2026-11-26 10:00 morning
        no me llames mañana a las 10                       | not-understood
        mañana no, a las 10                                | not-understood
        mañana después de las 10                           | not-understood
        mañana antes de las 10                             | not-understood
        mañana sobre las 10                                | not-understood
        mañana a las 10 o a las 11                         | not-understood
        mañana de 10 a 11                                  | not-understood
        si puedo, mañana a las 10                          | not-understood
        tomorrow a las 10                                  | not-understood
        a la misma hora mañana                             | 2026-11-26 15:00
    """,
    "Thu 2026-11-26 09:00": """
        at 10                | two-readings: 11-26 10:00, 11-26 22:00
        at 10:30             | two-readings: 11-26 10:30, 11-26 22:30
        at 7                 | 2026-11-26 19:00 evening
        at 8                 | 2026-11-26 20:00 evening
        at 12                | 2026-11-26 12:00 noon
        at 3                 | 2026-11-26 15:00 afternoon
        at 9                 | two-readings: 11-26 21:00, 11-27 09:00
        today at 10          | two-readings: 11-26 10:00, 11-26 22:00
        next friday at 10    | two-readings: 11-27 10:00, 12-04 10:00
        Thursday at 8        | two-readings: 11-26 20:00, 12-03 08:00, 12-03 20:00
        Thursday at 11       | two-readings: 11-26 11:00, 12-03 11:00
        a las diez           | two-readings: 11-26 10:00, 11-26 22:00
        a las tres           | 2026-11-26 15:00 afternoon
        esta mañana a las 11 | 2026-11-26 11:00
        this morning         | part-of-day: 11-26 10:00, 11-26 11:00
    """,
    "Mon 2026-11-23 12:00": """
        this Monday at 10    | two-readings: 11-23 22:00, 11-30 10:00
        next Monday at 10    | 2026-11-30 10:00 morning
        Monday week at 10    | two-readings: 11-30 10:00, 12-07 10:00
        Monday at 10         | two-readings: 11-23 22:00, 11-30 10:00
        el lunes a las 13:00 | two-readings: 11-23 13:00, 11-30 13:00
        next Sunday at 10    | two-readings: 11-29 10:00, 12-06 10:00
    """,
    "Sun 2026-11-29 12:00": """
        next Monday at 10       | two-readings: 11-30 10:00, 12-07 10:00
        next Tuesday at 10      | two-readings: 12-01 10:00, 12-08 10:00
        next Sunday at 10       | 2026-12-06 10:00 morning
        Tuesday next week at 10 | two-readings: 12-01 10:00, 12-08 10:00
        tomorrow at 10          | 2026-11-30 10:00 morning
    """,
    "Fri 2026-11-27 00:30": """
        tomorrow at 10               | two-readings: 11-27 10:00, 11-28 10:00
        mañana a las diez            | two-readings: 11-27 10:00, 11-28 10:00
        the day after tomorrow at 10 | two-readings: 11-28 10:00, 11-29 10:00
        today at 10 am               | 2026-11-27 10:00
        tonight at 10                | 2026-11-27 22:00
        midnight                     | two-readings: 11-28 00:00
        in an hour                   | 2026-11-27 01:30
    """,
    "Sat 2026-03-28 12:00": """
        tomorrow at 2:30 am                | in-a-gap: 03-29 01:30, 03-29 03:30
        mañana a las 02:30                 | in-a-gap: 03-29 01:30, 03-29 03:30
        tomorrow at 02:00                  | in-a-gap: 03-29 01:00, 03-29 03:00
        tomorrow at 03:00                  | 2026-03-29 03:00
        in a day                           | 2026-03-29 12:00 same time
        in 24 hours                        | 2026-03-29 13:00
        same time tomorrow                 | 2026-03-29 12:00
        on the 29th at 2:30 in the morning | in-a-gap: 03-29 01:30, 03-29 03:30
    """,
    "Sun 2026-03-29 01:30": """
        in an hour    | 2026-03-29 03:30
        en media hora | 2026-03-29 03:00
    """,
    "Sat 2026-10-24 12:00": """
        tomorrow at 2:30 am                      | twice: 10-25 02:30, 10-25 02:30*
        mañana a las dos y media de la madrugada | twice: 10-25 02:30, 10-25 02:30*
        tomorrow at 2:30 am for the second time  | 2026-10-25 02:30*
        mañana a las 02:30 por primera vez       | 2026-10-25 02:30
        tomorrow at 10 for the second time       | contradiction: 10-25 10:00
        tomorrow at 3 am                         | 2026-10-25 03:00
        in 24 hours                              | 2026-10-25 11:00
        in a day                                 | 2026-10-25 12:00 same time
    """,
    "Sun 2026-10-25 01:30": """
        in one hour  | 2026-10-25 02:30
        in two hours | 2026-10-25 02:30*
        at 2:30 am   | twice: 10-25 02:30, 10-25 02:30*
    """,
    "Sun 2027-01-31 10:00": """
        in a month          | 2027-02-28 10:00 same time
        in a month at 9     | 2027-02-28 09:00 morning
        on the 31st at 11   | two-readings: 01-31 11:00, 01-31 23:00
        on the 31st at 9 am | past: 02-01 09:00
        on the 30th at 9    | no-such-date: 02-28 09:00, 03-30 09:00
        the 1st at 9        | 2027-02-01 09:00 morning
        dentro de un mes    | 2027-02-28 10:00 same time
        29 February at 10   | no-such-date: 02-28 10:00, 03-01 10:00
    """,
    "Thu 2028-02-10 10:00": """
        29 February at 11         | 2028-02-29 11:00 morning
        el 29 de febrero a las 11 | 2028-02-29 11:00 morning
        the 30th at 11            | no-such-date: 02-29 11:00, 03-30 11:00
        in a month at 11          | 2028-03-10 11:00 morning
        in a year at 11           | 2029-02-10 11:00 morning
    """,
    "Tue 2028-02-29 10:00": """
        in a year at 11        | 2029-02-28 11:00 morning
        29 February at 11      | two-readings: 02-29 11:00, 02-29 23:00
        29 February 2029 at 11 | no-such-date: 02-28 11:00, 03-01 11:00
    """,
    "Thu 2026-12-31 20:00": """
        tomorrow at 10       | 2027-01-01 10:00 morning
        1 January at 10      | 2027-01-01 10:00 morning
        31 December at 21:00 | 2026-12-31 21:00
        30 December at 10    | past: 12-30 10:00
        in two days at 10    | 2027-01-02 10:00 morning
        on the 31st at 10 pm | 2026-12-31 22:00
        at 9 pm              | 2026-12-31 21:00
        at 9                 | two-readings: 12-31 21:00, 01-01 09:00
    """,
}


def answer(text: str, now: datetime) -> str:
    """Write what was understood as the table does."""
    match understand(text, MADRID, now):
        case Moment() as moment:
            return " ".join(filter(None, (shown(moment), moment.assumed)))
        case Unclear(kind, _, alternatives):
            return f"{kind}: {', '.join(shown(some)[5:] for some in alternatives)}".removesuffix(": ")


def shown(moment: Moment) -> str:
    return f"{moment.wall:%Y-%m-%d %H:%M}{'*' * moment.fold}"


def said_at() -> list[tuple[str, str, str]]:
    return [(heading[4:20], text, meant) for heading, rows in SAID_AT.items() for text, meant in table(rows)]


@pytest.mark.parametrize(("now", "text", "meant"), said_at())
def test_words_mean_one_moment_or_are_asked_about(now: str, text: str, meant: str) -> None:
    assert answer(text, datetime.fromisoformat(now).replace(tzinfo=MADRID)) == meant


def test_the_table_has_every_kind_of_question() -> None:
    kinds = {meant.partition(":")[0] for _, _, meant in said_at()}
    assert {*Kind} - {Kind.TOO_LONG} <= kinds


def test_the_page_tells_of_every_kind_of_question_and_of_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "words.md").read_text("utf-8")
    told = page.partition("## What is asked")[2]
    assert re.findall(r"^\| `([a-z-]+)` \|", told, re.MULTILINE) == ["kind", *Kind]


# --- what is asked and said back ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "question"),
    table("""
        tomorrow at 7         | Do you mean Thursday 26 November at 07:00 or at 19:00?
        next friday at 10     | Do you mean Friday 27 November at 10:00 or Friday 4 December at 10:00?
        next friday           | Do you mean Friday 27 November or Friday 4 December, and at what time?
        tomorrow              | At what time on Thursday 26 November?
        next Tuesday morning  | At what time? For example Tuesday 1 December at 09:00, at 10:00 or at 11:00?
        next week at 10       | On which day?
        later                 | On which day, and at what time?
        today at 9 am         | That time is over. Do you mean Thursday 26 November at 09:00?
        31 April at 9       | There is no such date. Do you mean Friday 30 April at 09:00 or Saturday 1 May at 09:00?
        not tomorrow          | I did not understand when. On which day, and at what time?
        mañana a las siete    | ¿Quiere decir el jueves 26 de noviembre a las 07:00 o a las 19:00?
        mañana                | ¿A qué hora, el jueves 26 de noviembre?
        de madrugada el lunes | ¿A qué hora? ¿Por ejemplo, el lunes 30 de noviembre a las 05:00 o a las 06:00?
        el viernes que viene  | ¿Quiere decir el viernes 27 de noviembre o el viernes 4 de diciembre, y a qué hora?
        no mañana             | No he entendido cuándo. ¿Qué día, y a qué hora?
    """),
)
def test_a_question_is_asked_in_the_language_of_the_words(text: str, question: str) -> None:
    unclear = understand(text, MADRID, WEDNESDAY)
    assert isinstance(unclear, Unclear)
    assert unclear.question == question


def test_a_time_that_the_clocks_skip_is_asked_about_with_the_same_time_before_and_after_the_change() -> None:
    english, spanish = (
        understand(text, MADRID, WEDNESDAY) for text in ("28 March at 02:30", "28 de marzo a las 02:30")
    )
    assert isinstance(english, Unclear) and isinstance(spanish, Unclear)
    assert english.question == (
        "The clocks go forward, and skip Sunday 28 March at 02:30. Do you mean Sunday 28 March at 01:30 or at 03:30?"
    )
    assert spanish.question == (
        "Los relojes se adelantan y se saltan el domingo 28 de marzo a las 02:30. "
        "¿Quiere decir el domingo 28 de marzo a la 01:30 o a las 03:30?"
    )


def test_of_a_time_that_comes_twice_each_is_offered_by_its_turn() -> None:
    unclear = understand("tomorrow at 02:30", MADRID, datetime(2026, 10, 24, 10, tzinfo=UTC))
    assert isinstance(unclear, Unclear)
    assert unclear.question == (
        "The clocks go back, and show Sunday 25 October at 02:30 twice. "
        "Do you mean Sunday 25 October at 02:30 for the first time or at 02:30 for the second time?"
    )


def test_words_without_a_language_are_asked_about_in_the_callers() -> None:
    unclear = understand("10:30", MADRID, WEDNESDAY, language="es")
    assert isinstance(unclear, Unclear)
    assert unclear.question.startswith("¿Quiere decir el miércoles 25 de noviembre a las 22:30 o el jueves 26")


@pytest.mark.parametrize(
    ("wall", "language", "sentence"),
    table("""
        2026-11-26 10:00 | en | Thursday 26 November at 10:00 your time, Madrid
        2026-11-26 10:00 | es | jueves 26 de noviembre a las 10:00, hora de Madrid
        2026-11-26 01:30 | es | jueves 26 de noviembre a la 01:30, hora de Madrid
        2027-11-26 10:00 | en | Friday 26 November 2027 at 10:00 your time, Madrid
        2027-11-26 22:00 | es | viernes 26 de noviembre de 2027 a las 22:00, hora de Madrid
    """),
)
def test_a_moment_is_read_back_with_its_place_and_the_year_when_it_is_far(
    wall: str, language: Language, sentence: str
) -> None:
    shown_then = datetime.fromisoformat(wall)
    at = shown_then.replace(tzinfo=MADRID).astimezone(UTC)
    assert read_back(Moment(at, shown_then, MADRID), language, now=WEDNESDAY) == sentence


def test_the_city_may_be_named_otherwise() -> None:
    moment = understand("tomorrow at 10", ZoneInfo("America/New_York"), WEDNESDAY)
    assert isinstance(moment, Moment)
    assert read_back(moment, "es", now=WEDNESDAY, city="Nueva York").endswith(", hora de Nueva York")


# --- what holds of any words ----------------------------------------------------------------------------------------

LANGUAGES: tuple[Language, ...] = ("en", "es")
KNOWN = sorted(
    set().union(*map(grammar._vocabulary, LANGUAGES)) | {"10", "3", "30", "2026", "07", ":", "/", ",", "-"}
)
known_words = st.lists(st.sampled_from(KNOWN), max_size=12).map(" ".join)
said_words = st.lists(st.sampled_from([text for _, text, _ in said_at()]), max_size=3).map(" ".join)


@given(text=st.text(max_size=60) | known_words | said_words, zone=zones(), data=st.data())
@examples(600)
def test_any_words_are_answered_and_no_moment_is_over(text: str, zone: ZoneInfo, data: st.DataObject) -> None:
    now = data.draw(instants_near_clock_changes(zone))
    found = understand(text, zone, now)
    moments = [found] if isinstance(found, Moment) else found.alternatives
    for moment in moments:
        assert moment.at >= now
        assert wall_of(moment.at, zone) == moment.wall
        assert moment.at.second == moment.at.microsecond == 0
    if isinstance(found, Unclear):
        assert found.question.endswith("?")


@given(zone=zones(), data=st.data(), language=st.sampled_from(LANGUAGES))
@examples(500)
def test_what_is_read_back_is_understood_as_the_same_moment(
    zone: ZoneInfo, data: st.DataObject, language: Language
) -> None:
    near = data.draw(instants_near_clock_changes(zone)).replace(second=0)
    now = near - data.draw(st.integers(1, 500 * 24 * 60)) * MINUTE
    fold = near.astimezone(zone).fold
    moment = Moment(near, wall_of(near, zone), zone, fold)
    assert understand(read_back(moment, language, now=now), zone, now) == moment


def test_every_zones_city_is_understood_when_it_is_read_back() -> None:
    for zone, language in product(map(ZoneInfo, ZONE_NAMES), LANGUAGES):
        moment = understand("in two days at 10:00", zone, WEDNESDAY)
        assert isinstance(moment, Moment)
        assert understand(read_back(moment, language, now=WEDNESDAY), zone, WEDNESDAY) == moment, city_of(zone)


def full_date(day: date, language: Language) -> list[str]:
    """Write a date in full, in several ways, without the code that is tried."""
    if language == "en":
        return [f"{day.day} {day:%B} {day.year}", f"{day:%B} {day.day}, {day.year}", f"{day:%Y-%m-%d}"]
    months = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
    return [f"el {day.day} de {months.split()[day.month - 1]} de {day.year}", f"{day:%Y-%m-%d}"]


def full_time(wall: datetime, language: Language) -> list[str]:
    """Write a time that leaves no choice."""
    padded = f"{wall:%H:%M}" if not 10 <= wall.hour <= 12 else f"{wall:%I:%M %p}"
    if language == "en":
        return [f"at {padded}", f"at {wall.hour % 12 or 12}:{wall:%M} {wall:%p}"]
    return [f"a las {padded}", f"a las {wall.hour % 12 or 12}:{wall:%M} {wall:%p}"]


@given(zone=zones(), data=st.data(), language=st.sampled_from(LANGUAGES))
@examples(400)
def test_a_date_and_a_time_in_full_mean_what_the_clocks_show_then(
    zone: ZoneInfo, data: st.DataObject, language: Language
) -> None:
    near = data.draw(instants_near_clock_changes(zone)).replace(second=0)
    wall = wall_of(near, zone) + data.draw(st.integers(-90, 90)) * MINUTE
    now = near - data.draw(st.integers(1, 60)) * DAY
    written = [full_date(wall.date(), language), full_time(wall, language)]
    text = " ".join(data.draw(st.permutations([data.draw(st.sampled_from(ways)) for ways in written])))
    found = understand(text, zone, now)
    if wall.hour == wall.minute == 0 and "12:00 AM" in text:
        assert isinstance(found, Unclear) and found.kind is Kind.TWO_READINGS
        return
    match read(wall, zone):
        case Exact(at):
            assert found == Moment(at, wall, zone)
        case Fold(first, second):
            assert isinstance(found, Unclear) and found.kind is Kind.TWICE
            assert [moment.at for moment in found.alternatives] == [first, second]
        case _:
            assert isinstance(found, Unclear) and found.kind is Kind.IN_A_GAP


@given(zone=zones(), data=st.data(), minutes=st.integers(1, 3000))
@examples(300)
def test_a_delay_is_real_time_whatever_the_clocks_do(zone: ZoneInfo, data: st.DataObject, minutes: int) -> None:
    now = data.draw(instants_near_clock_changes(zone))
    for text in (f"in {minutes} minutes", f"dentro de {minutes} minutos"):
        found = understand(text, zone, now)
        assert isinstance(found, Moment)
        assert timedelta(0) <= found.at - now - minutes * MINUTE < MINUTE


@given(now=instants(), days=st.integers(1, 60), data=st.data())
@examples(300)
def test_counted_days_keep_the_time_on_the_clock(now: datetime, days: int, data: st.DataObject) -> None:
    now = now.replace(second=0)
    wall = wall_of(now, MADRID) + days * DAY
    match read(wall, MADRID):
        case Exact(at):
            assert understand(f"in {days} days", MADRID, now) == Moment(at, wall, MADRID)
        case _:
            assert isinstance(understand(f"in {days} days", MADRID, now), Unclear)


UNKNOWN = ("not", "except", "until", "or", "no", "salvo", "antes", "nunca", "zzz")


@pytest.mark.parametrize(("now", "text", "meant"), [row for row in said_at() if row[2][0].isdigit()])
def test_a_word_that_is_not_known_is_never_left_out(now: str, text: str, meant: str) -> None:
    """Wherever it stands: "not", "except" and "after" turn the meaning of all the others."""
    at = datetime.fromisoformat(now).replace(tzinfo=MADRID)
    words = text.split()
    for place, word in product(range(len(words) + 1), UNKNOWN):
        found = understand(" ".join([*words[:place], word, *words[place:]]), MADRID, at)
        assert isinstance(found, Unclear), (word, place)


@pytest.mark.parametrize(("now", "text", "meant"), said_at())
def test_case_accents_and_spaces_do_not_matter(now: str, text: str, meant: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=MADRID)
    apart = unicodedata.normalize("NFD", text)
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    spaced = "  " + text.replace(" ", " \t\n ") + " "
    for written in (text.upper(), text.title(), apart, bare, spaced):
        assert answer(written, at) == meant


@pytest.mark.parametrize(
    "hostile",
    [
        *("a ", "1 ", "at 10 30 ", "the 3 march ", "twenty-", "10:", "an hour and a half ", "de la ", "half past "),
        *(",", "\u0301", "º", "٣ ", "a.m.", "el martes "),
    ],
)
def test_the_work_is_bounded_by_the_length(hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = 0
    fit = grammar._fit

    def counted(elements: tuple[grammar.Element, ...], heard: grammar.Heard, place: int) -> object:
        nonlocal tried
        tried += 1
        return fit(elements, heard, place)

    monkeypatch.setattr(grammar, "_fit", counted)
    understand((hostile * 200)[:200], MADRID, WEDNESDAY)
    assert tried < 100 * 700  # at most a hundred words, and for each every phrase a few times


def test_a_long_text_is_not_even_looked_at() -> None:
    unclear = understand("tomorrow at 10 " * 1_000_000, MADRID, WEDNESDAY)
    assert isinstance(unclear, Unclear) and unclear.kind is Kind.TOO_LONG


# --- the tables of words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lexicon", [ENGLISH, SPANISH])
def test_every_phrase_is_built_of_words_slots_and_tables_that_exist(lexicon: grammar.Lexicon) -> None:
    for phrases in lexicon.tables.values():
        for phrase, _ in phrases:
            for element in grammar._elements(phrase):
                assert set(element.slots) <= {*grammar.SLOTS, *lexicon.tables}, phrase
                assert all(word == word.casefold() and word.isascii() for word in element.words), phrase


def test_every_phrase_makes_items_of_what_it_holds() -> None:
    """One sentence for each phrase, with something that fits in every slot; a phrase that fits nowhere is a typo."""
    both = (
        "NUM=20 OVER12=20 DIGITS=3 DIGIT=5 HOUR=10 HOUR12=10 HH=10 MM=30 MINUTE=30 MINUTES=20 QUARTER=30"
        " NUM59=20 DAYNUM=3 YEAR=2027 AMPM=am CITY=madrid"
    )
    own: dict[Language, str] = {
        "en": "ORD=3_rd W=monday MONTH=march PART=morning COUNT=2 SPAN=2_days DUR=2_hours",
        "es": "ORD=primero W=lunes MONTH=marzo PART=noche SPAN=2_dias DUR=2_horas AT=a_las IN=dentro_de"
        " NEXTWEEK=la_proxima_semana YEAROF=de_2027",
    }
    for language in LANGUAGES:
        words = dict(word.split("=") for word in f"{both} {own[language]}".split())
        for phrase, _ in grammar.LEXICONS[language].tables["ITEM"]:
            for kept in (True, False):
                places = [place for place in phrase.split() if kept or not place.endswith("?")]
                said = [place.removesuffix("?").split("|")[0] for place in places]
                tokens = [token for word in said for token in words.get(word, word).split("_")]
                assert grammar.items_of(tokens, language, "Madrid") is not None, (phrase, tokens)
