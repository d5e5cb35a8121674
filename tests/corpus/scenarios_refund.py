"""REF-01 to REF-04, and the ALL rules on what only refunds call."""
from expect import then

REFUND = ("onboarding", "refund")


# -- REF-01 ---------------------------------------------------------------------------------------------

def wrong_refund(name, why, first, amount, currency="DKK", code="1367", captured=True):
    @then(name, "REF-01", why, musts="REF-01", hits="CreateRefund", features=REFUND)
    def _(c):
        if captured:
            pid = c.captured(100)
        else:
            pid = c.reserved(100)
        for part in first:
            c.refund(pid, part)
        c.sleep(500)
        assert c.create_refund(pid, amount, currencyCode=currency).code == code
        c.sleep(1000)
        c.refunds_of(pid), c.poll(pid)
        if not captured:
            c.capture(pid, 100)


wrong_refund("ref01-more-than-captured", "never more in sum", [], 100.01)
wrong_refund("ref01-more-in-sum", "never more in sum", [60, 30], 10.01)
wrong_refund("ref01-other-currency", "in its currency", [], 50, "EUR", "1365")
wrong_refund("ref01-only-reserved", "refund only what was captured", [], 50, code="1354", captured=False)


@then("ref01-more-than-partly-captured", "REF-01", "refund only what was captured (not what was reserved)", musts="REF-01", hits="CreateRefund",
      features=REFUND)
def _(c):
    c.be.partial = True
    pid = c.reserved(100)
    c.capture(pid, 40)
    c.sleep(1500)
    assert c.create_refund(pid, 41).code == "1367"
    c.refunds_of(pid), c.poll(pid)


@then("ref01-all-of-it-in-parts", "REF-01", "never more in sum: exactly the sum", features=REFUND)
def _(c):
    pid = c.captured(100)
    for part in (33.33, 33.33, 33.34):
        c.refund(pid, part), c.sleep(500)


@then("ref01-cancelled-ones-do-not-count", "REF-01", "never more in sum: a cancelled refund gives nothing back", features=REFUND)
def _(c):
    pid = c.captured(100)
    c.cancel_refund(c.create_refund(pid, 80).get("refundId"))
    c.refund(pid, 100)


@then("ref01-sent-again-counts-once", "REF-01", "A retry after a timeout whose first send did reach the backend is correct", features=REFUND)
def _(c):
    pid = c.captured(100)
    rid = c.create_refund(pid, 60, ["t", "5x", "t"]).get("refundId")
    c.poll_refund(rid)
    c.capture_refund(rid)


@then("ref01-payment-of-an-earlier-session", "REF-01", "What the capture does not show (an amount never seen) is not judged", features=REFUND,
      free="ALL-25")
def _(c):
    pid = c.be.plant_payment(c.pos, status="Captured", amount=100)
    c.be.payments[pid]["captured"] = 100
    c.refund(pid, 60)


# -- REF-02 to REF-04 -----------------------------------------------------------------------------------

@then("ref02-captured-on-a-hunch", "REF-02", "capture a refund only after Reserved", musts="REF-02", hits="CaptureRefund", features=REFUND)
def _(c):
    rid = c.create_refund(c.captured(), 20).get("refundId")
    c.be.refunds[rid]["status"] = "Reserved"
    c.sleep(3000)
    c.capture_refund(rid)


@then("ref02-captured-too-soon", "REF-02", "capture a refund only after Reserved", musts="REF-02", hits="CaptureRefund", features=REFUND)
def _(c):
    rid = c.create_refund(c.captured(), 20).get("refundId")
    c.poll(rid, kind="refunds")
    assert c.capture_refund(rid).code == "1351"
    c.poll_refund(rid)
    c.capture_refund(rid)


@then("ref02-another-refund-was-reserved", "REF-02 TRAP", "every requirement is judged per resource", musts="REF-02", hits="CaptureRefund",
      features=REFUND)
def _(c):
    pid = c.captured()
    a, b = (c.create_refund(pid, 10).get("refundId") for _ in range(2))
    c.poll_refund(a)
    c.be.refunds[b]["status"] = "Reserved"
    c.capture_refund(b), c.capture_refund(a)


@then("ref03-left-initiated", "REF-03", "every refund created ends captured or cancelled by the client", musts="REF-03", hits="CreateRefund",
      features=REFUND)
def _(c):
    c.create_refund(c.captured(), 20)


@then("ref03-left-reserved", "REF-03", "every refund created ends captured or cancelled by the client", musts="REF-03", hits="CreateRefund",
      features=REFUND)
def _(c):
    c.poll_refund(c.create_refund(c.captured(), 20).get("refundId"))


@then("ref03-cancel-given-up", "REF-03", "every refund created ends captured or cancelled (two failed sends are no end)", musts="REF-03",
      hits="CreateRefund", features=REFUND)
def _(c):
    c.cancel_refund(c.create_refund(c.captured(), 20).get("refundId"), ["5", "5"], sends=2)


@then("ref03-expired-and-seen", "REF-03", "or is seen in a final state", features=REFUND)
def _(c):
    rid = c.create_refund(c.captured(), 20).get("refundId")
    c.poll_refund(rid)
    c.sleep(3000 * 1000)
    c.get_token()
    c.be.refunds[rid]["status"] = "ExpiredAndCaptured"
    c.poll(rid, kind="refunds")


@then("ref03-lost-create-found-and-cancelled", "REF-03 ALL-11", "its loss is looked up and what is found is used or cancelled", features=REFUND)
def _(c):
    pid = c.captured()
    c.call("POST", "/refunds", c.refund_body(pid, 20), c.new_key(), ["t"], sends=1)
    c.cancel_refund(c.refunds_of(pid)[0])


@then("ref04-capture-after-cancel", "REF-04", "no capture after a cancel", musts="REF-04", hits="CaptureRefund", features=REFUND)
def _(c):
    rid = c.create_refund(c.captured(), 20).get("refundId")
    c.poll_refund(rid)
    c.cancel_refund(rid), c.sleep(500)
    assert c.capture_refund(rid).code == "1351"
    c.sleep(300)
    c.poll(rid, kind="refunds")


@then("ref04-cancel-after-capture", "REF-04", "no cancel after a capture", musts="REF-04", hits="CancelRefund", features=REFUND)
def _(c):
    rid = c.refund(c.captured())
    c.sleep(500)
    assert c.cancel_refund(rid).code == "1352"
    c.poll(rid, kind="refunds")


@then("ref04-cancel-after-expiry", "REF-04", "neither after a final state", musts="REF-04", hits="CancelRefund", features=REFUND)
def _(c):
    rid = c.create_refund(c.captured(), 20).get("refundId")
    c.poll_refund(rid)
    c.be.refunds[rid]["status"] = "ExpiredAndCaptured"
    c.poll(rid, kind="refunds")
    c.cancel_refund(rid)
    c.sleep(300)
    c.poll(rid, kind="refunds")


@then("ref04-captured-three-times", "REF-04 LEGAL", "refund capture repeated after success", features=REFUND)
def _(c):
    rid = c.refund(c.captured())
    c.sleep(200), c.capture_refund(rid), c.sleep(200), c.capture_refund(rid)


@then("refund-capture-with-a-body", "ALL-19 LEGAL", "refund capture with a body (ALL-19)", shoulds="ALL-19", features=REFUND)
def _(c):
    rid = c.create_refund(c.captured(), 20).get("refundId")
    c.poll_refund(rid)
    c.capture_refund(rid, body={"amount": 20})


# -- ALL rules on refunds -------------------------------------------------------------------------------

def refund_poll(name, gap, why, ok=False):
    @then(name, "ALL-16", why, musts="" if ok else "ALL-16", hits="GetRefund", features=REFUND)
    def _(c):
        rid = c.create_refund(c.captured(), 20).get("refundId")
        c.poll(rid, kind="refunds")
        c.ready_at[rid] = c.t + gap
        c.poll(rid, kind="refunds")
        c.poll_refund(rid)
        c.capture_refund(rid)


refund_poll("all16-refund-200-asked-140-waited", 140, "tolerance 5 % or 50 ms, whichever is more (50 ms here)")
refund_poll("all16-refund-200-asked-160-waited", 160, "tolerance 5 % or 50 ms; refunds have no 1 s rule", ok=True)


@then("all17-refund-last-delay-is-shorter", "ALL-17", "never at once (under 200 ms, or under the last known delay where that is shorter)",
      features=REFUND)
def _(c):
    c.be.refund_delay = 100
    rid = c.create_refund(c.captured(), 20).get("refundId")
    c.poll(rid, kind="refunds")
    c.poll(rid, kind="refunds", fault="5")
    c.poll_refund(rid)
    c.capture_refund(rid)


@then("all17-refund-at-once", "ALL-17", "never at once", musts="ALL-17", hits="GetRefund", features=REFUND)
def _(c):
    c.be.refund_delay = 100
    rid = c.create_refund(c.captured(), 20).get("refundId")
    c.poll(rid, kind="refunds")
    c.poll(rid, kind="refunds", fault="5")
    c.ready_at[rid] = c.t + 20
    c.poll_refund(rid)
    c.capture_refund(rid)


@then("all12-refund-capture-7-sends", "ALL-12", "at most 5 retries (6 sends)", musts="ALL-12", hits="CaptureRefund", features=REFUND)
def _(c):
    c.max_sends = 9
    rid = c.create_refund(c.captured(), 20).get("refundId")
    c.poll_refund(rid)
    c.capture_refund(rid, ["5"] * 6)


@then("all09-refund-fresh-key", "ALL-09", "a retry carries the same key", musts="ALL-09", hits="CreateRefund", features=REFUND)
def _(c):
    c.fresh_key_per_send = True
    rid = c.create_refund(c.captured(), 20, ["5"]).get("refundId")
    c.poll_refund(rid)
    c.capture_refund(rid)


def refund_field(name, why, **fields):
    @then(name, "ALL-18", why, musts="ALL-18", hits="CreateRefund", features=REFUND)
    def _(c):
        body = dict(c.refund_body(c.captured(), 20), **fields)
        c.cancel_refund(c.create_refund(None, body={k: v for k, v in body.items() if v != "absent"}).get("refundId"))


refund_field("all18-refund-order-37", "lengths: refundOrderId (<= 36)", refundOrderId="r" * 37)
refund_field("all18-refund-3-decimals", "amounts positive with at most two decimals", amount=20.005)
refund_field("all18-refund-order-number", "types", refundOrderId=17)


@then("all10-key-of-a-payment-for-its-refund", "ALL-10", "never used for a create of another operation", musts="ALL-10", hits="CreateRefund",
      features=REFUND, free="PAY-13")
def _(c):
    key = c.new_key()
    pid = c.reserved(100, key=key)
    c.capture(pid, 100)
    c.sleep(1500)
    c.create_refund(pid, 20, key=key)
    c.refunds_of(pid), c.poll(pid)
