"""A small WebDriver client (W3C protocol over HTTP) for a headless Chromium; Python's standard library only."""
import base64
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"ArrowRight": "\ue014", "Escape": "\ue00c", "Tab": "\ue004"}


class Unavailable(Exception):
    """No browser or no driver on this machine."""


class Browser:
    """One headless window. Use it in a with statement."""

    def __init__(self, width=1280, height=900, dark=False, downloads=None):
        chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
        if not chromium or not driver:
            raise Unavailable("no " + ("chromium" if not chromium else "chromedriver") + " on PATH")
        self._profile = tempfile.TemporaryDirectory(prefix="snac_browser")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._driver = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._url = f"http://127.0.0.1:{port}"
        self._session = ""
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
                     f"--window-size={width},{height}", f"--user-data-dir={self._profile.name}"]
        if dark:
            arguments.append("--force-dark-mode")
        options = {"binary": chromium, "args": arguments}
        if downloads:
            options["prefs"] = {"download.default_directory": str(downloads), "download.prompt_for_download": False}
        capabilities = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        try:
            for _ in range(150):
                try:
                    if self._call("GET", "/status")["ready"]:
                        break
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.1)
            started = self._call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
            self._session = "/session/" + started["sessionId"]
            self.call("POST", "/timeouts", {"script": 60000, "pageLoad": 60000})
        except Exception:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._session:
            try:
                self._call("DELETE", self._session)
            except (urllib.error.URLError, ConnectionError, RuntimeError):
                pass
        self._driver.terminate()
        self._driver.wait()
        self._profile.cleanup()

    def _call(self, method, path, body=None):
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(self._url + path, data=data, method=method, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise RuntimeError(f"{value['error']}: {value['message']}") from None

    def call(self, method, path, body=None):
        return self._call(method, self._session + path, body)

    def open(self, page):
        self.call("POST", "/url", {"url": pathlib.Path(page).resolve().as_uri()})

    def run(self, script, *arguments):
        """The value that the script returns in the page."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        return self.call("POST", "/element", {"using": "css selector", "value": selector})

    def click(self, selector):
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center', behavior: 'instant'})", selector)
        self.call("POST", f"/element/{self.find(selector)[ELEMENT]}/click")

    def type(self, selector, text):
        element = self.find(selector)[ELEMENT]
        self.call("POST", f"/element/{element}/clear")
        if text:
            self.call("POST", f"/element/{element}/value", {"text": text})

    def press(self, key):
        code = KEYS[key]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": [{"type": "keyDown", "value": code}, {"type": "keyUp", "value": code}]}]})

    def point(self, x, y):
        """Moves the mouse to a place of the window."""
        move = {"type": "pointerMove", "duration": 0, "x": round(x), "y": round(y)}
        self.call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": [move]}]})

    def drag(self, x, y, to_x, to_y):
        steps = [{"type": "pointerMove", "duration": 0, "x": round(x), "y": round(y)}, {"type": "pointerDown", "button": 0},
                 {"type": "pointerMove", "duration": 50, "x": round(to_x), "y": round(to_y)}, {"type": "pointerUp", "button": 0}]
        self.call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": steps}]})

    def console(self):
        """Messages since the last call: [{level, message, ...}]."""
        return self.call("POST", "/se/log", {"type": "browser"})

    def devtools(self, command, parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def size(self, width, height, phone=False):
        self.devtools("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone})

    def dark(self, on):
        self.devtools("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if on else "light"}]})

    def screenshot(self, path, whole=True):
        """A PNG of the whole page, or of the window."""
        answer = self.devtools("Page.captureScreenshot", {"captureBeyondViewport": whole, **({"clip": self._page_box()} if whole else {})})
        pathlib.Path(path).write_bytes(base64.b64decode(answer["data"]))

    def _page_box(self):
        width, height = self.run("return [document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        return {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}

    def wait(self, script, seconds=10):
        """Until the script returns something true. @returns it, or None when the time is over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.run(script)
            if value:
                return value
            time.sleep(0.05)
        return None
