"""The service under test, and the server of the test's pages."""

import http.client
import http.server
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

ROOT = os.path.abspath(f"{os.path.dirname(__file__)}/../..")
START_SECONDS = 30


class Node:
    """A megaphone process, which keeps its port over restarts. By default with an SQLite file."""

    def __init__(self, binary, home, origin, database_url=None, *settings):
        self.binary = binary
        os.makedirs(home, exist_ok=True)
        self.home = home
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        with open(f"{home}/megaphone.toml", "w", encoding="utf-8") as file:
            file.write("\n".join([
                f"port = {self.port}", f'database_url = "{database_url or f"sqlite:{home}/megaphone.db"}"',
                'broadcaster_auth = { test = "writer" }',
                'reader_auth = { page = "reader", dashboard = "scoped" }', 'reader_scopes = { dashboard = ["test"] }',
                f'cors_origins = ["{origin}"]', 'stream_keep_alive = "1s"', 'stream_max_age = "10s"',
                'hold_back = { "test/held" = "1h" }', *settings]))
        self.log = open(f"{home}/log", "ab")
        self.process = None
        self.start()

    def start(self):
        if self.process and self.process.poll() is None:
            return
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", "--", self.binary, "serve", f"--config={self.home}/megaphone.toml"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.home, env={})
        end = time.monotonic() + START_SECONDS
        while not self.is_live():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the service did not start (exit code {self.process.poll()}): {self.log_tail()}")
            time.sleep(0.05)

    def is_live(self):
        try:
            return self.request("GET", "/__lbheartbeat__") == 200
        except OSError:
            return False

    def terminate(self):
        """Ends the service with SIGTERM and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def request(self, method, path, body=None, token=None, fields={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            authorization = {"Authorization": f"Bearer {token}"} if token else {}
            connection.request(method, path, body, {**authorization, **fields})
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def put(self, channel, version, request_id="by-the-test"):
        path, fields = f"/v1/broadcasts/test/{channel}", {"X-Request-Id": request_id}
        status = self.request("PUT", path, version, "writer", fields)
        if status not in (200, 201):
            raise RuntimeError(f"PUT {channel}: status {status}")

    def delete(self, channel):
        status = self.request("DELETE", f"/v1/broadcasts/test/{channel}", token="writer")
        if status != 200:
            raise RuntimeError(f"DELETE {channel}: status {status}")

    def log_tail(self):
        with open(f"{self.home}/log", encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-20:])


class Pages:
    """Serves the files of this folder below /page/, and Examples/follow.js beside them."""

    def __init__(self):
        files = {name: os.path.join(os.path.dirname(__file__), name) for name in ("follow.html", "framing.html")}
        files["follow.js"] = f"{ROOT}/Examples/follow.js"

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.partition("?")[0].removeprefix("/page/")
                if name not in files:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/javascript" if name.endswith(".js") else "text/html")
                self.end_headers()
                with open(files[name], "rb") as file:
                    shutil.copyfileobj(file, self.wfile)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
