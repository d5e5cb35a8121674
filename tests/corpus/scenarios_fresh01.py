"""What a second fresh reading of the pages turned up: what a look-up finds is judged like what an answer gave, a key is
compared with what was sent and what was answered, and a capture that hung may meet a fault when it is tried again."""
from expect import NOT_TESTED, bent, then

REFUNDS = ("onboarding", "payment", "refund")
PREPARED = ("onboarding", "payment", "prepared-payment")


def lost_payment(c, amount=100, execute=True, **more):
    """An InitiatePayment without an answer; its body and key."""
    key, body = c.new_key(), c.payment_body(amount, **more)
    c.call("POST", "/payments", body, key, ["t" if execute else "tl"], sends=1)
    c.sleep(300)
    return key, body


def lost_refund(c, pid, amount):
    """A CreateRefund without an answer, and the id that a look-up of it finds."""
    key, body = c.new_key(), c.refund_body(pid, amount)
    c.call("POST", "/refunds", body, key, ["t"], sends=1)
    c.sleep(300)
    return c.refunds_of(pid)[-1], key, body


# -- what a look-up found -----------------------------------------------------------------------------------

@then("fresh-lost-create-found-by-order-captured-unpolled", "PAY-01", "capture only after the backend said Reserved: its start is in the capture, "
      "the look-up by its orderId found it", musts="PAY-01", hits="CapturePayment")
def _(c):
    key, body = lost_payment(c, 31)
    [pid] = c.list_payments(orderId=body["orderId"])
    c.be.checkin(pid)
    c.be.accept(pid)
    c.sleep(5000)
    c.capture(pid, 31)


@then("fresh-lost-create-found-by-order-polled-captured", "PAY-01", "a lost create recovered by lookup (orderId) and used")
def _(c):
    key, body = lost_payment(c, 32)
    [pid] = c.list_payments(orderId=body["orderId"], posId=c.pos)
    c.poll_until(pid, {"Reserved"}, ["checkin", "accept"])
    c.capture(pid, 32)


@then("fresh-earlier-reservation-found-by-pos-captured", "PAY-01", "the start of a payment from an earlier session is not judged: the look-up by posId "
      "found what was there before")
def _(c):
    old = c.be.plant_payment(c.pos, name="fresh-hanging")
    key, body = lost_payment(c, 33, execute=False)
    assert c.list_payments() == [old]
    c.capture(old, 100)
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


@then("fresh-lost-initiate-found-then-readied", "PRE-01", "ready only for a payment the client prepared", musts="PRE-01", shoulds="PAY-13",
      hits="PaymentReady", features=PREPARED)
def _(c):
    key, body = lost_payment(c, 34)
    [pid] = c.list_payments(orderId=body["orderId"])
    c.make_ready(pid, 34)
    c.cancel(pid)


@then("fresh-lost-refund-captured-unpolled", "REF-02", "capture a refund only after Reserved", musts="REF-02", hits="CaptureRefund", features=REFUNDS)
def _(c):
    rid, _key, _body = lost_refund(c, c.captured(50), 10)
    c.be.refunds[rid]["status"] = "Reserved"
    c.sleep(3000)
    c.capture_refund(rid)


@then("fresh-lost-refund-polled-and-left", "REF-03", "every refund created ends captured or cancelled by the client, or is seen in a final state",
      musts="REF-03", hits="GetRefund", features=REFUNDS)
def _(c):
    rid, _key, _body = lost_refund(c, c.captured(51), 10)
    c.poll(rid, kind="refunds")


@then("fresh-lost-refund-seen-final", "REF-03", "or is seen in a final state", features=REFUNDS)
def _(c):
    rid, _key, _body = lost_refund(c, c.captured(52), 10)
    c.be.refunds[rid]["status"] = "CancelledByMobilePay"
    c.poll(rid, kind="refunds")


@then("fresh-lost-refund-counts-in-the-sum", "REF-01", "never more in sum", musts="REF-01", hits="CreateRefund", features=REFUNDS)
def _(c):
    pid = c.captured(53)
    rid, _key, _body = lost_refund(c, pid, 30)
    c.poll_refund(rid)
    c.capture_refund(rid)
    assert c.create_refund(pid, 24).code == "1367"


@then("fresh-lost-refund-found-and-sent-again", "REF-01", "never more in sum: the retry of a create is the same refund", features=REFUNDS)
def _(c):
    pid = c.captured(54)
    rid, key, body = lost_refund(c, pid, 30)
    c.poll(rid, kind="refunds")
    assert c.create_refund(pid, key=key, body=body).get("refundId") == rid
    c.poll_refund(rid)
    c.capture_refund(rid)
    c.cancel_refund(c.create_refund(pid, 24).get("refundId"))


@then("fresh-lost-refund-cancelled-frees-the-sum", "REF-01", "never more in sum: what was cancelled gives nothing back", features=REFUNDS)
def _(c):
    pid = c.captured(55)
    rid, _key, _body = lost_refund(c, pid, 30)
    c.poll(rid, kind="refunds")
    c.cancel_refund(rid)
    c.cancel_refund(c.create_refund(pid, 55).get("refundId"))


@then("fresh-ready-lost-found-paired-then-cancelled", "ALL-11", "its loss is looked up and what is found is used or cancelled", features=PREPARED)
def _(c):
    pid = c.paired()
    c.call("POST", "/payments/%s/ready" % pid, {"amount": 40, "currencyCode": "DKK", "plannedCaptureDelay": "None"}, faults=["tl"], sends=1)
    c.poll(pid)
    c.cancel(pid)


@then("fresh-ready-lost-found-paired-and-left", "ALL-11 PAY-06", "what is found is used or cancelled; every payment comes to an end",
      musts="ALL-11 PAY-06", hits="PreparePayment PaymentReady", verdicts={"payment": "passed"}, features=PREPARED)
def _(c):
    pid = c.paired()
    c.call("POST", "/payments/%s/ready" % pid, {"amount": 41, "currencyCode": "DKK", "plannedCaptureDelay": "None"}, faults=["tl"], sends=1)
    c.poll(pid)


# -- one key, several bodies --------------------------------------------------------------------------------

@then("fresh-refused-key-reused-and-retried", "ALL-10", "a key whose create was answered below 500 is never used for another body; the retry of that one "
      "carries the body of the send before it (not ALL-09)", musts="ALL-10", hits="InitiatePayment", free="PAY-10 PAY-13")
def _(c):
    key, body = c.new_key(), c.payment_body(61)
    c.be.next_refusal["InitiatePayment"] = (400, 1113)
    c.initiate(key=key, body=body)
    c.sleep(300)
    c.cancel(c.initiate(key=key, body=dict(body, orderId=c.new_order()), faults=["5"]).get("paymentId"))


@then("fresh-other-body-after-500-then-repeated", "ALL-09 ALL-10", "counts as ALL-09 only: what was answered is what is sent again",
      musts="ALL-09", hits="InitiatePayment")
def _(c):
    key, body = c.new_key(), c.payment_body(62)
    c.call("POST", "/payments", body, key, ["5"], sends=1)
    c.sleep(300)
    other = dict(body, orderId=c.new_order())
    pid = c.initiate(key=key, body=other).get("paymentId")
    c.sleep(300)
    assert c.initiate(key=key, body=other).get("paymentId") == pid
    c.cancel(pid)


@then("fresh-three-bodies-under-one-failing-key", "ALL-09", "another body after a failed send of its call", musts="ALL-09", hits="InitiatePayment")
def _(c):
    key, body = c.new_key(), c.payment_body(63)
    for fault in (["5"], ["5"], []):
        answer = c.call("POST", "/payments", dict(body, orderId=c.new_order()), key, fault, sends=1)
        c.sleep(300)
    c.cancel(answer.get("paymentId"))


# -- a capture that hangs -----------------------------------------------------------------------------------

def hanging(name, why, again, pause=40000, cases=None, act="capture"):
    @bent("fresh-hanging-" + name, "CASE", why, cases=cases)
    def _(c):
        def walk(c):
            pid = c.reserved(160)
            c.capture(pid, 160, ["5"] * 3, sends=3)
            c.sleep(pause)
            if act == "capture":
                c.capture(pid, 160, again)
            else:
                c.capture(pid, 160, again, sends=len(again))
                c.sleep(500)
                c.cancel(pid)
        return {"instead": {"payment_6": walk}}


WHY = "half a minute or more after the last of them, on its own, the client captures that payment; anything may lie between"
hanging("then-500-again", WHY, ["5"])
hanging("then-held-once", WHY, ["t"])
hanging("after-29-s", "half a minute or more", [], 29000, {"payment/6": NOT_TESTED})
hanging("then-500s-and-cancelled-at-once", "half a minute or more after the last of them", ["5", "5"], 40000,
        {"payment/6": NOT_TESTED}, "cancel")
