"""Hand-made scenarios: captures and cancels in sequence, amounts, refunds; each with its expected verdict."""
from hand import scenario

AGAIN = "PAY-04: repeating the same act is fine, and an act with another amount is another act"


def twice(name, first, second, must="", warn="", free="", why=AGAIN, prepared=False, whole=100):
    @scenario(name, why, must, warn, free)
    def make(h):
        pid = h.prepared(whole, True) if prepared else h.reserved(whole, True)
        h.capture(pid, first)
        h.wait(1500)
        h.capture(pid, second)
        h.wait(2500)
        h.poll(pid)


twice("captured 60, then 40", 60, 40, "PAY-04")
twice("captured 60, then all 100", 60, 100, "PAY-04")
twice("captured 60, then 60.0", 60, 60.0)
twice("captured 60, then the text 60.00", 60, "60.00", warn="ALL-19", why="ALL-19: numeric strings are seen and accepted")
twice("captured 60, then 60.001", 60, 60.001, "PAY-04 ALL-18", why="One request may break several requirements, and each is named")
twice("captured 100, then 100", 100, 100)
twice("captured 100, then 60", 100, 60, "PAY-04")
twice("captured 60, then 140", 60, 140, "PAY-04 PAY-02", why="One request may break several requirements, and each is named")
twice("prepared: captured 60, then 40", 60, 40, "PAY-04", prepared=True)
twice("prepared: captured 60, then 60", 60, 60, prepared=True)
twice("captured 99.95, then 99.950", 99.95, 99.95, whole=100)


@scenario("capture of 60 lost, seen Captured, then 60", "PAY-04: repeating the same act is fine")
def _(h):
    pid = h.reserved(100, True)
    h.capture(pid, 60, "t")
    h.wait(1500)
    h.poll(pid)
    h.capture(pid, 60)


@scenario("capture of 60 lost, seen Captured, then 40", AGAIN, "PAY-04", free="ALL-11")
def _(h):
    pid = h.reserved(100, True)
    h.capture(pid, 60, "t")
    h.wait(1500)
    h.poll(pid)
    h.capture(pid, 40)
    h.wait(1500)
    h.poll(pid)


@scenario("capture of 60 lost, then 40 answered 200", "PAY-08: a capture with the same amount", "PAY-08", free="ALL-11")
def _(h):
    pid = h.reserved(100, True)
    h.capture(pid, 60, "tl")
    h.capture(pid, 40)


@scenario("capture of 80 answered 500, then 80.001 answered 200", "PAY-08: a capture with the same amount; each is named",
          "PAY-08 PAY-02 ALL-18", free="ALL-11")
def _(h):
    pid = h.reserved(80)
    h.capture(pid, 80, "5")
    h.capture(pid, 80.001, {"run": False, "status": 200, "text": ""})


@scenario("capture of 60 lost, then 60, then 40", AGAIN, "PAY-04")
def _(h):
    pid = h.reserved(100, True)
    h.capture(pid, 60, "t")
    h.capture(pid, 60)
    h.capture(pid, 40)
    h.wait(2500)
    h.poll(pid)


@scenario("prepared: capture of 60 lost, then 60, then 40", AGAIN, "PAY-04")
def _(h):
    pid = h.prepared(100, True)
    h.capture(pid, 60, "t")
    h.capture(pid, 60)
    h.capture(pid, 40)
    h.wait(2500)
    h.poll(pid)


@scenario("capture lost, then cancelled", "PAY-08: a cancel answered 200 ends a failed capture too", free="ALL-11")
def _(h):
    pid = h.reserved(100)
    h.capture(pid, 100, "tl")
    h.cancel(pid)


@scenario("captured, then cancelled", "PAY-04: no cancel after a capture answered 200", "PAY-04")
def _(h):
    pid = h.reserved(100)
    h.capture(pid, 100)
    h.cancel(pid)
    h.wait(2500)
    h.poll(pid)


@scenario("cancelled, then captured", "PAY-04: no capture after a cancel answered 200", "PAY-04")
def _(h):
    pid = h.reserved(100)
    h.cancel(pid)
    h.capture(pid, 100)
    h.wait(2500)
    h.poll(pid)


@scenario("captured more by a thousandth", "an amount with three decimals that is also more than reserved breaks ALL-18 and PAY-02",
          "ALL-18 PAY-02 PAY-05", "PAY-13")
def _(h):
    h.capture(h.reserved(100), 100.001)


@scenario("captured less by a thousandth where that is not possible", "One request may break several requirements",
          "ALL-18 PAY-03 PAY-05", "PAY-13")
def _(h):
    h.capture(h.reserved(100), 99.999)


@scenario("captured less by a thousandth where that is possible", "ALL-18: at most two decimals", "ALL-18")
def _(h):
    h.capture(h.reserved(100, True), 99.999)


@scenario("started and captured with three decimals", "ALL-18: at most two decimals", "ALL-18")
def _(h):
    h.capture(h.reserved(12.505), 12.505)


@scenario("refund captured twice", "REF-04: repeating the same act is fine")
def _(h):
    rid = h.refund(h.captured())
    h.capture_refund(rid)
    h.capture_refund(rid)


@scenario("refund captured with 20, then with 10", "REF-04: an act with another amount is another act", "REF-04", "ALL-19")
def _(h):
    rid = h.refund(h.captured())
    h.capture_refund(rid, {"amount": 20})
    h.capture_refund(rid, {"amount": 10})


@scenario("refund captured with 20, then with 20.00", "REF-04: repeating the same act is fine", "", "ALL-19")
def _(h):
    rid = h.refund(h.captured())
    h.capture_refund(rid, {"amount": 20})
    h.capture_refund(rid, '{"amount": 20.00}')


@scenario("refund captured, then cancelled", "REF-04: no cancel after a capture", "REF-04", free="PAY-13")
def _(h):
    rid = h.refund(h.captured())
    h.capture_refund(rid)
    h.cancel_refund(rid)


@scenario("refund cancelled, then captured", "REF-04: no capture after a cancel", "REF-04", free="PAY-13")
def _(h):
    rid = h.refund(h.captured())
    h.cancel_refund(rid)
    h.capture_refund(rid)


@scenario("refund of more by a thousandth", "One request may break several requirements", "ALL-18 REF-01", free="PAY-13")
def _(h):
    h.post("/refunds", h.refund_body(h.captured(), 100.001), h.key())


@scenario("refunds of 60 and 50 of 100", "REF-01: never more in sum", "REF-01", free="PAY-13")
def _(h):
    pid = h.captured()
    h.capture_refund(h.refund(pid, 60))
    h.post("/refunds", h.refund_body(pid, 50), h.key())


@scenario("refund of 60 cancelled, then one of 50", "REF-01: a cancelled refund leaves the sum")
def _(h):
    pid = h.captured()
    h.cancel_refund(h.refund(pid, 60))
    h.capture_refund(h.refund(pid, 50))


@scenario("refund beyond a partial capture", "REF-01: refund only what was captured", "REF-01", free="PAY-13")
def _(h):
    pid = h.reserved(100, True)
    h.capture(pid, 60)
    h.post("/refunds", h.refund_body(pid, 61), h.key())


@scenario("two amounts by a thousandth in PaymentReady", "PRE-01: one amount per payment", "PRE-01 ALL-18", free="PAY-13")
def _(h):
    pid = h.prepared(100)
    h.post("/payments/%s/ready" % pid, {"amount": 100.001, "currencyCode": "DKK", "plannedCaptureDelay": "None"})
    h.capture(pid, 100)
