"""More of a hostile reading: deletes, clocks, ids, keys, sweeps and sums, and right clients beside the wrong ones."""
import json

from client import Client
from expect import ANY, NOT_TESTED, SIX, bent, scenario, then

REFUNDS = ("onboarding", "payment", "refund")
ALONE = ("onboarding",)


# -- what holds, and what did not -----------------------------------------------------------------------------

@bent("sk-build-is-a-date", "ALL-04", "Major.Minor.Build, three numbers")
def _(c):
    c.version = "1.2.202603020900"


@then("sk-delete-lost-then-404", "ONB-01", "404 on a repeated delete taken as success: the PoS is gone, and no look-up is owed before it is created again")
def _(c):
    c.call("DELETE", "/pointofsales/" + c.pos, faults=["t"], sends=1)
    c.sleep(300)
    c.be.next_answer["DeletePos"] = (404, None)
    c.delete_pos()
    c.create_pos(), c.get_pos()


def whole_seconds(c):
    har = c.traffic.har()
    for entry in har["log"]["entries"]:
        entry["startedDateTime"] = entry["startedDateTime"][:19] + "Z"
    return json.dumps(har)


@scenario("sk-clock-of-whole-seconds", "ALL-16", "what the capture does not show is not judged: gaps are known to a second")
def _():
    c = Client()
    c.be.delays = [1900, 2700, 1300]
    c.walk()
    return whole_seconds(c)


def percent(text):
    return text.replace("-", "%2D")


@then("sk-id-percent-encoded", "ALL-16", "an id is what it says, however it is written: the poll comes too soon", musts="ALL-16", hits="QueryPayment", shoulds="ALL-30")
def _(c):
    pid = c.initiate(81).get("paymentId")
    c.poll(pid)
    c.t += 100
    c.be.next_answer["QueryPayment"] = (200, {"paymentId": pid, "status": "Initiated", "pollDelayInMs": 1000})
    c.send("GET", "/payments/" + percent(pid))
    c.sleep(1200)
    c.cancel(pid)


@then("sk-id-in-capitals", "PAY-06", "GUIDs compare without case")
def _(c):
    pid = c.initiate(82).get("paymentId")
    c.poll(pid)
    c.cancel(pid.upper(), ["t", "5"])


def credential(name, **query):
    @then("sk-credential-" + name, "ALL-22", "no credential stands in a URL", musts="ALL-22", hits="GetPos", free="ALL-19")
    def _(c):
        c.call("GET", "/pointofsales/" + c.pos, query={k: v or c.token for k, v in query.items()})


credential("under-its-name", access_token=None)
credential("under-another-name", t=None)
credential("secret", client_secret="abcdef0123456789")
credential("opaque-token-under-its-name", token="abcdef0123456789")


@then("sk-create-without-key-twice", "ALL-08 ALL-11", "creating calls carry exactly one valid key", musts="ALL-08", hits="InitiatePayment")
def _(c):
    body = c.payment_body(83)
    c.send("POST", "/payments", body, None, "tl")
    c.sleep(200)
    pid = c.send("POST", "/payments", body, None).get("paymentId")
    c.cancel(pid)


@then("sk-key-of-the-pos-used-for-a-payment", "ALL-10", "a key whose create was answered below 500 is never used for a create of another operation",
      musts="ALL-10", hits="InitiatePayment", free="PAY-13")
def _(c):
    c.name = "Till 9"
    key = c.new_key()
    c.lookup_pos(), c.create_pos(key=key), c.get_pos()
    assert c.initiate(84, key=key).code == "1306"
    c.list_payments()


@then("sk-key-in-other-case-is-the-same", "ALL-09", "GUIDs compare without case")
def _(c):
    key, body = c.new_key(), c.payment_body(85)
    c.send("POST", "/payments", body, key, "t")
    c.sleep(200)
    c.cancel(c.send("POST", "/payments", body, key.upper()).get("paymentId"))


@then("sk-payment-seen-in-a-list-only", "PAY-05 PAY-06", "what the capture does not show is not judged: a listed payment is not one that this client started")
def _(c):
    c.be.plant_payment(c.pos, "Reserved", name="sk-listed")
    assert len(c.list_payments()) == 1


@then("sk-payment-of-before-seen-reserved", "PAY-05", "every payment that reached Reserved ends captured or cancelled", musts="PAY-05", hits="QueryPayment")
def _(c):
    pid = c.be.plant_payment(c.pos, "Reserved", name="sk-seen")
    c.list_payments()
    c.poll(pid)


@then("sk-create-answered-twice", "PAY-06 PAY-10", "the second 200 with the same paymentId is correct")
def _(c):
    key, body = c.new_key(), c.payment_body(86)
    pid = c.initiate(key=key, body=body).get("paymentId")
    c.cancel(pid)
    c.sleep(300)
    assert c.initiate(key=key, body=body).get("paymentId") == pid


@then("sk-poll-of-before-answered-late", "PAY-05", "a poll that says Reserved after the cancel was answered: it was sent before")
def _(c):
    pid = c.initiate(87).get("paymentId")
    c.poll_until(pid, {"IssuedToUser"}, ["checkin"])
    c.be.accept(pid)
    c.sleep(1100)
    at = c.t
    c.poll(pid, ("late", 450))
    done, c.t = c.t, at + 50
    c.cancel(pid)
    c.t = done


@then("sk-capture-under-way-while-cancelled", "PAY-04", "no cancel after a capture answered 200: this one was sent before the answer", free="PAY-13 PAY-08")
def _(c):
    pid = c.reserved(88)
    at = c.t
    c.send("POST", "/payments/%s/capture" % pid, {"amount": 88}, fault=("late", 900))
    c.t = at + 300
    c.be.next_refusal["CancelPayment"] = (409, 1300)
    c.cancel(pid)
    c.t = at + 1500
    c.poll(pid)


@then("sk-401-on-the-cancel-then-done", "ALL-11 ALL-14", "401 is left to ALL-23")
def _(c):
    pid = c.initiate(89).get("paymentId")
    c.be.refused_tokens.add(c.token)
    c.cancel(pid)
    c.get_token()
    c.cancel(pid)


@then("sk-two-tills-one-pos-wide-open", "ALL-16", "polls of different payments back to back")
def _(c):
    a = c.be.plant_payment(c.pos, "Captured", name="sk-a")
    b = c.be.plant_payment(c.pos, "Captured", name="sk-b")
    for _ in range(2):
        for pid in (a, b):
            c.ready_at[pid] = 0
            c.poll(pid)
        c.sleep(1500)


# -- sweeps, sums, recoveries ----------------------------------------------------------------------------------

@then("sk-swept-by-order-after-refusal", "PAY-11", "no payment whose id was seen before that request is listed and cancelled", musts="PAY-11", hits="CancelPayment")
def _(c):
    pid = c.initiate(93).get("paymentId")
    order = c.be.payments[pid]["orderId"]
    c.be.next_refusal["InitiatePayment"] = (400, 1102)
    c.initiate(94)
    c.list_payments(orderId=order)
    c.cancel(pid)


@then("sk-cancelled-as-decided-after-refusal", "PAY-11", "is listed and cancelled: this one is not listed")
def _(c):
    pid = c.initiate(95).get("paymentId")
    c.be.next_refusal["InitiatePayment"] = (400, 1102)
    c.initiate(96)
    c.cancel(pid)


@then("sk-recovered-by-look-up-and-captured", "ALL-11", "its loss is looked up and what is found is used")
def _(c):
    body = c.payment_body(97)
    c.call("POST", "/payments", body, c.new_key(), ["t", "5"], sends=2)
    (pid,) = c.list_payments(orderId=body["orderId"])
    c.poll_until(pid, {"Reserved"}, ["checkin", "accept"])
    c.capture(pid, 97)


@then("sk-captured-twice-in-other-amounts", "PAY-03 PAY-08", "capture less only where partialCapturePossible is true", musts="PAY-03", hits="CapturePayment", free="ALL-14")
def _(c):
    pid = c.reserved(98)
    assert c.capture(pid, 97).code == "1308"
    c.poll(pid)
    c.capture(pid, 98)


@then("sk-cents-lost-in-the-capture", "PAY-03", "(int) amounts that capture 99 of 99.95", musts="PAY-03", hits="CapturePayment", free="PAY-13 ALL-14")
def _(c):
    pid = c.reserved(99.95)
    c.capture(pid, 99)
    c.poll(pid)
    c.capture(pid, 99.95)


@then("sk-expired-while-capture-failed", "PAY-05", "letting it expire is no end", musts="PAY-05", hits="QueryPayment", free="PAY-09")
def _(c):
    pid = c.reserved(100)
    c.capture(pid, 100, ["tl", "5"], sends=2)
    c.sleep(40000)
    c.be.payments[pid]["status"] = "ExpiredAndCancelled"
    c.poll(pid)


@then("sk-refund-captured-before-reserved", "REF-02", "capture a refund only after Reserved", musts="REF-02", hits="CaptureRefund", features=REFUNDS, free="ALL-14")
def _(c):
    pid = c.captured(60)
    rid = c.create_refund(pid, 10).get("refundId")
    c.poll(rid, kind="refunds")
    c.capture_refund(rid)
    c.poll_refund(rid)
    c.capture_refund(rid)


@then("sk-refund-lost-found-and-left", "ALL-11", "looked up and what is found is used or cancelled", musts="ALL-11", hits="CreateRefund", features=REFUNDS)
def _(c):
    pid = c.captured(60)
    c.call("POST", "/refunds", c.refund_body(pid, 20), c.new_key(), ["t"], sends=1)
    assert len(c.refunds_of(pid)) == 1


@then("sk-sum-with-a-replayed-refund", "REF-01", "never more in sum: a replay is no other refund", features=REFUNDS)
def _(c):
    pid = c.captured(60)
    body, key = c.refund_body(pid, 40), c.new_key()
    rid = c.create_refund(pid, body=body, key=key).get("refundId")
    c.sleep(300)
    c.create_refund(pid, body=body, key=key)
    c.poll_refund(rid)
    c.capture_refund(rid)
    c.refund(pid, 20)


@then("sk-sum-one-cent-too-much", "REF-01", "never more in sum", musts="REF-01", hits="CreateRefund", features=REFUNDS, free="PAY-13")
def _(c):
    pid = c.captured(0.75)
    c.refund(pid, 0.5)
    c.refund(pid, 0.25)
    assert c.create_refund(pid, 0.01).code == "1367"
    c.refunds_of(pid)


@then("sk-marks-of-two-goes", "CASE", "sent again until 200 without a pause of half a minute: right all the same")
def _(c):
    pid = c.reserved(102)
    c.capture(pid, 102, ["t"], sends=1)
    c.sleep(31000)
    c.capture(pid, 102)


@scenario("sk-two-tills-at-once", "CASE", "Two tills interleave in one capture: every requirement is judged per resource")
def _():
    a = Client()
    a.walk()
    b = Client(traffic=a.traffic, merchant_pos_id="Till 2", start=137)
    b.walk()
    return a


@scenario("sk-all-features-as-two-tills", "CASE", "Two tills interleave in one capture", features=SIX)
def _():
    a = Client(features=SIX)
    a.walk()
    b = Client(traffic=a.traffic, features=SIX, merchant_pos_id="Till 2", start=911)
    b.walk()
    return a


# -- resets, look-ups, cases ------------------------------------------------------------------------------------

@then("sk-reset-after-a-failed-poll", "ALL-17", "an immediate resend of the same bytes after a reset connection: counts as a send, needs no delay")
def _(c):
    pid = c.initiate(111).get("paymentId")
    c.poll(pid)
    c.poll(pid, "5")
    c.poll(pid, "reset")
    c.ready_at[pid] = c.t + 5
    c.poll(pid)
    c.cancel(pid)


@then("sk-resets-resent-without-end", "ALL-17", "never at once: a resend that was reset too needs a pause", musts="ALL-17", hits="QueryPayment")
def _(c):
    pid = c.initiate(112).get("paymentId")
    c.poll(pid)
    c.poll(pid, "5")
    c.poll(pid, "reset")
    for _ in range(3):
        c.ready_at[pid] = c.t + 5
        c.poll(pid, "reset")
    c.poll(pid)
    c.cancel(pid)


@then("sk-look-up-shows-another-reservation", "ALL-11", "its loss is looked up: what is found was there before, the lost create made nothing", free="PAY-10")
def _(c):
    old = c.be.plant_payment(c.pos, "Reserved", amount=50, name="sk-hanging")
    c.poll(old)
    body = c.payment_body(113)
    c.call("POST", "/payments", body, c.new_key(), ["tl", "5"], sends=2)
    assert c.list_payments() == [old]
    c.sleep(300)
    c.cancel(c.initiate(body=body).get("paymentId"))
    c.capture(old, 50)


@then("sk-look-up-twice-then-left", "ALL-11", "what is found is used or cancelled: seen twice, it is neither", musts="ALL-11", hits="InitiatePayment")
def _(c):
    c.call("POST", "/payments", c.payment_body(114), c.new_key(), ["t"], sends=1)
    for _ in range(2):
        c.sleep(1000)
        assert len(c.list_payments()) == 1


@bent("sk-delete-brought-through-by-404", "CASE", "404 on a repeated delete taken as success: brought through, though the case wants a 200",
      cases={"onboarding/2": NOT_TESTED, "onboarding/3": ANY}, features=ALONE)
def _(c):
    def act(c):
        c.call("DELETE", "/pointofsales/" + c.pos, faults=["t", "5"], sends=2)
        c.sleep(300)
        c.be.next_answer["DeletePos"] = (404, None)
        c.delete_pos()
    return {"instead": {"onboarding_2": act}}


@bent("sk-prepared-3-cancelled-when-issued", "CASE", "CancelPayment (t)(5) while Prepared or Paired", cases={"prepared-payment/3": NOT_TESTED},
      features=("onboarding", "payment", "prepared-payment"))
def _(c):
    def act(c):
        pid = c.paired()
        c.call(
            "POST", "/payments/%s/ready" % pid, {"amount": 115, "currencyCode": "DKK", "plannedCaptureDelay": "None"}, faults=["t"], sends=1)
        assert c.poll(pid).get("status") == "IssuedToUser"
        c.cancel(pid, ["t", "5"])
    return {"instead": {"prepared_3": act}}
