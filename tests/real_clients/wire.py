"""Common code of all clients here: requests with exactly the given headers, and the test environment.

The test environment is the test around this process: it injects faults and lets the simulated customer act. It reads
requests as JSON lines from standard output and responds on standard input.
"""

import json
import os
import socket
import ssl
import sys
import time
import urllib.parse
import uuid

ORIGIN = os.environ["PORTRAIT_ORIGIN"]
BACKEND = os.environ["PORTRAIT_BACKEND"]
CLIENT_ID = os.environ["PORTRAIT_CLIENT_ID"]
CLIENT_SECRET = os.environ["PORTRAIT_CLIENT_SECRET"]
CONTEXT = ssl.create_default_context(cafile=os.environ["PORTRAIT_CA"])
STORE = "9d0a9c45-1793-4e82-9410-b0ee6779ab60"
V10 = "/pos/v10"


class Lost(Exception):
    """No response: the timeout is over, or the connection broke."""


class Answer:
    def __init__(self, status, body):
        self.status, self.body = status, body

    @property
    def json(self):
        return json.loads(self.body) if self.body else {}

    @property
    def code(self):
        return str(self.json.get("code", "")) if self.body.startswith(b"{") else ""


def call(method, path, headers, body=None, timeout=5.0, origin=ORIGIN, empty_chunks=False):
    """One request on its own connection. `empty_chunks`: an empty chunked body with Expect, as PHP's curl sends it.
    `timeout`: None waits forever.
    """
    url = urllib.parse.urlsplit(origin)
    lines = [f"{method} {path} HTTP/1.1", f"Host: {url.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if empty_chunks:
        lines += ["Transfer-Encoding: chunked", "Expect: 100-continue"]
    elif body is not None:
        lines.append(f"Content-Length: {len(body.encode())}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    give_up = None if timeout is None else time.monotonic() + timeout
    try:
        with socket.create_connection((url.hostname, url.port), timeout=20) as tcp:
            with CONTEXT.wrap_socket(tcp, server_hostname=url.hostname) as stream:
                stream.sendall(head + (b"" if empty_chunks or body is None else body.encode()))
                buffer = b""
                if empty_chunks:
                    buffer = read_head(stream, buffer, give_up)
                    if buffer.startswith(b"HTTP/1.1 100"):
                        buffer = buffer.partition(b"\r\n\r\n")[2]
                        stream.sendall(b"0\r\n\r\n")
                return read_answer(stream, buffer, give_up)
    except OSError as error:
        raise Lost(str(error)) from error


def receive(stream, give_up):
    left = None if give_up is None else give_up - time.monotonic()
    if left is not None and left <= 0:
        raise TimeoutError("the time-out is over")
    stream.settimeout(left)
    piece = stream.recv(65536)
    if not piece:
        raise OSError("the connection ended")
    return piece


def read_head(stream, buffer, give_up):
    while b"\r\n\r\n" not in buffer:
        buffer += receive(stream, give_up)
    return buffer


def read_answer(stream, buffer, give_up):
    head, _, body = read_head(stream, buffer, give_up).partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields.get(b"content-length", b"0")):
        body += receive(stream, give_up)
    return Answer(int(head.split()[1]), body)


def basic(text=f"{CLIENT_ID}:{CLIENT_SECRET}"):
    import base64

    return "Basic " + base64.b64encode(text.encode()).decode()


def token(headers=(), vat="DK90000028", timeout=10.0, origin=ORIGIN):
    """A token for this merchant, requested with only these headers and the required ones."""
    all_headers = [("Authorization", basic()), ("Content-Type", "application/x-www-form-urlencoded"), *headers]
    form = f"grant_type=client_credentials&merchant_vat={vat}"
    answer = call("POST", "/integrator-authentication/connect/token", all_headers, form, timeout, origin)
    return answer.json["access_token"]


def guid():
    return str(uuid.uuid4())


def tell(**what):
    """Asks the test environment to do something, and waits until it is done."""
    print(json.dumps(what), flush=True)
    answer = sys.stdin.readline().strip()
    assert answer == "ok", answer


def arm(*faults):
    """Injects faults into the next calls of operations: `("CreatePos", "timeout")`, ..."""
    tell(arm=faults)


def customer(beacon, act, account="credit"):
    """`check-in`, `accept` or `cancel`."""
    tell(customer=beacon, does=act, account=account)


def pays(beacon):
    customer(beacon, "check-in")
    customer(beacon, "accept")


def configured_pos(merchant_pos_id, beacon):
    """A PoS that was created manually long ago, without the recorder."""
    headers = [
        ("Authorization", "Bearer " + token(origin=BACKEND)),
        ("X-MobilePay-Client-System-Version", "1.0.0"),
        ("X-MobilePay-Idempotency-Key", guid()),
        ("Content-Type", "application/json"),
    ]
    pos = {"merchantPosId": merchant_pos_id, "storeId": STORE, "name": "by hand", "supportedBeaconTypes": ["QR"], "beaconId": beacon}
    return call("POST", V10 + "/pointofsales", headers, json.dumps(pos), origin=BACKEND).json["posId"]
