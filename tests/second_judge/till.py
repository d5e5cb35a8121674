"""A till as a coroutine: correct, unless one of its mistakes is due at that point.

`bad(name)` decides whether a mistake happens here: it must be selected for this timeline, and a random draw must
succeed. Every method that sends requests is a generator; `yield` returns the moment at which the till continues.
"""
import json

from wire import BASE, CLIENT_ID, STORE, TOKEN_URL, VERSION, guid, token, with_query

FINAL = {"Captured", "CancelledByUser", "CancelledByClient", "CancelledByMobilePay", "ExpiredAndCancelled"}


class Till:
    def __init__(self, wire, dice, name="Till 1", mistakes=(), start=0, features=()):
        self.wire, self.be, self.dice, self.name, self.mistakes = wire, wire.backend, dice, name, set(mistakes)
        self.features = features
        self.t = start
        self.keys = self.orders = self.tokens = 0
        self.pos, self.base = None, BASE
        self.due, self.delay, self.flags, self.hooks = {}, {}, {}, []
        self.reserved_ids = set()
        self.timeouts = {"GET": 500, "POST": 2000, "DELETE": 2000}
        self.retry_delay = dice.choice([150, 200, 400, 1000])
        self.margin = dice.choice([0, 5, 30, 200, 2000])
        self.sends = dice.choice([3, 4, 6])
        self.fault_rate = dice.choice([0, 0, 0.03, 0.1])
        self.token = None

    def bad(self, name, chance=0.5):
        return name in self.mistakes and self.dice.random() < chance

    def sleep(self, ms):
        self.t += int(ms)
        yield self.t

    def new_key(self):
        self.keys += 1
        key = guid("key", self.name, self.keys)
        return key.upper() if self.dice.random() < 0.2 else key

    def new_order(self):
        self.orders += 1
        return "%s-%04d" % (self.name.replace(" ", ""), self.orders)

    def headers(self, body, key):
        h = [("Authorization", "Bearer " + self.token), ("x-ibm-client-id", CLIENT_ID),
             ("x-mobilepay-client-system-version", VERSION), ("x-mobilepay-merchant-vat-number", "DK90000028")]
        if body is not None:
            h.append(("Content-Type", "application/json"))
        if key is not None:
            h.append(("x-mobilepay-idempotency-key", key))
        return h

    def send(self, method, path, body=None, key=None, fault=None, query=None, timeout=None):
        """One request; the till continues when it has ended."""
        yield self.t
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        timeout = timeout or self.timeouts[method]
        if fault is None and self.dice.random() < self.fault_rate:
            fault = self.dice.choice(["t", "5", "5x", "tl", 503, 502, "reset"])
        if self.bad("hang", 0.03):
            timeout, fault = self.dice.choice([3000, 16000]), fault or "t"
        headers = self.headers(text, key)
        for hook in self.hooks:
            method, path, headers, text = hook(self, method, path, headers, text)
        r = self.wire.exchange(self.t, method, with_query(path, query), headers, text, fault, timeout,
                               self.dice.choice([10, 30, 80]), self.base)
        self.t = r.end
        yield self.t
        if r.status == 401 and not self.bad("old-token", 0.8):
            yield from self.get_token()
            return (yield from self.send(method, path, body, key, None, query, timeout))
        return r

    def call(self, method, path, body=None, key=None, faults=(), query=None, sends=None):
        """A call with retries."""
        faults = list(faults)
        r = yield from self.send(method, path, body, key, faults.pop(0) if faults else None, query)
        limit = sends or max(self.sends, len(faults) + 2)
        if self.bad("seven-sends", 0.3) and r.failed:
            faults, limit = ["5"] * self.dice.choice([6, 7, 9]), 12
        count = 1
        while r.failed and count < limit:
            if self.bad("no-retry", 0.4):
                break
            yield from self.sleep(self.dice.choice([0, 20, 60]) if self.bad("at-once", 0.4) else self.retry_delay)
            if key is not None and self.bad("new-key", 0.4):
                key = self.new_key()
            if isinstance(body, dict) and self.bad("other-body", 0.4):
                body = self.altered(body)
            r = yield from self.send(method, path, body, key, faults.pop(0) if faults else "" if count + 1 == limit and not sends else None, query)
            count += 1
        if r.status == 429 or (400 <= r.status < 500 and self.bad("hammer-4xx", 0.6)):
            r = yield from self.repeat_refused(r, method, path, body, key, query)
        return r

    def repeat_refused(self, r, method, path, body, key, query):
        gap = 1000
        for n in range(self.dice.choice([1, 2, 3])):
            patient = r.status == 429 and not self.bad("impatient", 0.7)
            gap = gap * 2 if patient else 150
            yield from self.sleep(gap)
            r = yield from self.send(method, path, body, key, "" if r.status != 429 or n else 429, query)
            if not 400 <= r.status < 500:
                break
        return r

    def altered(self, body):
        body = dict(body)
        if "amount" in body:
            body["amount"] = body["amount"] + 1
        elif "name" in body:
            body["name"] = body["name"] + "x"
        else:
            body["orderId"] = body["orderId"] + "x"
        return body

    def get_token(self):
        self.tokens += 1
        self.token = self.wire.token = token(self.name + str(self.tokens))
        headers = [("Authorization", "Basic Y2xpZW50OnNlY3JldA=="), ("Content-Type", "application/x-www-form-urlencoded")]
        yield self.t
        r = self.wire.exchange(self.t, "POST", TOKEN_URL, headers, "grant_type=client_credentials")
        self.t = r.end

    # -- points of sale -------------------------------------------------------------------------------
    def pos_body(self):
        return {"merchantPosId": self.name, "storeId": STORE, "name": self.name, "supportedBeaconTypes": ["QR"]}

    def create_pos(self, faults=(), key=None):
        r = yield from self.call("POST", "/pointofsales", self.pos_body(), key or self.new_key(), faults)
        if r.get("posId"):
            self.pos = r.get("posId")
        elif r.failed:
            found = yield from self.find_pos()
            if found:
                self.pos = found[0]
        return r

    def find_pos(self):
        r = yield from self.call("GET", "/pointofsales", query={"merchantPosId": self.name})
        return r.get("posIds") or []

    def delete_pos(self, faults=()):
        return (yield from self.call("DELETE", "/pointofsales/" + self.pos, faults=faults))

    # -- polls ----------------------------------------------------------------------------------------
    def poll(self, pid, fault=None, kind="payments", tail=""):
        self.t = max(self.t, self.due.get((pid, tail), 0))
        if self.bad("early-poll", 0.15) and (pid, tail) in self.due:
            self.t = max(self.t - self.dice.choice([300, 600, 900]), self.last_end)
        r = yield from self.send("GET", "/%s/%s%s" % (kind, pid, tail), fault=fault)
        self.last_end = self.t
        floor = 0 if kind == "refunds" else 1000
        if r.get("pollDelayInMs") is not None:
            self.delay[pid] = r.get("pollDelayInMs")
        wait = max(self.delay.get(pid, 1000), floor) + self.margin
        if r.failed and self.bad("poll-at-once", 0.6):
            wait = self.dice.choice([0, 50, 120])
        elif r.failed and self.bad("flat-backoff", 0.8):
            wait = 400
        self.due[(pid, tail)] = self.t + wait
        if r.get("status") == "Reserved":
            self.reserved_ids.add(pid)
            self.flags[pid] = r.get("partialCapturePossible")
        return r

    def poll_until(self, pid, wanted, acts=(), faults=(), kind="payments", limit=14):
        acts, faults, r = list(acts), list(faults), None
        for _ in range(limit):
            r = yield from self.poll(pid, faults.pop(0) if faults else None, kind)
            state = r.get("status")
            if state in wanted or state in FINAL or r.status in (404, 403):
                break
            if state and acts:
                act = acts.pop(0)
                if act:
                    act()
        return r

    # -- payments -------------------------------------------------------------------------------------
    def payment_body(self, amount, **more):
        return dict({"posId": self.pos, "orderId": self.new_order(), "amount": amount, "currencyCode": "DKK",
                     "plannedCaptureDelay": "None"}, **more)

    def act(self, pid, name, body=None, faults=(), sends=None, kind="payments"):
        return (yield from self.call("POST", "/%s/%s/%s" % (kind, pid, name), body, faults=faults, sends=sends))

    def lookup(self, order, how=None):
        how = how or self.dice.choice(["pos", "order", "both"])
        query = {"pos": {"posId": self.pos}, "order": {"orderId": order}, "both": {"posId": self.pos, "orderId": order}}[how]
        return (yield from self.call("GET", "/payments", query=query))

    def customer(self, pid, name):
        """A customer action as a function, for `poll_until`."""
        def act():
            p = self.be.payments.get(pid)
            if not p:
                return
            if name == "checkin":
                self.be.checkin(pid)
            elif name == "accept" and p["status"] == "IssuedToUser":
                p["status"] = "Reserved"
            elif name == "cancel" and p["status"] in ("Paired", "IssuedToUser"):
                p["status"] = "CancelledByUser"
            elif name == "refuse" and p["status"] in ("Prepared", "Initiated", "IssuedToUser"):
                p["status"] = "CancelledByMobilePay"
        return act
