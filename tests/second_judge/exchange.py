"""One exchange of a HAR file as the judge sees it: operation, resource, body, times in milliseconds.

Only parses, decides nothing. Amounts are Decimal; repeated names in JSON objects are kept.
"""
import base64
import json
import re
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qsl, unquote, urlsplit

GUID = re.compile(r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")
OPERATIONS = [
    ("GET", "stores", "GetStores"), ("GET", "stores/detailed", "GetDetailedStores"), ("GET", "stores/*", "GetStore"),
    ("POST", "pointofsales", "CreatePos"), ("GET", "pointofsales", "GetPosWithFilter"),
    ("GET", "pointofsales/*", "GetPos"), ("DELETE", "pointofsales/*", "DeletePos"),
    ("GET", "pointofsales/*/checkin", "GetCheckIn"), ("POST", "payments/prepare", "PreparePayment"),
    ("POST", "payments", "InitiatePayment"), ("GET", "payments", "QueryPaymentIds"),
    ("POST", "payments/*/ready", "PaymentReady"), ("GET", "payments/*", "QueryPayment"),
    ("POST", "payments/*/capture", "CapturePayment"), ("POST", "payments/*/cancel", "CancelPayment"),
    ("POST", "refunds", "CreateRefund"), ("GET", "refunds/*", "GetRefund"), ("GET", "refunds", "QueryRefundIds"),
    ("POST", "refunds/*/capture", "CaptureRefund"), ("POST", "refunds/*/cancel", "CancelRefund"),
]
CREATES = {"CreatePos", "InitiatePayment", "PreparePayment", "CreateRefund"}
POLLS = {"GetCheckIn", "QueryPayment", "GetRefund"}
STARTS = {"InitiatePayment", "PreparePayment"}


class Unreadable(Exception):
    """A text that is not JSON, or ambiguous JSON."""


def read_json(text):
    """The value of a JSON text, and whether a name is repeated in an object; Unreadable if it is not JSON."""
    twice = []

    def pairs(items):
        names = [name for name, _ in items]
        if len(set(names)) != len(names):
            twice.append(names)
        return dict(items)
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, object_pairs_hook=pairs,
                          parse_constant=lambda c: (_ for _ in ()).throw(ValueError(c))), bool(twice)
    except (ValueError, RecursionError) as problem:
        raise Unreadable(str(problem)) from None


def operation(method, path):
    """The name of the operation and the id in its path. `path` is the part after /v10/."""
    parts = path.strip("/").split("/")
    for verb, shape, name in OPERATIONS:
        want = shape.split("/")
        if verb == method and len(want) == len(parts) and all(w == p or (w == "*" and p) for w, p in zip(want, parts)):
            return name, next((unquote(p) for w, p in zip(want, parts) if w == "*"), None)
    return None, None


def milliseconds(text):
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


class Exchange:
    """One request with its response. `status` 0: no response."""

    def __init__(self, entry):
        request, response = entry["request"], entry["response"]
        self.n = 0
        self.entry = entry
        self.start = milliseconds(entry["startedDateTime"])
        self.took = entry["time"]
        self.end = self.start + self.took
        self.method, self.url = request["method"], request["url"]
        parts = urlsplit(self.url)
        self.full_path = parts.path
        self.query = parse_qsl(parts.query, keep_blank_values=True)
        self.kind, self.op, self.id, self.base = "call", None, None, None
        if parts.path.endswith("/connect/token"):
            self.kind = "token"
        elif "/usersimulation/" in parts.path:
            self.kind = "simulation"
        else:
            base, _, rest = parts.path.partition("/v10")
            self.base = (parts.scheme, parts.netloc, base + "/v10")
            self.op, self.id = operation(self.method, rest)
        self.headers = [(h["name"].lower(), h["value"]) for h in request["headers"]]
        self.text = request.get("postData", {}).get("text") or ""
        self.body, self.body_problem, self.name_twice = None, None, False
        if self.text:
            try:
                self.body, self.name_twice = read_json(self.text)
            except Unreadable as problem:
                self.body_problem = str(problem)
        self.status = response["status"]
        self.answer_text = response["content"].get("text", "")
        self.answer = None
        try:
            self.answer = read_json(self.answer_text)[0] if self.answer_text else None
        except Unreadable:
            pass
        self.answer_headers = {h["name"].lower(): h["value"] for h in response["headers"]}

    # -- request --------------------------------------------------------------------------------------
    def header(self, name):
        return [value for key, value in self.headers if key == name]

    def field(self, name):
        return self.body.get(name) if isinstance(self.body, dict) else None

    def text_field(self, name):
        value = self.field(name)
        return value if isinstance(value, str) and value else None

    def id_field(self, name):
        value = self.text_field(name)
        return value.lower() if value else None

    @property
    def amount(self):
        return money(self.field("amount"))

    @property
    def key(self):
        values = self.header("x-mobilepay-idempotency-key")
        return values[0].lower() if len(values) == 1 and values[0] else None

    @property
    def token(self):
        values = self.header("authorization")
        return values[0][7:].strip() if len(values) == 1 and values[0].lower().startswith("bearer ") else None

    @property
    def claims(self):
        try:
            part = (self.token or "").split(".")[1]
            return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        except (IndexError, ValueError):
            return {}

    @property
    def resource(self):
        """The subject of a poll, an action or a look-up: the id in the path, ignoring case."""
        return self.id.lower() if self.id else None

    @property
    def query_map(self):
        return {name: value for name, value in self.query}

    @property
    def call_key(self):
        """Which call this is an attempt of: creates by key, others by method and path."""
        if self.op in CREATES:
            return ("create", self.key or "no key %d" % self.n)
        return (self.method, self.full_path.lower(), tuple(sorted(self.query)) if self.method == "GET" else ())

    def same_request(self, other):
        return (self.method, self.full_path.lower(), sorted(self.query)) == (
            other.method, other.full_path.lower(), sorted(other.query)) and self.same_body(other) and self.key == other.key

    def same_body(self, other):
        if self.text == other.text:
            return True
        if self.body is None or self.name_twice or other.name_twice:
            return False
        return self.body == other.body or plain(self.body) == plain(other.body)

    # -- response -------------------------------------------------------------------------------------
    @property
    def ok(self):
        return 200 <= self.status < 300

    @property
    def failed(self):
        """No response or 5xx."""
        return self.status == 0 or self.status >= 500

    @property
    def refused(self):
        return 400 <= self.status < 500

    @property
    def timed_out(self):
        return self.status == 0 and self.took >= 400

    @property
    def code(self):
        value = self.answer.get("code") if isinstance(self.answer, dict) else None
        return str(value) if value is not None else ""

    def told(self, name):
        return self.answer.get(name) if isinstance(self.answer, dict) else None

    @property
    def state(self):
        """The state in the response to a poll of a payment or refund."""
        return self.told("status") if self.ok and self.op in ("QueryPayment", "GetRefund") else None

    @property
    def created(self):
        """The id in the response to a create, if readable."""
        name = {"CreatePos": "posId", "CreateRefund": "refundId"}.get(self.op, "paymentId")
        value = self.told(name) if self.ok and self.op in CREATES else None
        return value.lower() if isinstance(value, str) and GUID.match(value) else None

    @property
    def listed(self):
        name = {"QueryPaymentIds": "paymentIds", "QueryRefundIds": "refundIds", "GetPosWithFilter": "posIds"}.get(self.op)
        value = self.told(name) if name and self.ok else None
        return [str(v).lower() for v in value] if isinstance(value, list) else None

    def __repr__(self):
        return "%d %s %s -> %d" % (self.n, self.op or self.method, self.id or "", self.status)


def money(value):
    """An amount as Decimal, numeric strings included; None if it is not an amount."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and re.match(r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$", value):
        return Decimal(value)
    return None


def plain(body):
    """The body with its amount as a number, for comparison: 60 and "60.00" are the same amount."""
    if not isinstance(body, dict) or money(body.get("amount")) is None:
        return body
    return dict(body, amount=money(body["amount"]))


def load(har):
    """The exchanges of a HAR in the order of their start, numbered from 1."""
    found = [Exchange(entry) for entry in har["log"]["entries"]]
    found.sort(key=lambda x: x.start)
    for number, exchange in enumerate(found, 1):
        exchange.n = number
    return found
