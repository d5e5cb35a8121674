"""PRE-01, REF-01 to REF-04, LOY-01, RES-01 to RES-03, and the ALL rules on what only these features call."""
from expect import SIX, then
from walks import DEBIT

PREPARED = ("onboarding", "prepared-payment")
REFUND = ("onboarding", "refund")
LOYALTY = ("onboarding", "loyalty")
RESTRICTED = ("onboarding", "payment-restrictions")


# -- PRE-01 ---------------------------------------------------------------------------------------------

@then("pre01-ready-for-an-initiated-payment", "PRE-01", "ready only for a payment the client prepared", musts="PRE-01", hits="PaymentReady",
      features=SIX, free="PAY-13")
def _(c):
    pid = c.initiate(61).get("paymentId")
    assert c.make_ready(pid, 61).code == "1303"
    c.sleep(300)
    c.poll(pid)
    c.cancel(pid)


@then("pre01-other-amount-later", "PRE-01", "and one amount per payment", musts="PRE-01", hits="PaymentReady", features=PREPARED)
def _(c):
    pid = c.paired()
    c.make_ready(pid, 62)
    c.sleep(1200)
    assert c.make_ready(pid, 63).code == "1303"
    c.poll(pid)
    c.cancel(pid)


@then("pre01-other-amount-on-retry", "PRE-01", "and one amount per payment", musts="PRE-01", hits="PaymentReady", features=PREPARED)
def _(c):
    pid = c.paired()
    c.call("POST", "/payments/%s/ready" % pid, {"amount": 64, "currencyCode": "DKK", "plannedCaptureDelay": "None"}, faults=["5"], sends=1)
    c.sleep(300)
    c.finish_prepared(pid, 65)


@then("pre01-same-ready-again", "PRE-01", "one amount per payment: repeating the same is fine", features=PREPARED)
def _(c):
    pid = c.paired()
    c.make_ready(pid, 66), c.sleep(500)
    c.finish_prepared(pid, 66)


@then("pre01-ready-before-checkin", "PRE-01 LOY-01", "Prepared -> Initiated (ready before check-in)", features=SIX)
def _(c):
    pid = c.prepare().get("paymentId")
    c.make_ready(pid, 67)
    c.poll_until(pid, {"Reserved"}, ["checkin", "accept"])
    c.capture(pid, 67)


# -- payments' requirements hold for prepared ones -------------------------------------------------------

@then("prepared-left-paired", "PAY-06", "Requirements that apply to a payment hold for prepared payments too", musts="PAY-06",
      hits="PreparePayment", features=PREPARED)
def _(c):
    c.paired()


@then("prepared-less-captured", "PAY-03", "hold for prepared payments too", musts="PAY-03", hits="CapturePayment", features=PREPARED)
def _(c):
    pid = c.paired()
    c.make_ready(pid, 70)
    c.poll_until(pid, {"Reserved"}, ["accept"])
    c.capture(pid, 60)
    c.sleep(1000)
    c.poll(pid)
    c.capture(pid, 70)


@then("prepared-more-captured", "PAY-02", "hold for prepared payments too", musts="PAY-02", hits="CapturePayment", features=PREPARED)
def _(c):
    pid = c.paired()
    c.make_ready(pid, 70)
    c.poll_until(pid, {"Reserved"}, ["accept"])
    c.capture(pid, 70.01)
    c.sleep(1000)
    c.poll(pid)
    c.capture(pid, 70)


@then("prepared-fresh-key-on-retry", "ALL-09", "a retry carries the same key and the same body", musts="ALL-09", hits="PreparePayment",
      features=PREPARED, free="PAY-10")
def _(c):
    c.fresh_key_per_send = True
    c.cancel(c.prepare(["5"]).get("paymentId"))


@then("prepared-key-of-a-prepare-for-an-initiate", "ALL-10", "never used for a create of another operation", musts="ALL-10",
      hits="InitiatePayment", features=("onboarding", "payment", "prepared-payment"), free="PAY-13")
def _(c):
    key = c.new_key()
    c.cancel(c.prepare(key=key).get("paymentId"))
    c.sleep(1000)
    c.initiate(71, key=key)
    c.list_payments()


@then("prepared-initiate-after-prepare-with-own-keys", "ALL-10", "two creates, two keys", features=("onboarding", "payment", "prepared-payment"))
def _(c):
    c.cancel(c.prepare().get("paymentId"))
    c.sleep(1000)
    c.cancel(c.initiate(71).get("paymentId"))


@then("prepared-ready-without-currency", "ALL-18", "required fields", musts="ALL-18", hits="PaymentReady", features=PREPARED)
def _(c):
    pid = c.paired()
    c.call("POST", "/payments/%s/ready" % pid, {"amount": 72, "plannedCaptureDelay": "None"})
    c.cancel(pid)


@then("prepared-amount-in-prepare", "ALL-19", "no undocumented fields (PreparePayment has no amount)", shoulds="ALL-19", features=PREPARED)
def _(c):
    c.cancel(c.prepare(body={"posId": c.pos, "orderId": c.new_order(), "amount": 73}).get("paymentId"))


@then("prepared-ready-lost-and-forgotten", "ALL-11", "a call that got 500 is sent again at least once", musts="ALL-11", hits="PaymentReady",
      features=PREPARED)
def _(c):
    pid = c.paired()
    c.call("POST", "/payments/%s/ready" % pid, {"amount": 74, "currencyCode": "DKK", "plannedCaptureDelay": "None"}, faults=["5"], sends=1)
    c.sleep(1000)
    c.cancel(pid)


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


# -- LOY-01 ---------------------------------------------------------------------------------------------

@then("loy01-ready-before-lookup", "LOY-01", "a payment seen Paired is readied only once an answer held loyaltyIds", musts="LOY-01",
      hits="PaymentReady", features=LOYALTY)
def _(c):
    pid = c.prepare().get("paymentId")
    c.poll(pid), c.be.checkin(pid), c.poll(pid)
    c.finish_prepared(pid, 81)


@then("loy01-initiate-before-lookup", "LOY-01", "after a check-in answer a payment is initiated only once an answer held loyaltyIds",
      musts="LOY-01", hits="InitiatePayment", features=LOYALTY)
def _(c):
    c.be.loyalty, c.be.checkins[c.pos] = ["LOYAL-3"], 0
    c.poll(c.pos, kind="pointofsales", tail="/checkin")
    pid = c.initiate(82).get("paymentId")
    c.poll_until(pid, {"Reserved"}, ["accept"])
    c.capture(pid, 82)


@then("loy01-initiate-without-checkin", "LOY-01", "an InitiatePayment with no check-in look-up is not judged", features=LOYALTY)
def _(c):
    c.pay(83)


@then("loy01-not-enrolled", "LOY-01", "once an answer held loyaltyIds (empty or not)", features=LOYALTY)
def _(c):
    c.be.loyalty = []
    c.finish_prepared(c.paired(), 84)


@then("loy01-loyalty-not-chosen", "LOY-01", "where Loyalty is chosen (it is not)", features=PREPARED)
def _(c):
    pid = c.prepare().get("paymentId")
    c.poll(pid), c.be.checkin(pid), c.poll(pid)
    c.finish_prepared(pid, 85)


@then("loy01-null-is-absent", "LOY-01", "only once an answer held loyaltyIds", features=LOYALTY,
      open="`loyaltyIds: null` (nullable in OpenAPI): not held, LOY-01 failed, or held")
def _(c):
    pid = c.prepare().get("paymentId")
    c.poll(pid), c.be.checkin(pid), c.poll(pid)
    c.world.entries[-1]["response"]["content"]["text"] = c.world.entries[-1]["response"]["content"]["text"][:-1] + ', "loyaltyIds": null}'
    c.finish_prepared(pid, 86)


# -- RES ------------------------------------------------------------------------------------------------

def restricted(name, why, musts="RES-01", shoulds="", open=None, **fields):
    @then(name, "RES-01", why, musts=musts, shoulds=shoulds, hits="InitiatePayment", features=RESTRICTED, open=open)
    def _(c):
        c.pay(91, **fields)


restricted("res01-as-text", "a restriction is sent as documented", "RES-01 ALL-18", restrictions={"debitCardDisallowed": "true"})
restricted("res01-other-name", "a restriction is sent as documented", "RES-01", "ALL-19", restrictions={"debitCardsDisallowed": True})
restricted("res01-at-top-level", "a restriction is sent as documented", "RES-01", "ALL-19", debitCardDisallowed=True,
           open="a field of the restriction's name outside `restrictions`: a restriction sent wrongly (RES-01), or just an unknown field")
restricted("res01-both-false", "a restriction is sent as documented", "", restrictions={"debitCardDisallowed": False, "creditCardDisallowed": False})
restricted("res01-null", "nulls for absent optional fields", "", restrictions={"debitCardDisallowed": True, "creditCardDisallowed": None})


@then("res01-payment-does-not-show-it", "RES-01", "and the payment shows it", musts="RES-01", hits="InitiatePayment", features=RESTRICTED)
def _(c):
    pid = c.initiate(92, restrictions=DEBIT).get("paymentId")
    c.be.payments[pid]["restrictions"] = {"debitCardDisallowed": False, "creditCardDisallowed": False}
    c.poll_until(pid, {"Reserved"}, ["checkin", "accept"])
    c.capture(pid, 92)


def refused(c):
    pid = c.initiate(93, restrictions=DEBIT).get("paymentId")
    c.poll_until(pid, {"CancelledByMobilePay"}, ["checkin", "backend_cancel"])
    return pid


@then("res02-refused-and-captured", "RES-02 PAY-01 PAY-04", "a refused payment is not captured", musts="RES-02 PAY-01 PAY-04",
      hits="CapturePayment", features=RESTRICTED)
def _(c):
    pid = refused(c)
    c.capture(pid, 93)
    c.sleep(1500)
    c.poll(pid)


@then("res02-polled-on", "RES-02", "not polled again after the final state was answered (one more is let pass)", musts="RES-02",
      shoulds="PAY-09", hits="QueryPayment", features=RESTRICTED)
def _(c):
    pid = refused(c)
    c.poll(pid), c.poll(pid)


@then("res02-one-poll-more", "RES-02", "(one more is let pass)", features=RESTRICTED)
def _(c):
    c.poll(refused(c))


def both(name, start):
    @then(name, "RES-03", "not both card kinds are disallowed", shoulds="RES-03", features=SIX)
    def _(c):
        start(c, {"debitCardDisallowed": True, "creditCardDisallowed": True})


both("res03-both-on-initiate", lambda c, r: c.pay(94, restrictions=r))
both("res03-both-on-ready", lambda c, r: c.finish_prepared(c.paired(), 95, restrictions=r))
