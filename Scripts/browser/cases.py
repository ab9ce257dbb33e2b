"""Cases for Examples/follow.js in Chromium. The name of each function is the name of the case."""

import json
import queue
import time
import urllib.parse

from chromium import Page

# A change arrives within 0.25 s, plus delivery. A reconnect waits for the server's `retry`, at most 6 s here, and for
# twice that after each further failure.
CHANGE_SECONDS = 5
RECONNECT_SECONDS = 40
SILENCE_MILLISECONDS = 3000  # three keep-alives
# HTML, the end of an event and of a string, and every control character. The limit is 200 bytes.
HOSTILE = ("</pre><script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">"
           "\r\n\r\nid: hacked\ndata: {}\n\n\"}\\" + "".join(map(chr, range(32))) + "\x7f")

CASES = []


def case(function):
    CASES.append(function)
    return function


class Follower:
    """A page that follows a channel, or another path, through the proxy."""

    def __init__(self, setup, channel, path=None, origin=None, token="reader"):
        self.channel = channel
        proxy = f"http://127.0.0.1:{setup.proxy.port}"
        query = {"url": proxy + (path or f"/v1/broadcasts/test/{channel}"), "silence": SILENCE_MILLISECONDS}
        if token:
            query["token"] = token
        self.page = Page(setup.browser, f"{origin or proxy}/page/follow.html?{urllib.parse.urlencode(query)}")
        self.seen = []
        setup.followers.append(self)

    def wait(self, kind, seconds, condition=lambda value: True):
        """Waits for the next event of this kind that meets the condition, and returns its value."""
        end = time.monotonic() + seconds
        while True:
            try:
                event = self.page.events.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no such {kind} in {seconds} s; events: {self.seen[-5:]}") from None
            self.seen.append(event)
            assert event["kind"] != "exception", event["value"]
            if event["kind"] == kind and condition(event["value"]):
                return event["value"]

    def wait_version(self, version, seconds=CHANGE_SECONDS):
        """Waits until the page shows this version of its channel."""
        name = f"test/{self.channel}"
        self.wait("state", seconds, lambda state: state.get("broadcasts", {}).get(name) == version)
        shown = self.page.evaluate("document.getElementById('state').textContent")
        assert json.loads(shown)["broadcasts"][name] == version, shown

    def states(self):
        """Returns how many states the page has received."""
        return self.page.evaluate("window.states")


def follow(setup, channel):
    """Opens a page that follows a new channel, and waits until it shows its version, v1."""
    setup.node.put(channel, "v1")
    follower = Follower(setup, channel)
    follower.wait_version("v1")
    return follower


@case
def events_are_parsed_at_any_boundary(setup):
    page = Page(setup.browser, f"http://127.0.0.1:{setup.pages.port}/page/framing.html")
    try:
        result = page.events.get(timeout=60)
    finally:
        page.close()
    assert result["kind"] == "framing" and result["value"]["runs"] > 200, result
    assert result["value"]["wrong"] is None, result


@case
def state_is_shown_at_once(setup):
    follow(setup, "at-once")


@case
def change_appears(setup):
    follower = follow(setup, "change")
    for number in range(2, 12):
        setup.node.put("change", f"v{number}")
        follower.wait_version(f"v{number}")
    assert follower.states() == 11, follower.states()


@case
def whole_board_is_followed(setup):
    setup.node.put("board", "v1")
    follower = Follower(setup, "board", path="/v1/broadcasts")
    follower.wait_version("v1")
    setup.node.put("board", "v2")
    follower.wait_version("v2")


@case
def absent_channel_appears_when_it_is_created(setup):
    follower = Follower(setup, "absent")
    follower.wait("state", CHANGE_SECONDS, lambda state: state["code"] == 404)
    setup.node.put("absent", "v1")
    follower.wait_version("v1")


@case
def keep_alive_shows_no_state(setup):
    follower = follow(setup, "quiet")
    before = setup.proxy.accepted
    for _ in range(5):  # More seconds than the silence that makes the page reconnect.
        age = follower.wait("keep-alive", 10)["age"]
        assert isinstance(age, int) and age <= 5, age
    assert follower.states() == 1, follower.states()
    assert setup.proxy.accepted == before, follower.seen


@case
def stream_that_reaches_its_maximum_age(setup):
    follower = follow(setup, "age")
    before = setup.proxy.accepted
    for _ in range(14):  # More seconds than the maximum age, which is 10 s.
        follower.wait("keep-alive", 10)
    assert setup.proxy.accepted > before, "the stream did not end"
    assert not [event for event in follower.seen if event["kind"] == "error"], follower.seen
    assert follower.states() == 1, follower.states()


@case
def restart_of_the_proxy(setup):
    follower = follow(setup, "proxy-restart")
    setup.proxy.refuse()
    setup.proxy.listen()
    follower.wait("error", 10)
    # Last-Event-ID: the state that the page already has is not sent again.
    follower.wait("keep-alive", RECONNECT_SECONDS)
    assert follower.states() == 1, follower.states()
    setup.node.put("proxy-restart", "v2")
    follower.wait_version("v2")


@case
def proxy_that_responds_502(setup):
    follower = follow(setup, "bad-gateway")
    setup.proxy.mode = "bad gateway"
    setup.proxy.drop()
    for _ in range(2):
        follower.wait("error", RECONNECT_SECONDS, lambda message: "502" in message)
    setup.node.put("bad-gateway", "v2")
    setup.proxy.mode = "forward"
    follower.wait_version("v2", RECONNECT_SECONDS)


@case
def refused_connections(setup):
    follower = follow(setup, "refused")
    setup.proxy.refuse()
    for _ in range(2):  # The broken stream, and an attempt.
        follower.wait("error", RECONNECT_SECONDS)
    setup.node.put("refused", "v2")
    setup.proxy.listen()
    follower.wait_version("v2", RECONNECT_SECONDS)


@case
def restart_of_the_node(setup):
    follower = follow(setup, "node-restart")
    code = setup.node.terminate()
    assert code == 0, f"exit code {code}"
    setup.node.start()
    setup.node.put("node-restart", "v2")
    follower.wait_version("v2", RECONNECT_SECONDS)


@case
def kill_of_the_node(setup):
    follower = follow(setup, "node-kill")
    setup.node.kill()
    follower.wait("error", 10)
    setup.node.start()
    setup.node.put("node-kill", "v2")
    follower.wait_version("v2", RECONNECT_SECONDS)


@case
def half_open_link(setup):
    follower = follow(setup, "half-open")
    setup.proxy.freeze()
    setup.node.put("half-open", "v2")
    for _ in range(2):  # The stream, and an attempt that gets no response.
        follower.wait("error", RECONNECT_SECONDS, lambda message: "silence" in message)
    assert follower.states() == 1, follower.states()
    setup.proxy.mode = "forward"
    follower.wait_version("v2", RECONNECT_SECONDS)


@case
def allowed_origin_with_a_token(setup):
    setup.node.put("origin", "v1")
    follower = Follower(setup, "origin", origin=setup.origin)
    follower.wait_version("v1")
    # The second request has Last-Event-ID, which the browser asks the server about.
    setup.proxy.drop()
    follower.wait("keep-alive", RECONNECT_SECONDS)
    setup.node.put("origin", "v2")
    follower.wait_version("v2")


@case
def allowed_origin_without_a_token_sees_401(setup):
    message = Follower(setup, "origin", origin=setup.origin, token=None).wait("rejected", 10)
    assert "401" in message, message


@case
def other_origin_sees_nothing(setup):
    setup.node.put("other-origin", "v1")
    follower = Follower(setup, "other-origin", origin=setup.origin.replace("127.0.0.1", "localhost"))
    follower.wait("error", 10)
    assert follower.states() == 0, follower.states()


@case
def unknown_token_is_final(setup):
    message = Follower(setup, "any", token="unknown").wait("rejected", 10)
    assert "401" in message, message


@case
def abort_closes_the_connection(setup):
    follower = follow(setup, "abort")
    assert setup.proxy.open_connections() == 1, setup.proxy.open_connections()
    follower.page.evaluate("window.stop()")
    follower.wait("resolved", 5)
    setup.proxy.wait_closed()


@case
def hostile_version_stays_text(setup):
    assert len(HOSTILE) <= 200, len(HOSTILE)
    follower = follow(setup, "hostile")
    setup.node.put("hostile", HOSTILE)
    follower.wait_version(HOSTILE)
    title, elements = follower.page.evaluate("[document.title, document.getElementById('state').childElementCount]")
    assert title == "Test of follow.js" and elements == 0, (title, elements)
    setup.node.put("hostile", "v3")
    follower.wait_version("v3")
    assert follower.states() == 3, follower.states()
