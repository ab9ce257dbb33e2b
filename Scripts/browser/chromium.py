"""A headless Chromium, driven over its DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/. With --remote-debugging-pipe, messages are JSON texts, each
followed by a zero byte, on descriptors 3 (to Chromium) and 4 (from it).
"""

import base64
import itertools
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time

COMMAND_SECONDS = 30
# bash, because dash cannot name descriptors above 9. Without a parent-death signal, a killed script would leave Chromium.
START = 'exec setpriv --pdeathsig=KILL -- "${@:3}" 3<&"$1" 4>&"$2"'


class Chromium:
    """The process, and the connection to it."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="megaphone-chromium-")
        self.numbers = itertools.count(1)
        self.replies = {}  # number of a command: the queue that its reply goes to
        self.handlers = {}  # session: the function that receives its events
        commands, self.commands = os.pipe()
        messages, replies = os.pipe()
        self.messages = open(messages, "rb")
        self.log = open(f"{self.profile}/log", "wb")
        self.process = subprocess.Popen(
            ["bash", "-c", START, "bash", str(commands), str(replies), "chromium", "--headless=new", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", f"--user-data-dir={self.profile}/profile", "--remote-debugging-pipe",
             "about:blank"],
            pass_fds=(commands, replies), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env={**os.environ, "HOME": self.profile}, start_new_session=True)
        os.close(commands)
        os.close(replies)
        threading.Thread(target=self.receive, daemon=True).start()
        try:
            self.version = self.command("Browser.getVersion")["product"]
        except (RuntimeError, OSError) as error:
            with open(self.log.name, encoding="utf-8", errors="replace") as log:
                error.add_note("log of Chromium:\n" + "".join(log.readlines()[-20:]))
            self.kill()
            raise

    def command(self, method, session=None, **parameters):
        """Sends a command and returns its result."""
        number = next(self.numbers)
        reply = self.replies[number] = queue.Queue()
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.commands, data):]
        try:
            result = reply.get(timeout=COMMAND_SECONDS)
        except queue.Empty:
            raise RuntimeError(f"Chromium does not reply to {method}") from None
        finally:
            del self.replies[number]
        if "error" in result:
            raise RuntimeError(f"{method}: {result['error']['message']}")
        return result["result"]

    def receive(self):
        """Hands out replies and events until Chromium closes the pipe."""
        buffer = b""
        while part := self.messages.read1(65536):
            *messages, buffer = (buffer + part).split(b"\0")
            for message in map(json.loads, messages):
                if reply := self.replies.get(message.get("id")):
                    reply.put(message)
                elif handler := self.handlers.get(message.get("sessionId")):
                    handler(message["method"], message["params"])

    def stop(self):
        try:
            self.command("Browser.close")
            self.process.wait(10)
        except (RuntimeError, OSError, subprocess.TimeoutExpired):
            pass
        self.kill()

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.commands)
        self.log.close()
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    """A tab. The document in it calls report(text) to send events to the test."""

    def __init__(self, browser, url):
        self.browser = browser
        self.events = queue.Queue()
        self.loaded = threading.Event()
        self.violations = []  # what the page's Content-Security-Policy has blocked
        self.target = browser.command("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.command("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        browser.handlers[self.session] = self.handle
        for method in ("Page.enable", "Runtime.enable", "Log.enable"):
            browser.command(method, self.session)
        browser.command("Runtime.addBinding", self.session, name="report")
        browser.command("Page.navigate", self.session, url=url)

    def handle(self, method, parameters):
        if method == "Runtime.bindingCalled":
            self.events.put(json.loads(parameters["payload"]))
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            text = details.get("exception", {}).get("description", details["text"])
            self.events.put({"kind": "exception", "value": text})
        elif method == "Page.loadEventFired":
            self.loaded.set()
        elif method == "Log.entryAdded" and parameters["entry"]["source"] == "security":
            self.violations.append(parameters["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.events.put({"kind": "exception", "value": "a dialog opened"})

    def evaluate(self, expression):
        """Returns the value of a JavaScript expression."""
        result = self.browser.command(
            "Runtime.evaluate", self.session, expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']['text']}")
        return result["result"].get("value")

    def wait_until(self, condition, seconds):
        """Waits until a JavaScript condition holds, which is checked after each change of the document. An exception
        in it counts as false. Returns whether it holds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            holds = self.evaluate("""new Promise(resolve => {
                const holds = () => { try { return Boolean(CONDITION); } catch { return false; } };
                const finish = result => { observer.disconnect(); clearTimeout(timer); resolve(result); };
                const observer = new MutationObserver(() => holds() && finish(true));
                const timer = setTimeout(() => finish(holds()), MILLISECONDS);
                observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
                if (holds()) finish(true);
            })""".replace("CONDITION", condition).replace("MILLISECONDS", str(1000 * min(left, COMMAND_SECONDS / 2))))
            if holds:
                return True
        return False

    def press(self, key, text=""):
        """Presses a key of the keyboard."""
        codes = {"Tab": 9, "Enter": 13}
        for kind in ("keyDown", "keyUp"):
            self.browser.command(
                "Input.dispatchKeyEvent", self.session, type=kind, key=key, code=key, text=text,
                windowsVirtualKeyCode=codes[key])

    def type(self, text):
        """Enters a text where the focus is."""
        self.browser.command("Input.insertText", self.session, text=text)

    def reload(self):
        self.loaded.clear()
        self.browser.command("Page.reload", self.session)
        if not self.loaded.wait(COMMAND_SECONDS):
            raise RuntimeError("the page did not load again")

    def save_screenshot(self, path, width=1200, height=800, is_dark=False):
        """Saves the window, of this size in CSS pixels, as a PNG file."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.browser.command("Emulation.setEmulatedMedia", self.session, features=[scheme])
        self.browser.command(
            "Emulation.setDeviceMetricsOverride", self.session, width=width, height=height, deviceScaleFactor=1,
            mobile=width < 600)
        data = self.browser.command("Page.captureScreenshot", self.session, format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        self.browser.handlers.pop(self.session, None)
        self.browser.command("Target.closeTarget", targetId=self.target)
