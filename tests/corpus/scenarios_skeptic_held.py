"""The end of a hostile reading: what tried to pass and did not, what belongs to which feature, HARs of other makers."""
import json

from client import Client
from expect import ANY, NOT_TESTED, SIX, bent, scenario, then
from walks import DEBIT

REFUNDS = ("onboarding", "payment", "refund")


# -- tried, and held ---------------------------------------------------------------------------------------------

@then("sk-check-in-poll-lost-then-paid", "ALL-11", "a poll is polled on", open="a check-in poll that failed, then the customer pays: not polled on (ALL-11 failed), "
      "or over as the payment is there (as a failed poll is by a cancel)")
def _(c):
    c.be.checkins[c.pos] = 1
    c.poll(c.pos, kind="pointofsales", tail="/checkin")
    c.poll(c.pos, fault="t", kind="pointofsales", tail="/checkin")
    c.pay(121)


@then("sk-other-create-on-the-pos-hides-the-lost-one", "ALL-11", "its loss is looked up: the list by posId, after another payment was started, is not about it",
      musts="ALL-11", hits="InitiatePayment", free="PAY-11")
def _(c):
    c.call("POST", "/payments", c.payment_body(122), c.new_key(), ["tl"], sends=1)
    c.sleep(300)
    pid = c.initiate(123).get("paymentId")
    c.list_payments()
    c.cancel(pid)


@then("sk-paid-on-a-hunch-after-a-lost-reserved", "PAY-01", "capture only after the backend said Reserved: its answer never arrived", musts="PAY-01",
      hits="CapturePayment", free="PAY-03 ALL-11")
def _(c):
    pid = c.initiate(124).get("paymentId")
    c.poll_until(pid, {"IssuedToUser"}, ["checkin"])
    c.be.accept(pid)
    c.poll(pid, "t")
    c.capture(pid, 124)


@then("sk-captured-while-the-reserved-answer-is-under-way", "PAY-01", "capture only after the backend said Reserved", musts="PAY-01", hits="CapturePayment", free="PAY-03")
def _(c):
    pid = c.initiate(125).get("paymentId")
    c.poll_until(pid, {"IssuedToUser"}, ["checkin"])
    c.be.accept(pid)
    c.sleep(1100)
    at = c.t
    c.poll(pid, ("late", 450))
    c.t = at + 50
    c.capture(pid, 125)
    c.sleep(600)


@then("sk-capture-of-another-payment-is-no-end", "PAY-05", "every payment that reached Reserved ends captured or cancelled", musts="PAY-05", hits="QueryPayment")
def _(c):
    a = c.reserved(126)
    b = c.reserved(127)
    c.capture(b, 127)
    c.capture(b, 127)
    assert a != b


@then("sk-final-seen-only-in-a-lost-answer", "PAY-06", "comes to an end that the client knows of", musts="PAY-06", hits="InitiatePayment", free="ALL-11")
def _(c):
    pid = c.initiate(128).get("paymentId")
    c.be.user_cancel(pid)
    c.poll(pid, ("lost", 450))


@then("sk-cancel-refused-then-left-active", "PAY-06", "captured, cancelled, or seen in a final state: a refused cancel is none", musts="PAY-06", hits="InitiatePayment", free="PAY-13")
def _(c):
    pid = c.initiate(129).get("paymentId")
    c.be.next_refusal["CancelPayment"] = (403, 1408)
    c.cancel(pid)


@then("sk-refund-cancel-refused", "REF-03", "ends captured or cancelled or is seen in a final state", musts="REF-03", hits="CreateRefund", features=REFUNDS, free="PAY-13")
def _(c):
    pid = c.captured(60)
    rid = c.create_refund(pid, 20).get("refundId")
    c.be.next_refusal["CancelRefund"] = (409, 1352)
    c.cancel_refund(rid)
    c.poll(rid, kind="refunds")


@then("sk-refund-capture-failed-then-forgotten", "REF-03", "ends captured or cancelled", musts="REF-03", hits="CreateRefund", features=REFUNDS)
def _(c):
    pid = c.captured(60)
    rid = c.create_refund(pid, 20).get("refundId")
    c.poll_refund(rid)
    c.capture_refund(rid, ["5", "5", "5"], sends=3)


@then("sk-refund-of-a-cancelled-payment", "REF-01", "refund only what was captured", musts="REF-01", hits="CreateRefund", features=REFUNDS, free="PAY-13")
def _(c):
    pid = c.initiate(130).get("paymentId")
    c.cancel(pid)
    assert c.create_refund(pid, 10).code == "1354"
    c.poll(pid)


@then("sk-polls-in-parallel-before-any-answer", "ALL-30", "polled once a second at most", shoulds="ALL-30", hits="QueryPayment")
def _(c):
    pid = c.initiate(131).get("paymentId")
    at = c.t
    for n in range(4):
        c.t, c.ready_at[pid] = at + n, 0
        c.poll(pid)
    c.sleep(1500)
    c.cancel(pid)


@then("sk-401-twice-with-two-tokens", "ALL-23", "no call carries the refused token: both were", musts="ALL-23", hits="GetPos")
def _(c):
    first = c.token
    c.be.refused_tokens.add(first)
    c.get_pos()
    c.get_token()
    c.get_pos()
    c.token = first
    c.get_pos()
    c.get_token()


@then("sk-restricted-capture-after-refusal", "RES-02 PAY-04", "a refused payment is not captured", musts="RES-02 PAY-04 PAY-01", hits="CapturePayment", features=SIX,
      free="PAY-13 PAY-03")
def _(c):
    pid = c.initiate(132, restrictions=DEBIT).get("paymentId")
    c.poll_until(pid, {"CancelledByMobilePay"}, ["checkin", "backend_cancel"])
    c.capture(pid, 132)


@then("sk-restriction-not-shown", "RES-01", "and the payment shows it", musts="RES-01", hits="InitiatePayment", features=SIX)
def _(c):
    pid = c.initiate(133, restrictions=DEBIT).get("paymentId")
    c.be.payments[pid]["restrictions"] = {"debitCardDisallowed": False, "creditCardDisallowed": False}
    c.poll(pid)
    c.cancel(pid)


@then("sk-check-in-lost-its-ids-again", "LOY-01", "only once an answer held loyaltyIds", features=SIX)
def _(c):
    c.be.checkins[c.pos], c.be.loyalty = 0, ["LOYAL-3"]
    c.poll(c.pos, kind="pointofsales", tail="/checkin")
    c.poll(c.pos, kind="pointofsales", tail="/checkin")
    c.pay(134)
    c.be.loyalty = None
    del c.be.checkins[c.pos]


@then("sk-check-in-without-ids", "LOY-01", "after a check-in answer a payment is initiated only once an answer held loyaltyIds", musts="LOY-01", hits="InitiatePayment", features=SIX)
def _(c):
    c.be.checkins[c.pos], c.be.loyalty = 0, None
    c.poll(c.pos, kind="pointofsales", tail="/checkin")
    c.pay(135)
    del c.be.checkins[c.pos]


# -- PAY-11 -----------------------------------------------------------------------------------------------------

@then("sk-second-refusal-sweeps-what-the-first-turned-up", "PAY-11", "no payment whose id was seen before that request is listed and cancelled", musts="PAY-11",
      hits="CancelPayment")
def _(c):
    c.call("POST", "/payments", c.payment_body(141), c.new_key(), ["t", "5"], sends=2)
    (pid,) = c.list_payments()
    c.poll_until(pid, {"IssuedToUser"}, ["checkin"])
    c.be.next_refusal["InitiatePayment"] = (400, 1102)
    c.initiate(142)
    c.list_payments()
    c.cancel(pid)


@then("sk-lost-create-retried-looked-up-and-cancelled", "PAY-11", "no payment whose id was seen before that request: this is the one it made")
def _(c):
    key, body = c.new_key(), c.payment_body(143)
    c.call("POST", "/payments", body, key, ["t", "5"], sends=2)
    (pid,) = c.list_payments()
    c.sleep(300)
    c.call("POST", "/payments", body, key, ["5", "5"], sends=2)
    assert c.list_payments() == [pid]
    c.cancel(pid)


# -- features, attribution, verdict ----------------------------------------------------------

@then("sk-call-of-a-feature-not-chosen", "ALL-21", "What belongs to no chosen feature counts against Onboarding", musts="ALL-21", hits="PreparePayment")
def _(c):
    c.cancel(c.prepare().get("paymentId"))


@then("sk-refund-call-without-version", "ALL-04", "against each chosen feature that the exchange belongs to", musts="ALL-04", hits="GetRefund", features=REFUNDS)
def _(c):
    pid = c.captured(60)
    rid = c.create_refund(pid, 10).get("refundId")
    c.poll_refund(rid)
    c.version = None
    c.poll(rid, kind="refunds")
    c.version = "1.2.3"
    c.capture_refund(rid)


@then("sk-stray-path-on-the-host", "ALL-20", "What belongs to no chosen feature (undocumented) counts against Onboarding", musts="ALL-20", hits="Stray",
      free="ALL-25")
def _(c):
    c.call("GET", "/payments/")


@then("sk-slash-at-the-end", "ALL-20", "only documented operations are called", musts="ALL-20", hits="Stray", free="ALL-25")
def _(c):
    c.call("GET", "/pointofsales/%s/" % c.pos)


@bent("sk-other-prefix", "VERDICT", "An operation is recognised by what follows /v10/, whatever the prefix")
def _(c):
    c.base = "https://api.sandbox.mobilepay.dk/pos-self-certification-api/pos/v10"


@bent("sk-bare-prefix", "VERDICT", "older revisions had /api/v10 and later bare /v10")
def _(c):
    c.base = "https://localhost/v10"


def http2(c):
    har = c.traffic.har()
    for entry in har["log"]["entries"]:
        request = entry["request"]
        request["httpVersion"] = "h2"
        request["headers"] = [{"name": ":method", "value": request["method"]}, {"name": ":authority", "value": "127.0.0.1:8443"}] + [
            {"name": h["name"].lower(), "value": h["value"]} for h in request["headers"]]
        entry["response"]["httpVersion"] = "h2"
    return har


@scenario("sk-http-2", "ALL-02", "HTTP/1.1 or newer")
def _():
    return http2(Client().walk())


def nothing(c):
    """Null wherever a HAR may hold it, and no field that nobody needs."""
    har = c.traffic.har()
    for entry in har["log"]["entries"]:
        entry["cache"] = entry["timings"] = None
        entry["request"].setdefault("postData", None)
        entry["request"]["queryString"] = entry["request"]["cookies"] = None
        if not entry["response"]["status"]:
            entry["response"] = None
        else:
            entry["response"]["content"].setdefault("text", None)
            entry["response"]["headers"] = entry["response"]["cookies"] = None
    return har


@scenario("sk-null-wherever-it-may-be", "VERDICT", "HAR of other tools too, read as it is")
def _():
    return json.dumps(nothing(Client().walk()))


@scenario("sk-open-capture-of-a-whole-walk", "VERDICT", "--open: polling may still go on, so its end is not shown", args=["--open"],
          cases={"payment/2": ANY, "onboarding/4": ANY}, verdicts={"payment": "incomplete"}, exit=3)
def _():
    return Client().walk()


@scenario("sk-nothing-but-a-token", "VERDICT", "a capture without exchanges is incomplete; so is one that shows no case",
          cases={"%s/%d" % (f, n): NOT_TESTED for f, m in (("onboarding", 4), ("payment", 7)) for n in range(1, m + 1)}, exit=3)
def _():
    c = Client()
    c.get_token()
    return c
