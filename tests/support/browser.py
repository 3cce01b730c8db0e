"""A real Chromium, driven by its DevTools protocol."""

import asyncio
import base64
import json
import re
import shutil
import subprocess
import urllib.request

import pytest
import websockets

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "about:blank",
]


class Browser:
    """One tab; every method waits until it is done. `requests` has every URL that was asked for."""

    def __init__(self, folder):
        if PROGRAM is None:
            pytest.skip("no Chromium on the PATH; install the package chromium")
        self._process = subprocess.Popen(
            [PROGRAM, f"--user-data-dir={folder}", *FLAGS], stderr=subprocess.PIPE, text=True
        )
        for line in self._process.stderr:
            if found := re.search(r"ws://([\d.:]+)/", line):
                break
        with urllib.request.urlopen(f"http://{found[1]}/json/list") as answer:
            (tab,) = [each for each in json.load(answer) if each["type"] == "page"]
        self._loop = asyncio.new_event_loop()
        self._socket = self._run(websockets.connect(tab["webSocketDebuggerUrl"], max_size=2**28))
        self._number = 0
        self.requests = []
        self.faults = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self):
        self._run(self._socket.close())
        self._process.kill()
        self._process.wait()
        self._loop.close()

    def _run(self, awaitable):
        async def wait():
            return await asyncio.wait_for(awaitable, 60)

        return self._loop.run_until_complete(wait())

    def call(self, method, **parameters):
        self._number += 1
        self._run(self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters})))
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]

    def _next(self):
        told = json.loads(self._run(self._socket.recv()))
        if told.get("method") == "Network.requestWillBeSent":
            self.requests.append(told["params"]["request"]["url"])
        if told.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.faults.append(told["params"])
        return told

    def open(self, url, width=1200, height=900, dark=False):
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=url)
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def text(self, selector):
        return self.value(f"document.querySelector({json.dumps(selector)}).innerText")

    def click(self, selector, dx=None, dy=None):
        """Presses and releases the mouse on an element: in its middle, or so far from its corner."""
        box = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            "return [b.left, b.top, b.width, b.height]; })()"
        )
        x = box[0] + (box[2] / 2 if dx is None else dx)
        y = box[1] + (box[3] / 2 if dy is None else dy)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def picture(self):
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])
