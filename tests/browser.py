"""A browser that a test sits in front of: headless Chromium, told over its own pipe what to do (Chrome DevTools).

The pipe speaks JSON, each message with a zero byte behind it; nothing but Chromium itself is needed.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Seconds for a page on a machine that does much else."""


class Browser:
    """One tab."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._buffer = b""
        self._said = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.tell(f"{domain}.enable")

    def tell(self, method: str, **params: Any) -> Any:
        """Let the browser do something; return what it answers."""
        self._said += 1
        message: dict[str, Any] = {"id": self._said, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._said:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def go(self, address: str) -> None:
        """Go to an address, and wait until it is there."""
        self.events.clear()
        self.tell("Page.navigate", url=address)
        self.wait()

    def reload(self) -> None:
        """Load the page again."""
        self.events.clear()
        self.tell("Page.reload")
        self.wait()

    def press(self, words: str, *, leads: bool = True) -> None:
        """Click on the link or the button with these words, and wait for the page that it leads to, if it does."""
        found = self.run(
            f"""(() => {{
              const all = [...document.querySelectorAll('a, button, summary')];
              const it = all.find(e => e.innerText.trim().startsWith({json.dumps(words)}));
              if (!it) return null;
              it.scrollIntoView({{block: 'center'}});
              const box = it.getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
        )
        assert found is not None, f"there is no {words!r} in: {self.text()}"
        self.events.clear()
        for kind in ("mousePressed", "mouseReleased"):
            self.tell("Input.dispatchMouseEvent", type=kind, x=found[0], y=found[1], button="left", clickCount=1)
        if leads:
            self.wait()

    def press_on(self, field: str) -> None:
        """Put the cursor into a field."""
        self.run(f"document.getElementById({json.dumps(field)}).focus()")

    def type(self, words: str) -> None:
        """Type where the cursor is."""
        self.tell("Input.insertText", text=words)

    def key(self, key: str, *, loads: bool = False) -> None:
        """Press Tab or Enter; `loads`: and wait for the page that it leads to."""
        code = {"Tab": 9, "Enter": 13}[key]
        self.events.clear()
        more = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.tell("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **more)
        if loads:
            self.wait()

    def run(self, script: str) -> Any:
        """Ask the page something, as its inspector does: the page itself may run nothing."""
        answer = self.tell("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def text(self) -> str:
        """Return the words that are seen."""
        return str(self.run("document.body.innerText"))

    def focused(self) -> str:
        """Return the words, or the name, of what the keyboard is on."""
        return str(self.run("(e => e.innerText.trim() || e.id || e.tagName)(document.activeElement)"))

    def told(self) -> set[tuple[str, str]]:
        """Return the role and the name of all that a screen reader is told."""
        nodes = self.tell("Accessibility.getFullAXTree")["nodes"]
        return {
            (node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]
        }

    def complaints(self) -> list[str]:
        """Return what the browser has written into its console: refused styles, scripts, requests."""
        return [each["params"]["entry"]["text"] for each in self.events if each.get("method") == "Log.entryAdded"]

    def size(self, width: int, height: int, scheme: str = "light") -> None:
        """Look through a window of another size, in the light or in the dark."""
        self.tell(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path: Path) -> None:
        """Keep what the whole page looks like."""
        shot = self.tell("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def wait(self) -> None:
        """Wait until a page is there."""
        while not any(each.get("method") == "Page.loadEventFired" for each in self.events):
            self.events.append(self._next())

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._receive], [], [], PATIENCE)
            part = os.read(self._receive, 1 << 16) if ready else b""
            assert part, "the browser says nothing any more"
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Browser]:
    """Start a browser of its own, and end it."""
    to_read, to_send = os.pipe()
    to_receive, to_write = os.pipe()
    # Chromium reads 3 and writes 4: a shell puts them there, from numbers that are neither.
    reading, writing = (fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (to_read, to_write))
    words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
    words += [f"--user-data-dir={profile}", "--no-first-run", "--disable-background-networking", "--no-proxy-server"]
    process = subprocess.Popen(
        ["bash", "-c", f'exec "$@" 3<&{reading} 4>&{writing}', "bash", program, *words, "about:blank"],
        pass_fds=(reading, writing),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for each in (to_read, to_write, reading, writing):
        os.close(each)
    try:
        yield Browser(to_send, to_receive)
    finally:
        os.close(to_send)
        process.terminate()
        process.wait(PATIENCE)
        os.close(to_receive)
