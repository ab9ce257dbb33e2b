"""Sends one HTTP request over a plain socket, in the form that wrk uses, and reads the complete response."""

from __future__ import annotations

import socket
from dataclasses import dataclass

DEADLINE_SECONDS = 10.0


@dataclass(frozen=True)
class Response:
    status: int
    fields: dict[str, str]
    body: bytes
    wire_bytes: int


def accepts(port: int) -> bool:
    """Returns whether a server accepts connections."""
    try:
        socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS).close()
    except OSError:
        return False
    return True


def ask(
    port: int, path: str, headers: dict[str, str], method: str = "GET", body: bytes = b""
) -> Response:
    """Sends a request on a new connection. Raises OSError without a server or a complete response."""
    with socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS) as connection:
        return ask_on(connection, path, headers, method, body)


def ask_on(
    connection: socket.socket,
    path: str,
    headers: dict[str, str],
    method: str = "GET",
    body: bytes = b"",
) -> Response:
    """Sends a request on an open connection and leaves it open."""
    port = connection.getpeername()[1]
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
    received = b""
    while b"\r\n\r\n" not in received:
        received += _receive(connection)
    head, _, rest = received.partition(b"\r\n\r\n")
    status_line, *field_lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.split(": ", 1) for line in field_lines)
    by_lower_name = {name.lower(): value for name, value in fields.items()}
    status = int(status_line.split()[1])
    length = 0 if status == 304 else int(by_lower_name.get("content-length", "0"))
    while len(rest) < length:
        rest += _receive(connection)
    return Response(status, fields, rest, len(head) + 4 + len(rest))


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(1 << 20)
    if not received:
        raise ConnectionError("the server closed the connection before the end of the response")
    return received
