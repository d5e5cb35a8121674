"""The connection to the backend: token, headers, timeouts, retries and poll delays.

Everything follows api_principles: 2 s for POST and DELETE, 0.5 s for GET, the same request with the same key after no
response or a 5xx, at most five retries, and no poll of a resource before its pollDelayInMs has passed.
"""

import base64
import http.client
import json
import random
import ssl
import sys
import threading
import time
import urllib.parse
from decimal import Decimal

import mistakes

POST_TIMEOUT = 2.0
GET_TIMEOUT = 0.5
CONNECT_TIMEOUT = 10.0
SENDS = 5
RETRY_DELAY = (0.4, 0.7)
FIRST_DELAY = 1.0
POLLED_ONCE_A_SECOND = ("/payments/", "/pointofsales/")
VERSION = "3.1.4"
VAT = "DK90000028"


def encode(value):
    """JSON text of a value; amounts (Decimal) are written as exact numbers, never through a float."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {encode(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(encode(v) for v in value) + "]"
    return json.dumps(value)


class Answer:
    """A response: `status` is None if there was none; `body` is the parsed JSON or None."""

    def __init__(self, status, raw=b""):
        self.status = status
        try:
            self.body = json.loads(raw) if raw else None
        except ValueError:
            self.body = None

    @property
    def ok(self):
        return self.status in (200, 204)

    @property
    def failed(self):
        """No response or a server error: the outcome is unknown."""
        return self.status is None or self.status >= 500

    @property
    def code(self):
        return self.body.get("code") if isinstance(self.body, dict) else None

    def get(self, name):
        return self.body.get(name) if isinstance(self.body, dict) else None

    def __str__(self):
        return "no answer" if self.status is None else f"{self.status}/{self.code or '-'}"


class Link:
    def __init__(self, base_url, ca_file, client_id, secret):
        self.client_id, self.secret = client_id, secret
        parts = urllib.parse.urlsplit(base_url)
        self.host, self.port = parts.hostname, parts.port or 443
        self.base = parts.path.rstrip("/")
        self.token_path = self.base.removesuffix("/pos/v10") + "/integrator-authentication/connect/token"
        self.context = ssl.create_default_context(cafile=ca_file)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.local = threading.local()
        self.lock = threading.Lock()
        self.token, self.token_ends = None, 0.0
        self.slots = {}

    # --- one attempt ------------------------------------------------------------------------------

    def _send(self, method, path, headers, body):
        limit = GET_TIMEOUT if method == "GET" else POST_TIMEOUT
        if mistakes.has("no-timeout"):
            limit = 60.0
        connection = getattr(self.local, "connection", None)
        try:
            if connection is None:
                connection = http.client.HTTPSConnection(
                    self.host, self.port, timeout=CONNECT_TIMEOUT, context=self.context)
                connection.connect()
                self.local.connection = connection
            connection.sock.settimeout(limit)
            given_up = time.monotonic() + limit
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            data = body.encode() if body is not None else b""
            if method != "GET" and method != "DELETE":
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            answer = connection.getresponse()
            if connection.sock is not None:
                connection.sock.settimeout(max(0.05, given_up - time.monotonic()))
            raw = answer.read()
            if answer.will_close:
                self._hang_up()
            return Answer(answer.status, raw)
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return Answer(None)

    def _hang_up(self):
        connection = getattr(self.local, "connection", None)
        self.local.connection = None
        if connection is not None:
            connection.close()

    # --- token ----------------------------------------------------------------------------------

    def _bearer(self, refused=None):
        """The current token; a new one if it is about to expire or was refused."""
        with self.lock:
            if self.token == refused or time.monotonic() > self.token_ends - 60:
                self.token = None
            for attempt in range(SENDS):
                if self.token is not None:
                    return self.token
                if attempt:
                    time.sleep(random.uniform(*RETRY_DELAY))
                basic = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
                answer = self._send("POST", self.token_path, [
                    ("Authorization", f"Basic {basic}"),
                    ("Content-Type", "application/x-www-form-urlencoded"),
                    ("X-IBM-Client-Id", self.client_id)], "grant_type=client_credentials")
                if answer.ok and answer.get("access_token"):
                    self.token = answer.get("access_token")
                    self.token_ends = time.monotonic() + float(answer.get("expires_in") or 0)
                elif not answer.failed:
                    print(f"token: {answer}", file=sys.stderr, flush=True)
                    return None
            return self.token

    def _headers(self, token, key, has_body):
        headers = [
            ("Authorization", f"Bearer {token}"),
            ("Accept", "application/json"),
            ("X-IBM-Client-Id", self.client_id),
            ("X-MobilePay-Client-System-Version", VERSION),
            ("X-MobilePay-Merchant-VAT-Number", VAT)]
        if mistakes.has("two-versions"):
            headers.append(("X-MobilePay-Client-System-Version", VERSION))
        if key is not None:
            headers.append(("X-MobilePay-Idempotency-Key", mistakes.key(key)))
        if has_body:
            headers.append(("Content-Type", "application/json"))
        return headers

    def once(self, method, path, body=None, key=None):
        """One attempt of a call, and one more with a new token if the old one was refused."""
        text = encode(body) if body is not None else None
        token = self._bearer()
        if token is None:
            return Answer(None)
        answer = self._send(method, self.base + path, self._headers(token, key, text is not None), text)
        if answer.status == 401:
            token = self._bearer(refused=token)
            if token is not None:
                answer = self._send(method, self.base + path,
                                    self._headers(token, key, text is not None), text)
        return answer

    # --- calls and polls --------------------------------------------------------------------------

    def call(self, method, path, body=None, key=None):
        """A call with its retries, unchanged, while there is no response or a 5xx."""
        sends = mistakes.sends(path, SENDS)
        for attempt in range(sends):
            if attempt:
                time.sleep(mistakes.retry_delay(random.uniform(*RETRY_DELAY)))
            answer = self.once(method, path, body, key)
            if not answer.failed:
                return answer
        return answer

    def wait_before(self, path):
        """Seconds until this resource may be polled again."""
        with self.lock:
            return max(0.0, self.slots.get(path, (0.0, FIRST_DELAY))[0] - time.monotonic())

    def poll(self, path):
        """One poll, no sooner than the last response to a poll of this resource allows."""
        time.sleep(self.wait_before(path))
        answer = self.once("GET", path)
        with self.lock:
            delay = self.slots.get(path, (0.0, FIRST_DELAY))[1]
            asked = answer.get("pollDelayInMs") if answer.ok else None
            if isinstance(asked, (int, float)) and not isinstance(asked, bool):
                delay = asked / 1000
                if path.startswith(POLLED_ONCE_A_SECOND):
                    delay = max(delay, 1.0)
            delay = mistakes.poll_delay(delay)
            self.slots[path] = (time.monotonic() + delay + 0.01, delay)
        return answer
