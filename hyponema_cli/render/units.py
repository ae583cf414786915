"""How does systemd drive hyp? A service that notifies, one that makes backups, one that checks, and their timers.

The default workspace has `hyp.service`; another one is an instance of its name, as in `hyp@dev.service`. Each is a
file of its own, and no template: workspaces differ in paths, users and credentials.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from hyponema_cli.render.install import DEFAULT, Installation

DRAIN_SECONDS = 30
STOP_SECONDS = 2 * DRAIN_SECONDS
"""More than the drain and a carrier's own time-out (20 s), so that a clean stop is never cut short."""
WATCHDOG_SECONDS = 600
"""The worker gives its sign of life between two passes. One may take minutes: carriers that do not answer, a million
calls that come due at once, new time zone data; killed in the middle of that, it would begin anew and never end."""
START_SECONDS = 600
"""The first start after an upgrade may rewrite a large workspace before it says that it is ready."""
STATE = Path("/var/lib")
TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - to keep from hiding what stands there


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit file."""

    name: str
    text: str


def units(it: Installation, user: str | None) -> list[Unit]:
    """Return the units of a workspace; `user` is whom they run as, None for a user's own manager."""
    worker, backup, health = (name_of(it, kind) for kind in ("hyp", "hyp-backup", "hyp-health"))
    return [
        Unit(f"{worker}.service", _worker(it, user)),
        Unit(f"{backup}.service", _backup(it, user)),
        Unit(
            f"{backup}.timer",
            _timer(f"a backup of hyp a day ({it.name})", "daily", "RandomizedDelaySec=30min\nPersistent=yes"),
        ),
        Unit(f"{health}.service", _health(it, user)),
        Unit(f"{health}.timer", _timer(f"a look at hyp every minute ({it.name})", "minutely", "AccuracySec=10s")),
    ]


def commands(it: Installation, *, for_system: bool, replaced: bool) -> list[str]:
    """Return what is to be typed once the units are in place."""
    systemctl = "systemctl" if for_system else "systemctl --user"
    worker, backup, health = (shlex.quote(name_of(it, kind)) for kind in ("hyp", "hyp-backup", "hyp-health"))
    return [
        f"{systemctl} daemon-reload",
        f"{systemctl} enable --now {worker}.service",
        *([f"{systemctl} restart {worker}.service"] if replaced else []),
        f"{systemctl} enable --now {backup}.timer    # a backup a day",
        f"{systemctl} enable --now {health}.timer    # a failed unit while calls are not being made",
        *([] if for_system else ["loginctl enable-linger    # goes on when you log out"]),
    ]


def name_of(it: Installation, kind: str) -> str:
    """Return a unit's name without its ending.

    >>> name_of(Installation(("/usr/bin/hyp",), Path("/var/lib/hyp/a b.db")), "hyp")
    'hyp@a\\\\x20b'
    """
    if it.name == DEFAULT:
        return kind
    return f"{kind}@" + re.sub(
        r"[^A-Za-z0-9:_.-]", lambda each: "".join(f"\\x{byte:02x}" for byte in each[0].encode()), it.name
    )


def _worker(it: Installation, user: str | None) -> str:
    online = "Wants=network-online.target\nAfter=network-online.target time-sync.target\n" if user is not None else ""
    return f"""\
# Written by hyp setup systemd. Change it by a drop-in (systemctl edit), which the next version leaves alone.
[Unit]
Description=hyp: scheduled phone calls ({_plain(it.name)})
{online}\
# Never given up: a disk that is full for an hour must not leave the calls without a worker for good.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={_words(it.program)} run-worker --log-format journal --drain-timeout {DRAIN_SECONDS}s
{_environment(it)}\
Restart=always
RestartSec=10
# A wrong option (2), refused credentials (6), no workspace (10), a newer one (12): starting again mends none of them.
RestartPreventExitStatus=2 6 10 12
TimeoutStartSec={START_SECONDS}
WatchdogSec={WATCHDOG_SECONDS}
# Only the worker is told to stop, and waits for what it has in hand. Programs that it has started (--carrier exec)
# are never killed: one may be dialling, and half a dial is a call of which nobody knows; or be the call itself.
KillMode=process
KillSignal=SIGTERM
TimeoutStopSec={STOP_SECONDS}
{_about_credentials(it)}\
{_hardening(it, user)}
[Install]
WantedBy={"multi-user" if user is not None else "default"}.target
"""


def _backup(it: Installation, user: str | None) -> str:
    script = (
        'folder=$1 name=$2; shift 2; mkdir -p "$folder"; '
        '"$@" db backup "$folder/$name-$(date -u +%Y%m%dT%H%M%SZ).db"; '
        'find "$folder" -name "$name-*.db" -mtime +14 -delete'
    )
    words = ("/bin/sh", "-euc", script, "hyp-backup", str(it.workspace.parent / "backups"), it.name, *it.program)
    return f"""\
# Written by hyp setup systemd. Two weeks of backups, beside the workspace: have them copied to another machine.
# The dial journal ({_plain(it.workspace.name)}.dialled) is not in them, and must not be: see docs/operations.md.
[Unit]
Description=hyp: a backup ({_plain(it.name)})

[Service]
Type=oneshot
ExecStart={_words(words)}
{_environment(it, secrets=False)}\
{_hardening(it, user)}"""


def _health(it: Installation, user: str | None) -> str:
    return f"""\
# Written by hyp setup systemd. Fails (exit code 3) while something keeps calls from being made.
[Unit]
Description=hyp: are calls being made? ({_plain(it.name)})
#OnFailure=tell-somebody@%n.service

[Service]
Type=oneshot
ExecStart={_words(it.program)} health
{_environment(it, secrets=False)}\
{_hardening(it, user)}"""


def _timer(about: str, calendar: str, more: str) -> str:
    return f"""\
# Written by hyp setup systemd.
[Unit]
Description={_plain(about)}

[Timer]
OnCalendar={calendar}
{more}

[Install]
WantedBy=timers.target
"""


def _environment(it: Installation, *, secrets: bool = True) -> str:
    lines = [f"Environment={_word(f'HYP_DB={it.workspace}')} {_word(f'PATH={it.search_path}')}"]
    if it.env_file is not None and secrets:
        lines.append(f"EnvironmentFile={_plain(str(it.env_file))}")
    return "".join(f"{each}\n" for each in lines)


def _about_credentials(it: Installation) -> str:
    names = ("twilio_account_sid", "twilio_api_key", "twilio_api_secret", "hyp_webhook_secret")
    lines = [
        "# Credentials: a file each, which only root or you can read; or NAME=value lines in one of mode 0600, by",
        "# hyp setup systemd --env-file FILE. They are no part of this file, which everybody can read.",
        *(f"#LoadCredential={name}:/etc/hyp/{name.replace('_', '-')}" for name in names),
    ]
    return "".join(f"{each}\n" for each in lines)


def _hardening(it: Installation, user: str | None) -> str:
    """Let it write where the workspace is, and nowhere else."""
    namespaced = [
        "ProtectSystem=strict",
        *_writable(it),
        "ProtectHome=read-only",
        *(("PrivateTmp=no", "ReadWritePaths=/tmp /var/tmp") if _uses_tmp(it) else ("PrivateTmp=yes",)),
        "ProtectKernelTunables=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelLogs=yes",
        "ProtectControlGroups=yes",
        "ProtectHostname=yes",
    ]
    always = [
        "NoNewPrivileges=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "LockPersonality=yes",
        "SystemCallArchitectures=native",
        "UMask=0077",
    ]
    if user is not None:
        lines = [
            f"User={_plain(user)}",
            "# It writes beside its workspace, and nowhere else. A program of --carrier exec that writes elsewhere",
            "# needs that folder here too: ReadWritePaths=/var/spool/asterisk",
            *namespaced,
            "CapabilityBoundingSet=",
            "RestrictNamespaces=yes",
            *always,
        ]
    else:
        lines = [
            *always,
            "# These need user namespaces, which some kernels keep from users (the service then fails with 226):",
            *(f"#{each}" for each in namespaced),
        ]
    return "".join(f"{each}\n" for each in lines)


def _writable(it: Installation) -> list[str]:
    folder = it.workspace.parent
    if folder.parent == STATE:
        return [f"StateDirectory={_word(folder.name)}", "StateDirectoryMode=0700"]
    return [f"ReadWritePaths={_word(str(folder))}"]


def _uses_tmp(it: Installation) -> bool:
    used = (it.workspace, Path(it.program[0]), *([it.env_file] if it.env_file else []))
    return any(path.is_relative_to(folder) for path in used for folder in TEMPORARY)


def _words(words: tuple[str, ...]) -> str:
    """Write a command line: in one, a dollar is a variable as well."""
    return " ".join(_word(each).replace("$", "$$") for each in words)


def _word(text: str) -> str:
    """Quote one word, where it needs that."""
    text = _plain(text)
    if re.fullmatch(r"[A-Za-z0-9%@_+=:,./-]+", text):
        return text
    if '"' in text and not re.search(r"['\\]", text):
        return f"'{text}'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(text: str) -> str:
    """Write text in which a percent sign means itself."""
    return text.replace("%", "%%")
