"""A real headless Chromium, spoken to over a pipe: no driver, no port, nothing kept afterwards."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


LAUNCH = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""  # the browser listens on 3 and answers on 4


class Missing(Exception):
    """There is no browser on this machine."""

    def __init__(self) -> None:
        super().__init__(
            f"none of {', '.join(NAMES)} is on PATH\n"
            "HINT: apt-get install chromium, or make test, which does it."
        )


def executable() -> str:
    """Return the browser on this machine.

    Raises:
        Missing: there is none.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise Missing
    return found


def aside(number: int) -> int:
    """Return the same end of a pipe under a number that is not 3 or 4."""
    moved = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(number)
    return moved


class Chromium:
    """One browser with one empty page; leaves nothing behind."""

    def __init__(self, patience: float = 60.0) -> None:
        self.patience = patience
        self.number = 0
        self.buffer = b""
        self.session = ""
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        """Start the browser."""
        command = executable()
        self.profile = Path(tempfile.mkdtemp(prefix="report-browser-"))
        theirs_in, self.into = map(aside, os.pipe())
        self.out_of, theirs_out = map(aside, os.pipe())
        flags = (*FLAGS, f"--user-data-dir={self.profile}", "about:blank")
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(theirs_in), str(theirs_out), command, *flags],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.attach()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the browser with all its processes, and take its profile away."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.into)
        os.close(self.out_of)
        shutil.rmtree(self.profile, ignore_errors=True)

    def attach(self) -> None:
        """Speak to the one page from now on, and hear what it asks the network for."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        found = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self.session = found["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **values: object) -> dict[str, Any]:
        """Return the answer to one command of the DevTools protocol."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": values}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.into, json.dumps(message).encode() + b"\0")
        answer = self.wait(lambda heard: heard.get("id") == self.number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def wait(self, wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - a predicate
        """Return the first message that is wanted; the others are kept as events."""
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            heard = self.hear(end - time.monotonic())
            if wanted(heard):
                return heard
            self.events.append(heard)
        raise TimeoutError("the browser does not answer")

    def hear(self, patience: float) -> dict[str, Any]:
        """Return the next message of the browser."""
        while b"\0" not in self.buffer:
            if not select.select([self.out_of], [], [], patience)[0]:
                raise TimeoutError("the browser does not answer")
            more = os.read(self.out_of, 1 << 20)
            if not more:
                raise RuntimeError("the browser ended")
            self.buffer += more
        message, _, self.buffer = self.buffer.partition(b"\0")
        heard: dict[str, Any] = json.loads(message)
        return heard

    def open(self, path: Path, *, width: int = 1280, dark: bool = False) -> None:
        """Show a file in a window of this width."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media="screen", features=[scheme])
        self.resize(width)
        self.events.clear()
        self.ask("Page.navigate", url=path.resolve().as_uri())
        self.wait(lambda heard: heard.get("method") == "Page.loadEventFired")

    def resize(self, width: int) -> None:
        """Give the window another width."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )

    def value(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page says
        """Return what an expression is on the page."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def requests(self) -> list[str]:
        """Return the addresses that the page asked for since it was opened."""
        asked = [each for each in self.events if each.get("method") == "Network.requestWillBeSent"]
        return [each["params"]["request"]["url"] for each in asked]

    def press(self, key: str, code: int) -> None:
        """Press one key."""
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                text="\r" if key == "Enter" and kind == "keyDown" else "",
                windowsVirtualKeyCode=code,
            )

    def picture(self, top: int = 0, height: int | None = None) -> bytes:
        """Return the page as PNG: the whole of it, or so many pixels from `top` on."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        tall = max(1, min(height or size["height"], size["height"] - top))
        clip = {"x": 0, "y": top, "width": size["width"], "height": tall, "scale": 1}
        shot = self.ask(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip
        )
        return base64.b64decode(shot["data"])

    def paper(self, pages: str = "") -> bytes:
        """Return the page as PDF, as it is printed: all of it, or pages such as `1-2`."""
        self.ask("Emulation.setEmulatedMedia", media="")
        printed = self.ask("Page.printToPDF", printBackground=True, pageRanges=pages)
        return base64.b64decode(printed["data"])
