"""The language of the hand-made scenarios: a till whose steps are written out, and the expected result.

A scenario states in advance exactly which musts fail and which shoulds warn, what is left open (`free`), and the
status of cases where it matters; `why` quotes the sentence of the certification page on which it is based.
"""
import random

from till import Till
from wire import Wire

SCENARIOS = []
SIX = "onboarding,payment,prepared-payment,refund,loyalty,payment-restrictions"


class Scenario:
    def __init__(self, name, make, why, must, warn, free, cases, features):
        self.name, self.make, self.why = name, make, why
        self.must, self.warn, self.free = set(must.split()), set(warn.split()), set(free.split())
        self.cases, self.features = cases or {}, features.split(",")


def scenario(name, why, must="", warn="", free="", cases=None, features=SIX):
    def register(make):
        assert all(s.name != name for s in SCENARIOS), name
        SCENARIOS.append(Scenario(name, make, why, must, warn, free, cases, features))
        return make
    return register


def har_of_scenario(one):
    h = Hand(one.features)
    one.make(h)
    return h.wire.har()


class Hand:
    """A till whose every step is written out. It starts with a PoS that was looked up, created and read."""

    def __init__(self, features):
        self.wire = Wire()
        self.be = self.wire.backend
        self.till = Till(self.wire, random.Random(1), features=features)
        self.till.fault_rate, self.till.margin, self.till.retry_delay = 0, 30, 200
        self.refunds = 0
        self.do(self.till.get_token())
        self.do(self.till.find_pos())
        self.do(self.till.create_pos())
        self.get("/pointofsales/" + self.till.pos)

    @property
    def pos(self):
        return self.till.pos

    def do(self, steps):
        try:
            while True:
                next(steps)
        except StopIteration as end:
            return end.value

    def wait(self, ms):
        self.till.t += ms

    def get(self, path, fault=None, **query):
        self.wait(50)
        return self.do(self.till.send("GET", path, fault=fault, query=query or None))

    def post(self, path, body=None, key=None, fault=None):
        """One request without retries. The body may be a dict or text."""
        self.wait(250)
        return self.do(self.till.send("POST", path, body, key, fault))

    def key(self):
        return self.till.new_key()

    # -- payments -------------------------------------------------------------------------------------
    def body(self, amount=100, **more):
        return self.till.payment_body(amount, **more)

    def prepare_body(self):
        return {"posId": self.pos, "orderId": self.till.new_order()}

    def find(self, **query):
        return self.get("/payments", **query).get("paymentIds")

    def poll(self, pid, fault=None):
        return self.do(self.till.poll(pid, fault))

    def reserved(self, amount=100, partial=False, pid=None, **more):
        """A payment seen Reserved."""
        self.be.partial = partial
        pid = pid or self.post("/payments", self.body(amount, **more), self.key()).get("paymentId")
        self.be.partial = False
        self.poll(pid)
        self.be.checkin(pid)
        self.be.accept(pid)
        self.poll(pid)
        return pid

    def prepared(self, amount=100, partial=False, loyal=()):
        """A prepared payment: paired, looked up, made ready and seen Reserved."""
        self.be.loyalty, self.be.loyalty_after = list(loyal), 1
        self.be.partial = partial
        pid = self.post("/payments/prepare", self.prepare_body(), self.key()).get("paymentId")
        self.be.partial = False
        self.finish_prepared(pid, amount)
        return pid

    def finish_prepared(self, pid, amount=100):
        self.be.checkin(pid)
        self.poll(pid)
        self.poll(pid)
        self.post("/payments/%s/ready" % pid, {"amount": amount, "currencyCode": "DKK", "plannedCaptureDelay": "None"})
        self.be.accept(pid)
        self.poll(pid)

    def capture(self, pid, amount=100, fault=None):
        return self.post("/payments/%s/capture" % pid, {"amount": amount} if not isinstance(amount, dict) else amount, fault=fault)

    def cancel(self, pid, fault=None):
        return self.post("/payments/%s/cancel" % pid, fault=fault)

    # -- refunds --------------------------------------------------------------------------------------
    def captured(self, amount=100):
        pid = self.reserved(amount)
        self.capture(pid, amount)
        return pid

    def refund_body(self, pid, amount=20, **more):
        self.refunds += 1
        return dict({"paymentId": pid, "refundOrderId": "R-%d" % self.refunds, "amount": amount, "currencyCode": "DKK"}, **more)

    def refund(self, pid, amount=20):
        """A refund seen Reserved."""
        rid = self.post("/refunds", self.refund_body(pid, amount), self.key()).get("refundId")
        for _ in range(3):
            self.do(self.till.poll(rid, kind="refunds"))
        return rid

    def capture_refund(self, rid, body=None, fault=None):
        return self.post("/refunds/%s/capture" % rid, body, fault=fault)

    def cancel_refund(self, rid, fault=None):
        return self.post("/refunds/%s/cancel" % rid, fault=fault)
