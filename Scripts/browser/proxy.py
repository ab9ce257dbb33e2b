"""A TCP proxy between the browser and the node, with the faults of real ones."""

import select
import socket
import threading
import time

BAD_GATEWAY = (b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 20\r\nConnection: close\r\n\r\n"
               b"<h1>Bad gateway</h1>")
# How long a connection may take to notice that it was dropped or frozen.
TICK_SECONDS = 0.02
WAIT_SECONDS = 5


class Connection:
    def __init__(self, client):
        self.client = client
        self.frozen = False  # forwards nothing any more, without closing: a half-open link
        self.dropped = False


class Proxy:
    """Forwards to the node, except for paths below /page/, which it forwards to the server of the test's pages.

    `mode` is for requests to the node: "forward", "bad gateway" (502) or "silent" (accepts, and never responds).
    """

    def __init__(self, node_port, pages_port):
        self.node_port = node_port
        self.pages_port = pages_port
        self.mode = "forward"
        self.lock = threading.Lock()
        self.connections = set()  # open connections to the node
        self.accepted = 0  # how many such connections there have been
        self.port = 0
        self.listener = None
        self.listen()

    def listen(self):
        if self.listener:
            return
        listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = listener.getsockname()[1]
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def refuse(self):
        """Closes the listener, so that new connections are refused, and drops all open ones."""
        if self.listener:
            # close() alone does not wake the thread in accept().
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        self.drop()

    def drop(self):
        """Closes all connections, and waits until they are closed."""
        with self.lock:
            present = list(self.connections)
        for connection in present:
            connection.dropped = True
        self.wait_closed(present)

    def wait_closed(self, which=None):
        """Waits until these connections, or all, are closed. Fails after some seconds."""
        end = time.monotonic() + WAIT_SECONDS
        while self.open_connections(which):
            if time.monotonic() > end:
                raise AssertionError("a connection stays open")
            time.sleep(TICK_SECONDS)

    def wait_accepted(self, count):
        """Waits until this many connections to the node have been accepted. Fails after some seconds."""
        end = time.monotonic() + WAIT_SECONDS
        while self.accepted < count:
            if time.monotonic() > end:
                raise AssertionError("no further request")
            time.sleep(TICK_SECONDS)

    def open_connections(self, which=None):
        """Returns how many of these connections, or of all, are open."""
        with self.lock:
            return len(self.connections if which is None else self.connections.intersection(which))

    def freeze(self):
        """Stops forwarding on all open connections, and on those to come, without closing any."""
        self.mode = "silent"
        with self.lock:
            for connection in self.connections:
                connection.frozen = True

    def reset(self):
        """Ends every fault."""
        self.mode = "forward"
        self.drop()
        self.listen()

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            client.settimeout(30)
            try:
                head = client.recv(65536)
                if head.split(b" ")[1:2] and head.split(b" ")[1].startswith(b"/page/"):
                    with socket.create_connection(("127.0.0.1", self.pages_port), 5) as upstream:
                        self.pump(Connection(client), upstream, head)
                elif head:
                    self.serve_node(Connection(client), head)
            except OSError:
                pass

    def serve_node(self, connection, head):
        with self.lock:
            self.connections.add(connection)
            self.accepted += 1
        try:
            if self.mode == "bad gateway":
                connection.client.sendall(BAD_GATEWAY)
            elif self.mode == "silent":
                self.hold(connection)
            else:
                try:
                    upstream = socket.create_connection(("127.0.0.1", self.node_port), 5)
                except OSError:
                    connection.client.sendall(BAD_GATEWAY)
                    return
                with upstream:
                    self.pump(connection, upstream, head)
        finally:
            with self.lock:
                self.connections.discard(connection)

    @staticmethod
    def pump(connection, upstream, head):
        """Forwards in both directions until one side closes."""
        upstream.sendall(head)
        other = {connection.client: upstream, upstream: connection.client}
        while not connection.dropped:
            readable = select.select(list(other), [], [], TICK_SECONDS)[0]
            if connection.frozen:
                return Proxy.hold(connection)
            for source in readable:
                data = source.recv(65536)
                if not data:
                    return None
                other[source].sendall(data)
        return None

    @staticmethod
    def hold(connection):
        """Keeps a connection open, and neither reads nor writes."""
        while not connection.dropped:
            time.sleep(TICK_SECONDS)


class DatabaseProxy(Proxy):
    """Forwards to a database, whose protocol begins with a message of the server."""

    def __init__(self, database_port):
        super().__init__(database_port, pages_port=None)

    def serve(self, client):
        with client:
            try:
                self.serve_node(Connection(client), b"")
            except OSError:
                pass
