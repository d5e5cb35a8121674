"""The wire between till and backend, in virtual time, and the HAR that is made of it.

Times are milliseconds since START; nothing sleeps. Every
send becomes one HAR entry. A fault is put on a send by the scenario, never by chance.

Faults: "t" executed, never answered; "tl" lost before the backend, never answered; "5" answered 500, not
executed; "5x" executed, then 500; an int: that status, not executed; "reset" connection broken at once, not
executed; "resetx" executed, then broken at once; ("late", ms) executed, answered after ms; ("lost", ms) executed,
broken off after ms.
"""
import base64
import json
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit

from backend import FINAL, STORE, Backend, guid, operation  # noqa: F401  (FINAL, STORE and operation for others)

START = datetime(2026, 3, 2, 9, 0, 0, tzinfo=timezone.utc)
BASE = "https://127.0.0.1:8443/pos/v10"
TOKEN_URL = "https://127.0.0.1:8443/integrator-authentication/connect/token"
CLIENT_ID = "5d2f1b7c-3c1e-4c5a-9a55-0f2f1f8e2a10"
VAT = "DK90000028"


def make_token(claims, serial=0):
    def part(value):
        raw = json.dumps(value, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")
    signature = base64.urlsafe_b64encode(guid("signature", serial).encode()).decode().rstrip("=")
    return ".".join([part({"alg": "RS256", "typ": "JWT"}), part(dict(claims, jti=str(serial))), signature])


class Answer:
    def __init__(self, status, body=None, end=0):
        self.status, self.body, self.end = status, body, end

    @property
    def lost(self):
        return self.status == 0

    @property
    def failed(self):
        return self.status == 0 or self.status >= 500

    def get(self, name, default=None):
        return self.body.get(name, default) if isinstance(self.body, dict) else default

    @property
    def code(self):
        return str(self.get("code", ""))


class Traffic:
    """The wire: sends go to the backend, and every one of them is an entry of the HAR."""

    def __init__(self):
        self.backend = Backend()
        self.entries = []
        self.latency = 30
        self.http = "HTTP/1.1"

    def exchange(self, at, method, url, headers, text, fault=None, timeout=2000, latency=None, http=None):
        """One send at time `at`. Returns the answer as the client sees it; its `end` is when the client goes on."""
        url_parts = urlsplit(url)
        query = dict(parse_qsl(url_parts.query, keep_blank_values=True))
        path = url_parts.path.split("/v10", 1)[1] if "/v10" in url_parts.path else url_parts.path
        try:
            body = json.loads(text) if text else None
        except ValueError:
            body = None
        plain = {name.lower(): value for name, value in headers}
        latency = latency or self.latency
        if isinstance(fault, tuple):
            kind, ms = fault
            if kind == "lost":
                fault, timeout = "t", ms
            else:
                fault, latency = ("t", timeout) if ms >= timeout else (None, ms)
        status, content = 0, None
        if fault in (None, "t", "5x", "resetx"):
            status, content = self.respond(url_parts.path, method, path, query, plain, body)
        if fault in ("t", "tl"):
            status, content, latency = 0, None, timeout
        elif fault in ("reset", "resetx"):
            status, content, latency = 0, None, 8
        elif fault in ("5", "5x"):
            status, content = 500, self.backend.error(2000)
        elif isinstance(fault, int):
            status, content = fault, None
        self.log(at, latency, method, url, headers, text, status, content, http or self.http)
        return Answer(status, content, at + latency)

    def respond(self, full, method, path, query, plain, body):
        if full.endswith("/connect/token"):
            return 200, {"access_token": self.token, "expires_in": 3700, "token_type": "Bearer", "scope": "integrator_scope"}
        if "/usersimulation/" in full:
            return 200, None
        return self.backend.handle(method, path, query, plain, body)

    def log(self, at, took, method, url, headers, text, status, content, http):
        request = {"method": method, "url": url, "httpVersion": http, "cookies": [],
                   "headers": [{"name": n, "value": v} for n, v in headers],
                   "queryString": [{"name": n, "value": v} for n, v in parse_qsl(urlsplit(url).query, True)],
                   "headersSize": -1, "bodySize": len(text.encode()) if text else 0}
        if text is not None:
            mime = next((v for n, v in headers if n.lower() == "content-type"), "application/json")
            request["postData"] = {"mimeType": mime, "text": text}
        answer = "" if content is None else json.dumps(content)
        response = {"status": status, "statusText": REASONS.get(status, ""), "httpVersion": http if status else "",
                    "cookies": [], "headers": [], "redirectURL": "", "headersSize": -1,
                    "content": {"size": len(answer), "mimeType": "application/json" if answer else "x-unknown"},
                    "bodySize": len(answer) if status else -1}
        if status:
            response["headers"] = [{"name": "Content-Length", "value": str(len(answer))}]
            if answer:
                response["headers"].insert(0, {"name": "Content-Type", "value": "application/json; charset=utf-8"})
                response["content"]["text"] = answer
        self.entries.append({"startedDateTime": stamp(at), "time": took, "request": request, "response": response,
                             "cache": {}, "timings": {"send": 0, "wait": took, "receive": 0}})

    def har(self):
        entries = sorted(self.entries, key=lambda e: e["startedDateTime"])
        return {"log": {"version": "1.2", "creator": {"name": "corpus", "version": "1"}, "entries": entries}}


REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict",
           500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


def stamp(at):
    return (START + timedelta(milliseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
