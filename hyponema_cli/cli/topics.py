"""What holds for all commands? The pages of `hyp help TOPIC`, which are also sections of the manual."""

from __future__ import annotations

from collections.abc import Sequence

from hyponema_cli.cli.exits import MEANINGS
from hyponema_cli.render.page import Block, Lines, Paragraph, Terms

ENVIRONMENT = {
    "HYP_DB": "The workspace file. --db and --workspace win over it.",
    "HYP_WORKSPACE": "The name of the workspace, where neither an option nor HYP_DB names a file.",
    "HYP_AGENT": "Who talks, where hyp schedules add or hyp tools call says no --agent.",
    "HYP_USER": "Who is called, where hyp schedules add says neither --user nor --to.",
    "HYP_SESSION": "In which conversation, where hyp tools call says no --session.",
    "HYP_TZ": "On whose clocks times are shown to people, as in Europe/Madrid. It never changes when a call is made.",
    "HYP_NO_INPUT": "Set to anything: never ask; a command that would have to ask refuses.",
    "HYP_DEBUG": "Set to anything: show the traceback of a bug, or of a carrier plugin's fault.",
    "HYP_LOG_LEVEL": "The least that hyp run-worker logs: debug, info or warning. [default: info]",
    "HYP_LOG_FORMAT": "How hyp run-worker logs: text, json or journal. --log-format wins over it.",
    "HYP_WEBHOOK_SECRET": "What webhooks are signed with; two, separated by a blank, both sign.",
    "HYP_WEBHOOK_SECRET_FILE": "A file that holds it. Without either: see hyp help files.",
    "HYP_SIMULATED_SEED": "Any word; it draws the outcomes of the simulated carrier.",
    "HYP_EXEC_PROGRAM": "The program that the carrier exec runs; HYP_EXEC_PBX_PROGRAM is that of exec:pbx. "
    "It gets the whole environment.",
    "HYP_TWILIO_BASE_URL": "Another server than Twilio's; then no other host is contacted.",
    "TWILIO_ACCOUNT_SID": "The Twilio account; TWILIO_EU_ACCOUNT_SID is that of twilio:eu, and so on for all these.",
    "TWILIO_AUTH_TOKEN": "Its token. Better, because it can be revoked, is a key:",
    "TWILIO_API_KEY": "the key's SID, and",
    "TWILIO_API_SECRET": "its secret. Each of these four can be a file: TWILIO_AUTH_TOKEN_FILE=/run/secrets/token.",
    "TWILIO_REGION": "Twilio's region, and",
    "TWILIO_EDGE": "its edge.",
    "CREDENTIALS_DIRECTORY": "Set by systemd. Credentials are looked for in it by the names above, in small letters: "
    "twilio_auth_token, hyp_webhook_secret.",
    "NOTIFY_SOCKET": "Set by systemd: hyp run-worker says there that it is ready and that it lives.",
    "XDG_DATA_HOME": "The folder above that of the named workspaces. [default: ~/.local/share]",
    "HOME": "Where ~ is. Empty or relative, it is no home: then --db or HYP_DB is needed.",
    "XDG_CONFIG_HOME": "The folder above that of your systemd units. [default: ~/.config]",
    "HTTPS_PROXY": "A proxy for requests to Twilio and to heartbeat addresses, as are HTTP_PROXY and NO_PROXY. "
    "Webhooks use none.",
    "NO_COLOR": "Set to anything: no colour.",
    "TERM": "dumb: no colour, and no live view in hyp run-worker.",
    "COLUMNS": "The width to write for, where it is not the window's.",
    "PAGER": "What hyp man shows a page with: man reads it, and MANPAGER.",
    "SQLITE_TMPDIR": "Where hyp db vacuum has room for its work, else TMPDIR, /var/tmp, /usr/tmp and /tmp.",
    "PATH": "Where hyp setup finds crontab, hyp doctor other programs called hyp, and hyp man finds man.",
}
"""Every variable that the code reads: a test looks for others."""

FILES = {
    "~/.local/share/hyp/default.db": "The workspace, where no option and no variable says otherwise.",
    "~/.local/share/hyp/NAME.db": "The workspace of --workspace NAME.",
    "WORKSPACE.dialled": "The dial journal: what was dialled last. It keeps people from being called a second time "
    "when an older copy of the workspace is put back. Leave it out of backups, and leave it in its place.",
    "WORKSPACE.dialled.old": "The journal of a workspace that was there before under that name.",
    "WORKSPACE.heartbeat": "Its date is that of the last good pass.",
    "WORKSPACE.webhook-secret": "What webhooks are signed with, where the environment does not say. Keep it like a "
    "password.",
    "WORKSPACE.simulated": "The memory of the simulated carrier.",
    "WORKSPACE.before-N": "A copy from before a newer hyp brought the workspace up to schema N.",
    "WORKSPACE-journal, -wal, -shm": "SQLite's own. They belong to the workspace: never delete them.",
}


def _exit_codes() -> Sequence[Block]:
    rows = [(str(int(code)), meaning) for code, meaning in MEANINGS.items()]
    return [
        Terms(rows),
        Paragraph("New codes may be added: take every other one for a failure."),
        Paragraph(
            "With --json, what went wrong is a JSON object on standard error: "
            '{"error": {"kind", "code", "message", "hint"}}.'
        ),
    ]


def _environment() -> Sequence[Block]:
    return [
        Terms(list(ENVIRONMENT.items())),
        Paragraph(
            "An option wins over a variable, and a variable over a setting or default. Cron and systemd have "
            "environments of their own: see hyp setup cron --help. hyp doctor looks for variables that are misspelt."
        ),
    ]


def _files() -> Sequence[Block]:
    return [
        Terms(list(FILES.items())),
        Paragraph(
            "A workspace is one SQLite file. hyp init makes it, and hyp demo --keep; no other command does. It holds "
            "names and phone numbers, and is made for its owner only. hyp db path names it; hyp db backup copies it "
            "while it is in use."
        ),
    ]


def _formatting() -> Sequence[Block]:
    return [
        Paragraph("Standard output is data. Messages, questions, progress and errors go to standard error."),
        Terms(
            [
                ("to a terminal", "Lists are tables in local time; long text is cut, ids are not."),
                ("to a pipe", "Lists are tab-separated values without a header, whole, with instants in UTC."),
                (
                    "--json",
                    "A list is an array, [] when it is empty; one thing is an object. Keys may be added; none "
                    "is removed or changes its type.",
                ),
                ("--jsonl", "Like --json, an object a line."),
                ("--ids", "Only the ids, a line each: hyp schedules list --ids | xargs hyp schedules pause."),
                ("--fields A,B", "Only these fields, named as in JSON; in a table, in a pipe and in JSON."),
                ("--limit N", "Lists show 50 rows, and say on standard error when there are more; 0 is all."),
                ("creating", "Prints the new id and nothing else: id=$(hyp schedules add ...)."),
            ]
        ),
        Paragraph(
            "In JSON, instants are UTC as in 2026-03-01T09:00:00Z, and durations are numbers of seconds whose names "
            "end in _seconds. Characters that could move a cursor or reverse text are written out."
        ),
        Lines(
            [
                "hyp schedules list --json | jq -r '.[].id'",
                "hyp users list --limit 0 | cut -f1,3",
                "hyp help --json | jq -r '.commands[].name'",
            ]
        ),
    ]


def _times() -> Sequence[Block]:
    return [
        Terms(
            [
                ("09:30", "A time of day, with --weekdays."),
                (
                    "2026-12-01 14:30",
                    "An instant on the clocks of --tz, else of the user, else of the workspace; never "
                    "on this machine's.",
                ),
                ("2026-12-01T14:30+01:00", "An instant with its offset, or with Z for UTC. The offset wins."),
                ("2026-12-01", "A day, where a beginning or an end is asked for: all of it is meant."),
                ("now", "With --at."),
                (
                    "90s, 15m, 1h30m, 2d, 1w",
                    "A duration. A number alone is seconds; --in, and what means so long ago, such as --since, want "
                    "the unit.",
                ),
                ("1,3,5 or mon-fri", "Weekdays: 1 is Monday, 7 is Sunday."),
                (
                    "'0 9 * * MON-FRI'",
                    "A cron expression: minute, hour, day of month, month, day of week. 0 and 7 are "
                    "Sunday, as in cron. Where both days are given, either will do, unless one begins with *. "
                    "L as the day of month is its last day.",
                ),
                ("Europe/Madrid", "A zone is an IANA name."),
            ]
        ),
        Paragraph(
            "A time on the wall stays the same through clock changes. One that does not exist is called once, at the "
            "first minute after the gap; one that happens twice is called once, the first time. A cron whose minute "
            "or hour begins with * follows real time."
        ),
        Paragraph(
            "An instant that is typed and does not exist, or happens twice, is refused, with both choices named: "
            "--fold first, --fold second, or an offset. One in the past is refused, too: --allow-past calls now."
        ),
        Lines(
            [
                "hyp occurrences --cron '30 1 * * *' --tz America/New_York --after 2026-10-30T00:00Z -n 4",
                "hyp occurrences --weekdays mon-fri --at 09:30 --tz Europe/Madrid",
            ]
        ),
    ]


TOPICS = {
    "exit-codes": ("Exit codes", _exit_codes),
    "environment": ("Environment variables", _environment),
    "files": ("Files", _files),
    "formatting": ("Output", _formatting),
    "times": ("Times", _times),
}
"""Each topic, its heading, and what it says."""
