"""The till of the corpus: a right client that walks through every case, and whose every habit can be bent.

A scenario changes attributes (habits), replaces a walk, hooks `on_request`, or adds acts. What it does not
touch stays right, so that the expectation is exact: only what was bent may be found.
"""
import json
from urllib.parse import urlencode

from walks import MoreWalks
from traffic import BASE, CLIENT_ID, FINAL, STORE, TOKEN_URL, VAT, Traffic, guid, make_token, operation

FEATURES = ["onboarding", "payment", "prepared-payment", "refund", "loyalty", "payment-restrictions"]
WALKS = {
    "onboarding": ["onboarding_1", "onboarding_2", "onboarding_3", "onboarding_4"],
    "payment": ["payment_%d" % n for n in range(1, 8)],
    "prepared-payment": ["prepared_%d" % n for n in range(1, 5)],
    "refund": ["refund_%d" % n for n in range(1, 4)],
    "loyalty": ["loyalty_1", "loyalty_2"],
    "payment-restrictions": ["restrictions_1", "restrictions_2", "restrictions_3"],
}


class Client(MoreWalks):
    def __init__(self, traffic=None, features=("onboarding", "payment"), merchant_pos_id="Till 1", start=0):
        self.traffic = traffic or Traffic()
        self.be = self.traffic.backend
        self.features = list(features)
        self.t = start
        # habits
        self.timeout_get, self.timeout_post = 500, 2000
        self.retry_delay = 200                 # a number, or a function of the send's number
        self.max_sends = 6
        self.margin = 30                       # how much later than asked a poll comes
        self.fresh_key_per_send = False
        self.key_style = str                   # what a key looks like
        self.client_id, self.version, self.vat = CLIENT_ID, "1.2.3", VAT
        self.claims = {"client_id": CLIENT_ID}
        self.base, self.store, self.beacon = BASE, STORE, None
        self.shows_token_call = True
        self.on_request = None                 # function(req) that bends one send; req["op"] names it
        self.name = merchant_pos_id
        self.currency = "DKK"
        # memory
        self.keys_made = self.orders = self.tokens = 0
        self.pos = None
        self.ready_at, self.last_delay = {}, {}
        self.token = None
        self.held = set()                      # payments seen Reserved: the clean-up leaves them alone

    # -- the wire -------------------------------------------------------------------------------------
    def sleep(self, ms):
        self.t += int(ms)

    def new_key(self):
        self.keys_made += 1
        return self.key_style(guid("key", self.name, self.keys_made))

    def new_order(self):
        self.orders += 1
        return "%s-%04d" % (self.name.replace(" ", ""), self.orders)

    def headers(self, body, key):
        h = [("Accept", "application/json"), ("Authorization", "Bearer " + (self.token or ""))]
        if self.client_id is not None:
            h.append(("x-ibm-client-id", self.client_id))
        if self.version is not None:
            h.append(("x-mobilepay-client-system-version", self.version))
        if self.vat is not None:
            h.append(("x-mobilepay-merchant-vat-number", self.vat))
        if body is not None:
            h.append(("Content-Type", "application/json"))
        if key is not None:
            h.append(("x-mobilepay-idempotency-key", key))
        return h

    def send(self, method, path, body=None, key=None, fault=None, query=None, timeout=None, latency=None):
        """One send. A body may be a dict or a text that goes out as it stands."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        if timeout is None:
            timeout = self.timeout_get if method == "GET" else self.timeout_post
        req = {"op": operation(method, path), "method": method, "path": path, "url": self.base + path, "body": text,
               "headers": self.headers(text, key), "query": query, "http": None, "client": self}
        if self.on_request:
            self.on_request(req)
        url = req["url"] + ("?" + urlencode(req["query"]) if req["query"] else "")
        answer = self.traffic.exchange(self.t, req["method"], url, req["headers"], req["body"], fault, timeout, latency,
                                     req["http"])
        self.t = answer.end
        return answer

    def call(self, method, path, body=None, key=None, faults=(), query=None, sends=None):
        """A call with retries: the same bytes again after no answer or 5xx."""
        faults = list(faults)
        answer = None
        for n in range(sends or self.max_sends):
            if n:
                self.sleep(self.retry_delay(n) if callable(self.retry_delay) else self.retry_delay)
                if key is not None and self.fresh_key_per_send:
                    key = self.new_key()
            answer = self.send(method, path, body, key, faults.pop(0) if faults else None, query)
            if not answer.failed:
                break
        return answer

    def get_token(self, show=None):
        self.tokens += 1
        self.token = self.traffic.token = make_token(self.claims, self.name + str(self.tokens))
        if self.shows_token_call if show is None else show:
            form = {"grant_type": "client_credentials"}
            if "merchant_vat" in self.claims:
                form["merchant_vat"] = self.claims["merchant_vat"]
            headers = [("Authorization", "Basic Y2xpZW50OnNlY3JldA=="),
                       ("Content-Type", "application/x-www-form-urlencoded")]
            self.t = self.traffic.exchange(self.t, "POST", TOKEN_URL, headers, urlencode(form)).end

    # -- stores and PoS -------------------------------------------------------------------------------
    def start(self):
        self.get_token()
        self.call("GET", "/stores", query={"merchantBrandId": "MPPOSCERT1", "merchantLocationId": "00001"})
        self.call("GET", "/stores/" + self.store)

    def pos_body(self, **more):
        return dict({"merchantPosId": self.name, "storeId": self.store, "name": self.name, "beaconId": self.beacon,
                     "supportedBeaconTypes": ["QR"]}, **more)

    def lookup_pos(self):
        return self.call("GET", "/pointofsales", query={"merchantPosId": self.name})

    def create_pos(self, faults=(), key=None, **more):
        answer = self.call("POST", "/pointofsales", self.pos_body(**more), key or self.new_key(), faults)
        if answer.status == 200:
            self.pos = answer.get("posId")
        return answer

    def get_pos(self, pos=None):
        return self.call("GET", "/pointofsales/" + (pos or self.pos))

    def delete_pos(self, faults=(), pos=None):
        return self.call("DELETE", "/pointofsales/" + (pos or self.pos), faults=faults)

    # -- payments -------------------------------------------------------------------------------------
    def payment_body(self, amount=100, order=None, **more):
        return dict({"posId": self.pos, "orderId": order or self.new_order(), "amount": amount,
                     "currencyCode": self.currency, "plannedCaptureDelay": "None"}, **more)

    def initiate(self, amount=100, faults=(), key=None, body=None, **more):
        return self.call("POST", "/payments", body or self.payment_body(amount, **more), key or self.new_key(), faults)

    def prepare(self, faults=(), key=None, order=None, body=None):
        body = body or {"posId": self.pos, "orderId": order or self.new_order()}
        return self.call("POST", "/payments/prepare", body, key or self.new_key(), faults)

    def make_ready(self, pid, amount=100, faults=(), **more):
        body = dict({"amount": amount, "currencyCode": self.currency, "plannedCaptureDelay": "None"}, **more)
        return self.call("POST", "/payments/%s/ready" % pid, body, faults=faults)

    def poll(self, pid, fault=None, kind="payments", tail="", early=0):
        """One poll, when it is due. A poll that fails is not sent again: polling goes on with the last delay."""
        self.t = max(self.t, int(self.ready_at.get(pid, 0)) - int(early))
        answer = self.send("GET", "/%s/%s%s" % (kind, pid, tail), fault=fault)
        if answer.get("status") == "Reserved":
            self.held.add(pid)
        floor = 0 if kind == "refunds" else 1000
        delay = answer.get("pollDelayInMs") or self.last_delay.get(pid, 1000)
        self.last_delay[pid] = delay
        self.ready_at[pid] = self.t + max(delay, floor) + self.margin
        return answer

    def poll_until(self, pid, wanted, acts=(), faults=(), limit=20):
        """Polls until `wanted`; after each answered poll the customer does the next of `acts`."""
        acts, faults = list(acts), list(faults)
        for _ in range(limit):
            answer = self.poll(pid, faults.pop(0) if faults else None)
            status = answer.get("status")
            if status in wanted:
                return answer
            assert status not in FINAL, status
            if status and acts:
                act = acts.pop(0)
                if act:
                    getattr(self.be, act)(pid)
        raise AssertionError("never saw %s" % (wanted,))

    def capture(self, pid, amount=100, faults=(), sends=None):
        return self.call("POST", "/payments/%s/capture" % pid, {"amount": amount}, faults=faults, sends=sends)

    def cancel(self, pid, faults=(), sends=None):
        return self.call("POST", "/payments/%s/cancel" % pid, faults=faults, sends=sends)

    def list_payments(self, **query):
        return self.call("GET", "/payments", query=query or {"posId": self.pos}).get("paymentIds")

    def clean_up(self):
        """After 1301: cancels what stands in the way, and nothing that is reserved."""
        for pid in self.list_payments():
            if pid not in self.held:
                self.cancel(pid)

    def reserved(self, amount=100, polls=(), **more):
        """A payment that the customer accepted, seen Reserved."""
        pid = self.initiate(amount, **more).get("paymentId")
        self.poll_until(pid, {"Reserved"}, ["checkin", "accept"], polls)
        return pid

    def pay(self, amount=100, **more):
        pid = self.reserved(amount, **more)
        self.capture(pid, amount)
        return pid

    # -- walks: onboarding ----------------------------------------------------------------------------
    def onboarding_1(self):
        self.lookup_pos()
        self.create_pos(["t", "5"])
        self.get_pos()

    def onboarding_2(self):
        self.delete_pos(["t", "5"])

    def onboarding_3(self):
        self.lookup_pos()
        self.create_pos()
        self.get_pos()

    def onboarding_4(self):
        found = self.lookup_pos().get("posIds")
        assert found == [self.pos], found
        self.get_pos(found[0])

    # -- walks: payment -------------------------------------------------------------------------------
    def payment_1(self):
        pid = self.initiate(100, ["t", "5"]).get("paymentId")
        self.poll_until(pid, {"Reserved"}, ["checkin", "accept"], [None, "t", "5"])
        self.capture(pid, 100, ["t", "5"])

    def payment_2(self):
        pid = self.initiate(120).get("paymentId")
        self.poll_until(pid, {"CancelledByUser"}, ["checkin", "user_cancel"])

    def payment_3(self):
        pid = self.initiate(130).get("paymentId")
        self.cancel(pid, ["t", "5"])

    def payment_4(self):
        self.initiate(140)
        self.sleep(5000)                         # the till was restarted and knows no payment
        key, body = self.new_key(), self.payment_body(141)
        refused = self.initiate(key=key, body=body)
        assert refused.code == "1301", refused.body
        self.clean_up()
        pid = self.initiate(key=key, body=body).get("paymentId")
        self.poll_until(pid, {"Reserved"}, ["checkin", "accept"])
        self.capture(pid, 141)

    def payment_5(self):
        pid = self.reserved(150)
        self.capture(pid, 150)

    def payment_6(self):
        pid = self.reserved(160)
        self.capture(pid, 160, ["5"] * 3, sends=3)
        self.sleep(40000)
        self.capture(pid, 160)

    def payment_7(self):
        self.be.partial = True
        pid = self.reserved(170)
        self.capture(pid, 70)
        self.be.partial = False

    # -- the whole ------------------------------------------------------------------------------------
    def walks(self):
        names = [name for f in FEATURES if f in self.features for name in WALKS[f]]
        return [n for n in names if n != "restrictions_3" or "prepared-payment" in self.features]

    def walk(self, skip=(), instead=None, after=None, before=None, only=None, last=None):
        """Start, then every case in order (`last` at the end). `instead`, `before`, `after`: case walk -> function(client)."""
        self.start()
        names = list(only if only is not None else self.walks())
        if last:
            names.remove(last)
            names.append(last)
        for name in names:
            self.sleep(2000)
            if before and name in before:
                before[name](self)
                self.sleep(1500)
            if instead and name in instead:
                instead[name](self)
            elif name not in skip:
                getattr(self, name)()
            if after and name in after:
                self.sleep(1500)
                after[name](self)
        return self
