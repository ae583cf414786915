"""A telephone system for the tests, as an operator would write one: its calls are JSON files in a folder.

`folder_pbx.py FOLDER OPERATION`. A call rings after half a second, is answered after one, and ends after two. A file
`now` in the folder is its clock, if there is one; a file `trouble` names what the next request for a call meets.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

EXITS = {
    "THROTTLED": (75, '{"retry_after_seconds": 7}'),
    "CALL_REFUSED": (65, ""),
    "CALLEE_REFUSED": (67, ""),
    "CALLER_REFUSED": (65, '{"scope": "sender"}'),
    "ACCOUNT_REFUSED": (77, ""),
}


def main(folder: Path, operation: str) -> None:
    question = json.load(sys.stdin)
    now = instant_in(folder)
    match operation:
        case "capabilities":
            answer: Any = {"find": "history", "calls_per_second": None}
        case "check":
            answer = {"found": f"{len(calls_in(folder))} calls so far"}
        case "place_call":
            answer = told(place(folder, question["call"], now), now)
        case "fetch_call":
            answer = told(read(folder, question["carrier_call_id"]), now)
        case "hang_up":
            answer = told(hang_up(folder, question["carrier_call_id"], now), now)
        case "find_calls":
            numbers = (question["to_number"], question["from_number"])
            answer = [told(it, now) for it in calls_in(folder) if (it["to_number"], it["from_number"]) == numbers]
        case _:
            sys.exit(64)
    print(json.dumps(answer))


def place(folder: Path, call: dict[str, Any], now: float) -> dict[str, Any]:
    trouble = trouble_in(folder)
    if trouble == "UNREACHABLE":
        sys.exit(69)
    with (folder / "asked").open("a") as asked:
        asked.write(json.dumps(call) + "\n")
    if trouble in EXITS:
        refuse(*EXITS[trouble], call)
    if trouble == "REQUEST_LOST":
        os.kill(os.getpid(), signal.SIGKILL)
    number = len(calls_in(folder)) + 1
    made = {
        "carrier_call_id": f"pbx-{number}",
        "to_number": call["to_number"],
        "from_number": call["from_number"],
        "created": now,
        "hung_up": None,
    }
    keep(folder, made)
    match trouble:
        case "ANSWER_LOST":
            os.kill(os.getpid(), signal.SIGKILL)
        case "ERROR_AFTER_ALL":
            sys.exit(1)
        case "HANGS":
            signal.pause()
        case "UNREADABLE":
            print("<html>502</html>")
            sys.exit(0)
        case "NO_ID":
            print("{}")
            sys.exit(0)
    return made


def hang_up(folder: Path, carrier_call_id: str, now: float) -> dict[str, Any]:
    call = read(folder, carrier_call_id)
    if call["hung_up"] is None:
        call["hung_up"] = now
        keep(folder, call)
    return call


def told(call: dict[str, Any], now: float) -> dict[str, Any]:
    hung_up = call["hung_up"]
    age = (now if hung_up is None else min(hung_up, now)) - call["created"]
    status = "queued" if age < 0.5 else "ringing" if age < 1 else "in_progress" if age < 2 else "completed"
    if hung_up is not None:
        status = "canceled" if age < 1 else "completed"
    return {
        "carrier_call_id": call["carrier_call_id"],
        "status": status,
        "to_number": call["to_number"],
        "from_number": call["from_number"],
        "created_at": datetime.fromtimestamp(call["created"], UTC).isoformat(),
        "duration_seconds": min(age, 2) - 1 if status == "completed" else None,
        "price": "0.004" if status == "completed" else None,
        "currency": "EUR",
    }


def refuse(code: int, words: str, call: dict[str, Any]) -> NoReturn:
    print(words)
    print(f"no call to {call['to_number']} from {call['from_number']}", file=sys.stderr)
    sys.exit(code)


def read(folder: Path, carrier_call_id: str) -> dict[str, Any]:
    found = [call for call in calls_in(folder) if call["carrier_call_id"] == carrier_call_id]
    return found[0] if found else sys.exit(68)


def calls_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("pbx-*.json"))]


def keep(folder: Path, call: dict[str, Any]) -> None:
    (folder / f"{call['carrier_call_id']}.json").write_text(json.dumps(call))


def instant_in(folder: Path) -> float:
    clock = folder / "now"
    return float(clock.read_text()) if clock.exists() else time.time()


def trouble_in(folder: Path) -> str | None:
    trouble = folder / "trouble"
    if not trouble.exists():
        return None
    word = trouble.read_text()
    trouble.unlink()
    return word


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
