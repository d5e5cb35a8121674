"""Payments and refunds of an earlier session: what a poll in this capture says of them is judged, what it does not show is not."""
from backend import guid
from expect import then

REFUNDS = ("onboarding", "payment", "refund")


def earlier_refund(c, pid, status, amount=20):
    """A refund that was created before the capture began."""
    rid = guid("refund", "earlier", pid)
    c.be.refunds[rid] = {"paymentId": pid, "refundOrderId": "old", "amount": amount, "currencyCode": "DKK", "refundId": rid,
                         "status": status, "seen": -9}
    return rid


@then("fresh-earlier-payment-seen-issued-then-captured", "PAY-01", "capture only after the backend said Reserved: it said IssuedToUser, and nothing "
      "after that", musts="PAY-01", hits="CapturePayment")
def _(c):
    pid = c.be.plant_payment(c.pos, "IssuedToUser", name="fresh-issued")
    c.poll(pid)
    c.be.accept(pid)
    c.sleep(20000)
    c.capture(pid)


@then("fresh-earlier-payment-seen-reserved-then-captured", "PAY-01", "a capture of a payment from an earlier session has no InitiatePayment in this capture")
def _(c):
    pid = c.be.plant_payment(c.pos, "Reserved", name="fresh-reserved")
    c.poll(pid)
    c.capture(pid)


@then("fresh-earlier-payment-captured-unpolled", "PAY-01", "what the capture does not show (the start of a payment from an earlier session) is not judged")
def _(c):
    c.capture(c.be.plant_payment(c.pos, "Reserved", name="fresh-unpolled"))


@then("fresh-earlier-payment-seen-reserved-then-refunded", "REF-01", "refund only what was captured", musts="REF-01", hits="CreateRefund",
      features=REFUNDS, free="PAY-13")
def _(c):
    pid = c.be.plant_payment(c.pos, "Reserved", name="fresh-refund")
    c.poll(pid)
    assert c.create_refund(pid).code == "1354"
    c.refunds_of(pid)
    c.poll(pid)
    c.capture(pid)


@then("fresh-earlier-payment-seen-captured-then-refunded", "REF-01", "refund only what was captured", features=REFUNDS)
def _(c):
    pid = c.be.plant_payment(c.pos, "Reserved", name="fresh-paid")
    c.be.payments[pid].update(status="Captured", captured=100.0)
    c.poll(pid)
    c.refund(pid)


@then("fresh-earlier-refund-seen-initiated-then-captured", "REF-02", "capture a refund only after Reserved", musts="REF-02", hits="CaptureRefund",
      features=REFUNDS)
def _(c):
    rid = earlier_refund(c, c.captured(70), "Initiated")
    c.poll(rid, kind="refunds")
    c.be.refunds[rid]["status"] = "Reserved"
    c.sleep(5000)
    c.capture_refund(rid)


@then("fresh-earlier-refund-captured-unpolled", "REF-02", "the start from an earlier session is not judged", features=REFUNDS)
def _(c):
    c.capture_refund(earlier_refund(c, c.captured(71), "Reserved"))


@then("fresh-earlier-refund-counts-in-the-sum", "REF-01", "never more in sum: a poll shows how much was given back", musts="REF-01", hits="CreateRefund",
      features=REFUNDS)
def _(c):
    pid = c.captured(72)
    rid = earlier_refund(c, pid, "Captured", 50)
    c.poll(rid, kind="refunds")
    assert c.create_refund(pid, 30).code == "1367"


@then("fresh-earlier-refund-cancelled-does-not-count", "REF-01", "never more in sum: what was cancelled gives nothing back", features=REFUNDS)
def _(c):
    pid = c.captured(73)
    rid = earlier_refund(c, pid, "CancelledByClient", 50)
    c.poll(rid, kind="refunds")
    c.cancel_refund(c.create_refund(pid, 73).get("refundId"))
