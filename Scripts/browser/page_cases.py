"""Cases for the status page in Chromium."""

import json
import os
import re
import sqlite3
import urllib.parse

from cases import CHANGE_SECONDS, HOSTILE, RECONNECT_SECONDS, case
from chromium import Page
from node import Node
from proxy import DatabaseProxy


class StatusPage:
    """The status page of a node in a tab of its own, whose session storage is empty."""

    def __init__(self, setup, port=None, token=None):
        self.setup = setup
        self.page = Page(setup.browser, f"http://127.0.0.1:{port or setup.proxy.port}/")
        setup.followers.append(self)
        assert self.page.loaded.wait(30), "the page did not load"
        if token:
            self.sign_in(token)

    def sign_in(self, token, broadcaster=""):
        """Types the token and the broadcaster, with the keyboard alone."""
        self.page.evaluate("document.getElementById('access').open = true")
        self.page.evaluate("document.getElementById('token').select(); document.getElementById('token').focus()")
        self.page.type(token)
        self.page.press("Tab")
        self.page.evaluate("document.activeElement.select()")
        self.page.type(broadcaster)
        self.page.press("Enter", "\r")

    def wait(self, condition, seconds=CHANGE_SECONDS):
        """Waits until a condition in JavaScript holds, which may use text(id) and row(name)."""
        functions = """
            const text = id => document.getElementById(id).hidden ? "" : document.getElementById(id).textContent;
            const row = name => [...document.querySelectorAll("#board > tr:not(.history)")].find(
                line => line.children[1].textContent === name);
            const version = name => row(name).querySelector(".version").textContent;
            const past = () => document.querySelector(".history").textContent;
        """
        holds = self.page.wait_until(f"(() => {{ {functions} return {condition}; }})()", seconds)
        shown = self.page.evaluate("document.body.innerText")
        assert holds, f"not within {seconds} s: {condition}; the page shows: {shown[:800]!r}"

    def wait_version(self, channel, version, seconds=CHANGE_SECONDS):
        self.wait(f"version({json.dumps(channel)}) === {json.dumps(version)}", seconds)

    def open_history(self, channel):
        """Opens the history of a channel with the keyboard: from the filter by Tab to its button, then Enter."""
        self.page.evaluate("document.getElementById('filter').focus()")
        for _ in range(50):
            self.page.press("Tab")
            if self.page.evaluate("document.activeElement.textContent") == channel:
                break
        else:
            raise AssertionError(f"Tab does not reach {channel}")
        self.page.press("Enter", "\r")
        self.wait("past() && document.activeElement.ariaExpanded === 'true'")

    def picture(self, name, **options):
        """Saves a screenshot if the command line asks for them."""
        if self.setup.screenshots:
            self.page.save_screenshot(os.path.join(self.setup.screenshots, f"{name}.png"), **options)


@case
def page_asks_for_a_token_and_shows_the_board(setup):
    setup.node.put("shown", "v1")
    view = StatusPage(setup)
    view.wait("text('problem').includes('needs a token') && document.activeElement.id === 'token'")
    view.picture("no-token")
    view.sign_in("reader")
    view.wait_version("shown", "v1")
    view.wait("text('connection') === 'Live' && text('problem') === '' && !document.getElementById('access').open")
    view.wait("/^The data is at most [0-9] s old$/.test(text('age'))")
    assert view.page.evaluate("document.querySelectorAll('tr.changed').length") == 0
    assert view.page.evaluate("location.href") == f"http://127.0.0.1:{setup.proxy.port}/"
    view.picture("board")
    view.picture("board-dark", is_dark=True)
    view.picture("board-phone", width=360, height=640)


@case
def page_marks_what_changes(setup):
    setup.node.put("marked", "v1")
    setup.node.put("removed", "v1")
    view = StatusPage(setup, token="reader")
    view.wait_version("marked", "v1")
    setup.node.put("marked", "v2")
    view.wait_version("marked", "v2")
    view.wait("row('marked').className === 'changed' && /\\d:\\d\\d/.test(row('marked').lastChild.textContent)")
    setup.node.put("added", "v1")
    view.wait("row('added').className === 'changed'")
    setup.node.delete("removed")
    view.wait("version('removed') === 'deleted' && row('removed').className === 'changed deleted'")
    view.picture("changes")


@case
def page_shows_hostile_text_as_text(setup):
    setup.node.put("hostile-page", "v1")
    name = "<b onclick=x>\u202e&amp;"
    with sqlite3.connect(f"{setup.node.home}/megaphone.db", timeout=10) as database:
        database.execute("INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES ('test', ?, 'v1')",
                         (name,))
    try:
        view = StatusPage(setup, token="reader")
        name = name.replace("\u202e", "\\u202e")
        view.wait_version(name, "v1")
        setup.node.put("hostile-page", HOSTILE)
        shown = re.sub("[\x00-\x1f\x7f]", lambda match: f"\\x{ord(match[0]):02x}", HOSTILE)
        view.wait_version("hostile-page", shown)
        view.open_history("hostile-page")
        view.wait(f"past().includes({json.dumps(shown)})")
        view.open_history(name)
        view.wait("document.querySelector('.history').nextSibling || past().includes('not valid')")
        title, images = view.page.evaluate("[document.title, document.querySelectorAll('img, b, main script').length]")
        assert (title, images) == ("Megaphone", 0), (title, images)
        view.picture("hostile")
    finally:
        with sqlite3.connect(f"{setup.node.home}/megaphone.db", timeout=10) as database:
            database.execute("DELETE FROM broadcastsv1 WHERE bchannel_id = ?", (name,))


@case
def page_policy_blocks_other_scripts_and_styles(setup):
    view = StatusPage(setup, token="reader")
    view.wait("text('connection') === 'Live'")
    assert view.page.violations == [], view.page.violations
    view.page.evaluate("""document.body.insertAdjacentHTML("beforeend",
        "<p id=injected style='color: rgb(1, 2, 3)'>x</p><button onclick='document.title=1'>x</button>")""")
    view.page.evaluate("document.querySelector('button[onclick]').click()")
    colour, title = view.page.evaluate(
        "[getComputedStyle(document.getElementById('injected')).color, document.title]")
    assert title == "Megaphone" and colour != "rgb(1, 2, 3)", (title, colour)
    for blocked in ("inline style", "inline event handler"):
        assert any(blocked in each for each in view.page.violations), view.page.violations


@case
def page_with_a_wrong_token(setup):
    setup.node.put("wrong", "v1")
    view = StatusPage(setup, token="wrong")
    view.wait("text('problem').includes('does not know this token')")
    view.wait("text('connection') === 'Not connected' && document.getElementById('board').children.length === 0")
    view.picture("wrong-token")
    view.sign_in("reader")
    view.wait_version("wrong", "v1")


@case
def page_keeps_the_token_in_its_tab(setup):
    setup.node.put("kept", "v1")
    view = StatusPage(setup, token="reader")
    view.wait_version("kept", "v1")
    view.page.reload()
    view.wait_version("kept", "v1")
    assert view.page.evaluate("[localStorage.length, document.cookie, location.search + location.hash].join()") == "0,,"
    other = StatusPage(setup)
    other.wait("text('problem').includes('needs a token')")
    view.page.evaluate("document.getElementById('forget').click()")
    view.wait("text('problem').includes('needs a token')")
    assert view.page.evaluate("sessionStorage.length") == 0


@case
def page_of_one_broadcaster(setup):
    setup.node.put("part", "v1")
    view = StatusPage(setup, token="scoped")
    view.wait("text('problem').includes('may not read the whole board')")
    view.picture("scoped")
    view.sign_in("scoped", "test")
    view.wait_version("part", "v1")
    view.sign_in("scoped", "not an ID")
    view.wait("text('problem').includes('not a valid broadcaster ID')")
    # A broadcaster sees its latest versions, also those that are held back.
    setup.node.put("held", "first")
    setup.node.put("held", "second")
    view.sign_in("writer", "test")
    view.wait_version("held", "second")
    view.sign_in("reader")
    view.wait_version("held", "first")


@case
def page_shows_the_history(setup):
    for number in range(1, 24):
        setup.node.put("past", f"v{number}", f"request-{number}")
    view = StatusPage(setup, token="reader")
    view.wait_version("past", "v23")
    view.open_history("past")
    view.wait("past().includes('request-23') && past().includes('v22') && !past().includes('request-3')")
    view.wait("document.querySelectorAll('.history svg circle').length === 20")
    view.picture("history")
    view.picture("history-phone", width=360, height=640)
    view.page.evaluate("[...document.querySelectorAll('.history button')].at(-1).click()")
    view.wait("document.querySelectorAll('.history tbody tr').length === 23 && past().includes('request-1')")
    # A change is added while the history is open.
    setup.node.put("past", "v24", "request-24")
    view.wait("past().includes('request-24')")
    assert view.page.evaluate("document.activeElement.ariaExpanded") == "true"
    view.page.press("Enter", "\r")
    view.wait("document.querySelector('.history') === null")


@case
def page_shows_what_is_held(setup):
    setup.node.put("held", "at-once")
    setup.node.request("PUT", "/v1/broadcasts/test/held", "urgent", "writer", {"Urgency": "high"})
    setup.node.put("held", "later")
    view = StatusPage(setup, token="reader")
    view.wait_version("held", "urgent")
    view.open_history("held")
    view.wait("past().includes('held until') && past().includes('later')")
    view.wait("document.querySelectorAll('.history svg .planned').length === 1")
    view.picture("held")
    view.picture("held-dark", is_dark=True)


@case
def page_over_a_restart_of_the_node(setup):
    setup.node.put("restart-page", "v1")
    view = StatusPage(setup, token="reader")
    view.wait_version("restart-page", "v1")
    setup.node.kill()
    view.wait("text('connection').startsWith('Connection lost') && text('problem') !== ''", 20)
    view.picture("connection-lost")
    setup.node.start()
    setup.node.put("restart-page", "v2")
    view.wait_version("restart-page", "v2", RECONNECT_SECONDS)
    view.wait("text('connection') === 'Live' && text('problem') === '' && row('restart-page').className === 'changed'")


@case
def page_over_an_outage_of_the_database(setup):
    address = urllib.parse.urlsplit(os.environ["MEGAPHONE_TEST_MYSQL_URL"])
    database = DatabaseProxy(address.port)
    relayed = address._replace(netloc=f"{address.netloc.rpartition(':')[0]}:{database.port}").geturl()
    node = Node(setup.node.binary, f"{setup.home}/mysql", setup.origin, relayed)
    try:
        node.put("outage", "v1")
        view = StatusPage(setup, node.port, token="reader")
        view.wait_version("outage", "v1")
        database.refuse()
        view.wait("text('problem').startsWith('The database does not answer')", 30)
        view.picture("database-away")
        view.wait("version('outage') === 'v1' && text('connection') === 'Live'")
        view.open_history("outage")
        view.wait("past().includes('database of the service does not answer')", 20)
        database.listen()
        view.wait("text('problem') === ''", 30)
        node.put("outage", "v2")
        view.wait_version("outage", "v2")
    finally:
        node.kill()
        database.refuse()


@case
def page_of_a_node_without_streams(setup):
    node = Node(setup.node.binary, f"{setup.home}/without-streams", setup.origin, None, "max_listeners = 0")
    try:
        node.put("polled", "v1")
        view = StatusPage(setup, node.port, token="reader")
        view.wait_version("polled", "v1")
        view.wait("text('connection').includes('has no streams')")
        node.put("polled", "v2")
        view.wait_version("polled", "v2", 15)
    finally:
        node.kill()


@case
def page_of_a_large_board(setup):
    node = Node(setup.node.binary, f"{setup.home}/large", setup.origin)
    with sqlite3.connect(f"{node.home}/megaphone.db", timeout=10) as database:
        database.executemany(
            "INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) VALUES ('test', ?, 'v1')",
            [(f"channel-{number:05}",) for number in range(2000)])
    try:
        view = StatusPage(setup, node.port, token="reader")
        view.wait("text('count') === 'The first 1,000 of 2,000 channels. Use the filter.'")
        view.page.evaluate("document.getElementById('filter').focus()")
        view.page.type("EL-01999")
        view.wait("text('count') === '1 of 2,000 channels' && version('channel-01999') === 'v1'")
        node.put("channel-01999", "v2")
        view.wait_version("channel-01999", "v2")
    finally:
        node.kill()
