"""Cases for Examples/follow.sh, through the same proxy."""

import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading

from cases import CHANGE_SECONDS, case
from node import ROOT

SCRIPT = f"{ROOT}/Examples/follow.sh"
# The script pauses 1, 2, 4 and 8 s after the first errors.
RECONNECT_SECONDS = 30


class Script:
    """A running follow.sh, which prints each state in one line."""

    def __init__(self, setup, channel, command="cat; echo"):
        self.folder = tempfile.mkdtemp(prefix="megaphone-follow-")
        self.channel = channel
        self.lines = queue.Queue()
        self.errors = queue.Queue()
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig=TERM", "--", SCRIPT,
             f"http://127.0.0.1:{setup.proxy.port}/v1/broadcasts/test/{channel}", "sh", "-c", command],
            env={"PATH": os.environ["PATH"], "TMPDIR": self.folder, "MEGAPHONE_TOKEN": "reader"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            threading.Thread(target=self.read, args=(stream, lines), daemon=True).start()
        setup.scripts.append(self)

    @staticmethod
    def read(stream, lines):
        for line in stream:
            lines.put(line.rstrip("\n"))

    def wait_line(self, expected, seconds=CHANGE_SECONDS):
        """Waits for the next line, which must be this one."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"no line in {seconds} s, expected {expected}") from None
        assert line == expected, f"{line}, expected {expected}"

    def wait_version(self, version, seconds=CHANGE_SECONDS):
        self.wait_line(f'{{"code":200,"broadcasts":{{"test/{self.channel}":"{version}"}}}}', seconds)

    def wait_error(self, text):
        """Waits for a line with this text on standard error."""
        seen = []
        while not seen or text not in seen[-1]:
            try:
                seen.append(self.errors.get(timeout=RECONNECT_SECONDS))
            except queue.Empty:
                raise AssertionError(f"no error with {text} in {RECONNECT_SECONDS} s, only {seen}") from None

    def end(self, number):
        """Sends a signal to the script alone, and checks that nothing is left."""
        self.process.send_signal(number)
        code = self.process.wait(10)
        assert code == 0, f"exit code {code}"
        assert not os.listdir(self.folder), os.listdir(self.folder)
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return
        raise AssertionError("a process is left")

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def follow(setup, channel, **options):
    """Starts the script on a new channel with version v1, and waits until it waits for the next one."""
    setup.node.put(channel, "v1")
    before = setup.proxy.accepted
    script = Script(setup, channel, **options)
    script.wait_version("v1")
    setup.proxy.wait_accepted(before + 2)
    return script


@case
def script_runs_its_command_for_each_change(setup):
    script = follow(setup, "script-change")
    for version in ("v2", "v3", "v1"):
        setup.node.put("script-change", version)
        script.wait_version(version)
    script.end(signal.SIGTERM)


@case
def script_shows_an_absent_channel_and_its_creation(setup):
    script = Script(setup, "script-absent")
    script.wait_line('{"code":404,"errno":123,"error":"Not Found"}')
    setup.node.put("script-absent", "v1")
    script.wait_version("v1")
    script.end(signal.SIGINT)


@case
def script_survives_a_restart_of_the_proxy(setup):
    script = follow(setup, "script-proxy")
    setup.proxy.refuse()
    setup.node.put("script-proxy", "v2")
    setup.proxy.listen()
    script.wait_version("v2", RECONNECT_SECONDS)
    script.end(signal.SIGTERM)


@case
def script_survives_502_and_refused_connections(setup):
    script = follow(setup, "script-502")
    setup.proxy.mode = "bad gateway"
    before = setup.proxy.accepted
    setup.proxy.drop()
    setup.proxy.wait_accepted(before + 1)
    setup.proxy.refuse()
    setup.node.put("script-502", "v2")
    setup.proxy.mode = "forward"
    script.wait_error("Failed to connect")
    setup.proxy.listen()
    script.wait_version("v2", RECONNECT_SECONDS)
    script.end(signal.SIGTERM)


@case
def script_survives_a_restart_of_the_node(setup):
    script = follow(setup, "script-restart")
    setup.node.terminate()
    setup.node.start()
    setup.node.put("script-restart", "v2")
    script.wait_version("v2", RECONNECT_SECONDS)
    script.end(signal.SIGTERM)


@case
def script_survives_a_kill_of_the_node(setup):
    script = follow(setup, "script-kill")
    setup.node.kill()
    setup.node.start()
    setup.node.put("script-kill", "v2")
    script.wait_version("v2", RECONNECT_SECONDS)
    script.end(signal.SIGTERM)


@case
def script_runs_a_failed_command_again(setup):
    script = follow(setup, "script-failure", command="tee /dev/stderr | grep -v v2")
    setup.node.put("script-failure", "v2")
    for _ in range(2):
        script.wait_error('"v2"')
    # The state of the last success, but the command has failed since.
    setup.node.put("script-failure", "v1")
    script.wait_version("v1", RECONNECT_SECONDS)
    script.end(signal.SIGTERM)


@case
def script_explains_its_usage(_):
    for arguments, code in ((["--help"], 0), ([], 64), (["http://127.0.0.1:1/"], 64)):
        result = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, timeout=10)
        text = result.stderr if code else result.stdout
        assert result.returncode == code and text.startswith("usage: follow.sh URL COMMAND"), result
