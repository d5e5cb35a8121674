"""The traffic between tills and the simulated backend, in virtual milliseconds, and its HAR.

Tills are coroutines that yield the moment at which they continue; `run` resumes the earliest. A fault is a dict or
one of the short names below.
"""
import base64
import heapq
import json
import os
import sys
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlencode, urlsplit

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "corpus"))
from backend import STORE, Backend, guid  # noqa: E402

START = datetime(2026, 3, 2, 9, 0, 0, tzinfo=timezone.utc)
BASE = "https://127.0.0.1:8443/pos/v10"
TOKEN_URL = "https://127.0.0.1:8443/integrator-authentication/connect/token"
CLIENT_ID = "5d2f1b7c-3c1e-4c5a-9a55-0f2f1f8e2a10"
VERSION = "1.2.3"
FAULTS = {
    "t": {"run": True, "status": 0},                     # executed, response lost
    "tl": {"run": False, "status": 0},                   # lost before the backend
    "5": {"run": False, "status": 500}, "5x": {"run": True, "status": 500},
    "reset": {"run": False, "status": 0, "took": 8}, "resetx": {"run": True, "status": 0, "took": 8},
}


class Response:
    def __init__(self, status, body, start, end):
        self.status, self.body, self.start, self.end = status, body, start, end

    def get(self, name):
        return self.body.get(name) if isinstance(self.body, dict) else None

    @property
    def failed(self):
        return self.status == 0 or self.status >= 500

    @property
    def ok(self):
        return 200 <= self.status < 300

    @property
    def code(self):
        return str(self.get("code") or "")


class Wire:
    def __init__(self):
        self.backend = Backend()
        self.entries = []

    def exchange(self, at, method, path, headers, text, fault=None, timeout=2000, took=30, base=BASE):
        """One request at `at`. `path` may be a whole URL. Returns the response that the client sees."""
        url = path if path.startswith("http") else base + path
        if isinstance(fault, (str, int)) and fault != "":
            fault = FAULTS.get(fault) or {"run": False, "status": int(fault)}
        fault = fault or {}
        status, content = (self.execute(method, url, headers, text) if fault.get("run", True) else (0, None))
        answer = "" if content is None else json.dumps(content)
        if "status" in fault:
            status = fault["status"]
            answer = json.dumps(self.backend.error(fault.get("code", 2000))) if status >= 400 and status not in (429, 502, 503, 504) else answer
            if status in (0, 401, 429, 502, 503, 504):
                answer = ""
        if "text" in fault:
            answer = fault["text"]
        took = fault.get("took", timeout if status == 0 else took)
        self.log(at, took, method, url, headers, text, status, answer, fault.get("headers", []))
        try:
            body = json.loads(answer) if answer else None
        except ValueError:
            body = None
        return Response(status, body, at, at + took)

    def execute(self, method, url, headers, text):
        parts = urlsplit(url)
        if parts.path.endswith("/connect/token"):
            return 200, {"access_token": self.token, "expires_in": 3700, "token_type": "Bearer", "scope": "integrator_scope"}
        if "/usersimulation/" in parts.path:
            return 200, None
        try:
            body = json.loads(text) if text else None
        except ValueError:
            body = None
        try:
            return self.backend.handle(method, parts.path.split("/v10", 1)[-1], dict(parse_qsl(parts.query)),
                                       {n.lower(): v for n, v in headers}, body)
        except (TypeError, KeyError):                  # a body that its state machine cannot handle
            return 400, self.backend.error(1102)

    def log(self, at, took, method, url, headers, text, status, answer, more):
        request = {"method": method, "url": url, "httpVersion": "HTTP/1.1", "cookies": [],
                   "headers": [{"name": n, "value": v} for n, v in headers],
                   "queryString": [{"name": n, "value": v} for n, v in parse_qsl(urlsplit(url).query, True)],
                   "headersSize": -1, "bodySize": len(text.encode()) if text else 0}
        if text is not None:
            request["postData"] = {"mimeType": "application/json", "text": text}
        size = len(answer.encode())
        sent = [("Content-Length", str(size))] + ([("Content-Type", "application/json")] if answer else []) + list(more)
        response = {"status": status, "statusText": "", "httpVersion": "HTTP/1.1" if status else "", "cookies": [],
                    "headers": [{"name": n, "value": v} for n, v in sent] if status else [], "redirectURL": "",
                    "headersSize": -1, "bodySize": size if status else -1,
                    "content": {"size": size, "mimeType": "application/json", "text": answer}}
        self.entries.append({"startedDateTime": stamp(at), "time": took, "request": request, "response": response,
                             "cache": {}, "timings": {"send": 0, "wait": took, "receive": 0}})

    def har(self):
        return har_of(sorted(self.entries, key=lambda e: e["startedDateTime"]))


def har_of(entries):
    return {"log": {"version": "1.2", "creator": {"name": "second_judge", "version": "1"}, "entries": entries}}


def stamp(at):
    return (START + timedelta(milliseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def token(serial, **claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")
    claims = dict({"client_id": CLIENT_ID, "jti": str(serial)}, **claims)
    return ".".join([part({"alg": "RS256", "typ": "JWT"}), part(claims), "c2ln"])


def run(tills):
    """Runs coroutines in virtual time until all have ended."""
    queue = []
    for number, till in enumerate(tills):
        heapq.heappush(queue, (next(till, None) or 0, number, till))
    while queue:
        _, number, till = heapq.heappop(queue)
        try:
            heapq.heappush(queue, (next(till), number, till))
        except StopIteration:
            pass


def with_query(path, query):
    return path + ("?" + urlencode(query) if query else "")


__all__ = ["STORE", "guid"]
