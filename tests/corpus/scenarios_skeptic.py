"""What a hostile reading of the verifier turned up: calls that overlap, ends that are only looked up, money of
other customers, points of sale that are not the one of the case."""
from client import Client
from expect import ANY, NOT_TESTED, SIX, bent, scenario, then
from walks import DEBIT

REFUNDS = ("onboarding", "payment", "refund")
ALONE = ("onboarding",)


def held(c, ms, act):
    """A send that the client has given up though its connection stays open for `ms`; it goes on after its time-out."""
    at, timeout = c.t, c.timeout_post
    act(("lost", ms))
    c.t = at + timeout


# -- sends of one call that overlap: the client went on, its HTTP library did not hang up -----------------

@then("sk-held-create-sent-again-meanwhile", "ALL-11 ALL-26", "is sent again at least once; given up: the retry came after 2 s")
def _(c):
    key, body = c.new_key(), c.payment_body(31)
    held(c, 29000, lambda fault: c.send("POST", "/payments", body, key, fault))
    pid = c.initiate(key=key, body=body, faults=["5"]).get("paymentId")
    c.cancel(pid)


@then("sk-held-capture-sent-again-meanwhile", "ALL-11 ALL-26 PAY-08", "tried again until 200")
def _(c):
    pid = c.reserved(32)
    held(c, 29000, lambda fault: c.send("POST", "/payments/%s/capture" % pid, {"amount": 32}, fault=fault))
    c.capture(pid, 32)


@then("sk-held-poll-polled-on-meanwhile", "ALL-16 ALL-17 ALL-26", "measured from the last answer; the poll was given up when the next was sent", free="ALL-15")
def _(c):
    pid = c.initiate(33).get("paymentId")
    at = c.t
    c.poll(pid, ("lost", 14300))
    c.t, c.ready_at[pid] = at + 500, at + 1530
    for _ in range(20):
        c.poll(pid)
    c.cancel(pid)


@then("sk-held-poll-polled-on-for-long", "ALL-26", "a call without an answer is given up: the next poll came after a second", free="ALL-15")
def _(c):
    pid = c.initiate(34).get("paymentId")
    at = c.t
    c.poll(pid, ("lost", 29990))
    c.t, c.ready_at[pid] = at + 500, at + 1530
    for _ in range(35):
        c.poll(pid)
    c.cancel(pid)


@then("sk-two-held-sends-then-a-third", "ALL-11", "is sent again at least once", shoulds="ALL-15", hits="InitiatePayment")
def _(c):
    key, body = c.new_key(), c.payment_body(35)
    held(c, 9000, lambda fault: c.send("POST", "/payments", body, key, fault))
    held(c, 4000, lambda fault: c.send("POST", "/payments", body, key, fault))
    c.sleep(8000)
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


@then("sk-held-delete-retry-refused-500-and-dropped", "ALL-11", "sent again at least once: it was, once")
def _(c):
    held(c, 9000, lambda fault: c.send("DELETE", "/pointofsales/" + c.pos, fault=fault))
    c.send("DELETE", "/pointofsales/" + c.pos, fault="5")


# -- tokens -------------------------------------------------------------------------------------------------

@then("sk-401-in-the-middle-of-polling", "ALL-16 ALL-23", "no call carries the refused token: the poll is sent again with a new one", shoulds="",
      open="ALL-16: a 401 is an answer to a poll, and polls after it wait; or it is none, having no pollDelayInMs", free="ALL-30")
def _(c):
    pid = c.initiate(36).get("paymentId")
    c.poll(pid)
    c.be.refused_tokens.add(c.token)
    c.poll(pid)
    c.get_token()
    c.ready_at[pid] = c.t + 50
    c.poll(pid)
    c.cancel(pid)


# -- PAY-07 -------------------------------------------------------------------------------------------------

@then("sk-1301-gone-when-looked-for", "PAY-07", "find, cancel, initiate again: the list is empty, so there is nothing to cancel")
def _(c):
    old = c.be.plant_payment(c.pos, "IssuedToUser", name="sk-gone")
    key, body = c.new_key(), c.payment_body(41)
    assert c.initiate(key=key, body=body).code == "1301"
    c.be.user_cancel(old)
    assert c.list_payments() == []
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


@then("sk-1301-id-known-from-earlier-session", "PAY-07", "find (not needed where the id is known), cancel, initiate again")
def _(c):
    old = c.be.plant_payment(c.pos, "Initiated", name="sk-known")
    key, body = c.new_key(), c.payment_body(42)
    assert c.initiate(key=key, body=body).code == "1301"
    c.cancel(old)
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


@then("sk-1301-looked-up-by-order-of-earlier-session", "PAY-07", "the lookup by posId alone, by orderId alone, or by both")
def _(c):
    old = c.be.plant_payment(c.pos, "Initiated", name="sk-order")
    key, body = c.new_key(), c.payment_body(43)
    assert c.initiate(key=key, body=body).code == "1301"
    assert c.list_payments(orderId="old-sk-order") == [old]
    c.cancel(old)
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


@bent("sk-case-4-by-order-of-earlier-session", "CASE", "QueryPaymentIds by posId, orderId or both")
def _(c):
    def act(c):
        old = c.be.plant_payment(c.pos, "Initiated", name="sk-case-4")
        key, body = c.new_key(), c.payment_body(44)
        assert c.initiate(key=key, body=body).code == "1301"
        c.list_payments(orderId="old-sk-case-4")
        c.cancel(old)
        c.cancel(c.initiate(key=key, body=body).get("paymentId"))
    return {"instead": {"payment_4": act}}


@then("sk-1301-hammered-until-it-went-away", "PAY-07", "find, cancel, initiate again", musts="PAY-07", hits="InitiatePayment")
def _(c):
    old = c.be.plant_payment(c.pos, "IssuedToUser", name="sk-hammer")
    key, body = c.new_key(), c.payment_body(45)
    assert c.initiate(key=key, body=body).code == "1301"
    c.be.user_cancel(old)
    c.sleep(20000)
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


# -- PAY-08, ALL-14 -----------------------------------------------------------------------------------------

@then("sk-cancel-failed-then-captured", "PAY-08", "a capture or cancel that failed is tried again until 200 (a cancel answered 200 ends a failed "
      "capture too) or a final state is seen: a capture ends no failed cancel", musts="PAY-08", hits="CancelPayment", free="ALL-11")
def _(c):
    pid = c.reserved(51)
    c.cancel(pid, ["5", "5"], sends=2)
    c.capture(pid, 51)


@then("sk-cancel-failed-then-seen-captured", "PAY-08", "or a final state is seen")
def _(c):
    pid = c.reserved(52)
    c.cancel(pid, ["5", "5"], sends=2)
    c.capture(pid, 52)
    c.sleep(1500)
    c.poll(pid)


@then("sk-refusals-and-500s-in-turn", "ALL-14", "a request refused with 4xx is not repeated unchanged more than once", musts="ALL-14",
      hits="InitiatePayment", free="ALL-12 PAY-07 PAY-13")
def _(c):
    key, body = c.new_key(), c.payment_body(53)
    for _ in range(6):
        c.be.next_refusal["InitiatePayment"] = (400, 1102)
        c.call("POST", "/payments", body, key, sends=1)
        c.sleep(500)
        c.call("POST", "/payments", body, key, ["5"], sends=1)
        c.sleep(500)
    c.be.next_refusal["InitiatePayment"] = (400, 1102)
    c.call("POST", "/payments", body, key, sends=1)


# -- refunds ------------------------------------------------------------------------------------------------

@then("sk-refund-seen-cancelled-then-again", "REF-01", "never more in sum: a refund that was cancelled gives nothing back", features=REFUNDS)
def _(c):
    pid = c.captured(60)
    rid = c.create_refund(pid, 60).get("refundId")
    c.cancel_refund(rid, ["t"], sends=1)
    c.sleep(1000)
    assert c.poll(rid, kind="refunds").get("status") == "CancelledByClient"
    c.refund(pid, 60)


@then("sk-refund-of-more-than-the-lost-capture-took", "REF-01", "refund only what was captured: 60 of 100, as the capture without an answer said",
      musts="REF-01", hits="CreateRefund", features=REFUNDS, free="PAY-13")
def _(c):
    c.be.partial = True
    pid = c.reserved(100)
    c.capture(pid, 60, ["t"], sends=1)
    c.sleep(1500)
    assert c.poll(pid).get("status") == "Captured"
    c.be.partial = False
    c.sleep(1500)
    assert c.create_refund(pid, 80).code == "1367"
    c.sleep(500)
    c.poll(pid)


@then("sk-refund-sums-beyond-counting", "REF-01", "never more in sum: whatever the numbers", musts="REF-01", hits="CreateRefund",
      features=REFUNDS, free="REF-03 ALL-18 PAY-09 PAY-13")
def _(c):
    pid = c.captured(60)
    for n in range(120):
        c.be.next_answer["CreateRefund"] = (200, {"refundId": "00000000-0000-4000-8000-%012d" % n})
        c.create_refund(pid, 900000000000000)
        c.be.next_answer["CancelRefund"] = (200, None)
        if n > 100:
            for m in range(100):
                c.be.next_answer["CancelRefund"] = (200, None)
                c.cancel_refund("00000000-0000-4000-8000-%012d" % m)
            break
        c.sleep(100)


@then("sk-found-refund-left-and-made-anew", "ALL-09 ALL-11", "unknown (last send failed, no look-up since): it was looked up, so this is ALL-11: "
      "what is found is used or cancelled", musts="ALL-11", hits="CreateRefund", features=REFUNDS, free="REF-01")
def _(c):
    pid = c.captured(60)
    body = c.refund_body(pid, 20)
    c.call("POST", "/refunds", body, c.new_key(), ["t"], sends=1)
    c.sleep(300)
    assert len(c.refunds_of(pid)) == 1
    c.sleep(300)
    rid = c.create_refund(pid, body=body).get("refundId")
    c.poll_refund(rid)
    c.capture_refund(rid)


# -- Loyalty and restrictions -------------------------------------------------------------------------------

@then("sk-check-in-of-the-customer-before", "LOY-01", "a payment seen Paired is readied only once an answer held loyaltyIds: those of the check-in were "
      "another customer's", musts="LOY-01", hits="PaymentReady", features=SIX)
def _(c):
    c.be.checkins[c.pos] = 5
    c.be.loyalty = ["LOYAL-9"]
    c.poll(c.pos, kind="pointofsales", tail="/checkin")
    c.pay(61)
    del c.be.checkins[c.pos]
    c.be.loyalty = None
    c.sleep(2000)
    pid = c.prepare().get("paymentId")
    c.poll(pid)
    c.be.checkin(pid)
    c.poll(pid)
    c.finish_prepared(pid, 62)


@then("sk-poll-in-flight-while-made-ready", "RES-01", "the payment shows it: an answer to a poll of before cannot", features=SIX)
def _(c):
    c.be.loyalty = []
    pid = c.paired()
    c.sleep(1100)
    at = c.t
    c.poll(pid, ("late", 400))
    done = c.t
    c.t = at + 20
    c.make_ready(pid, 63, restrictions=DEBIT)
    c.t = max(c.t, done)
    c.poll_until(pid, {"Reserved"}, ["accept"])
    c.capture(pid, 63)
    c.be.loyalty = None


# -- Onboarding, final --------------------------------------------------------------------------------------

def two_poses(c):
    c.start()
    c.name = "Till B"
    c.lookup_pos(), c.create_pos(), c.get_pos()
    b = c.pos
    c.name = "Till A"
    c.lookup_pos(), c.create_pos(["t", "5"]), c.get_pos()
    return b, c.pos


@scenario("sk-case-3-before-the-delete-of-case-2", "CASE", "CreatePos, 200, after the PoS of case 2 was deleted: none was created after that",
          cases={"onboarding/3": NOT_TESTED}, features=ALONE)
def _():
    c = Client(features=ALONE)
    b, a = two_poses(c)
    c.delete_pos(pos=b)
    c.name = "Till C"
    c.lookup_pos(), c.create_pos(), c.get_pos()
    c.delete_pos(["t", "5"], pos=a)
    c.sleep(1500)
    c.onboarding_4()
    return c


@scenario("sk-case-3-delete-of-another-before", "CASE", "after the PoS of case 2 was deleted: another was, before it was even created",
          cases={"onboarding/3": NOT_TESTED, "onboarding/4": ANY}, features=ALONE)
def _():
    c = Client(features=ALONE)
    c.start()
    c.name = "Till B"
    c.lookup_pos(), c.create_pos(), c.get_pos(), c.delete_pos()
    c.name = "Till A"
    c.lookup_pos(), c.create_pos(["t", "5"]), c.get_pos(), c.delete_pos(["t", "5"])
    return c


# -- what no backend says -----------------------------------------------------------------------------------

def odd_delay(name, delay, musts=""):
    @then("sk-odd-delay-" + name, "ALL-16", "no sooner than pollDelayInMs after the last answer", musts=musts, hits="QueryPayment")
    def _(c):
        pid = c.initiate(71).get("paymentId")
        for _ in range(3):
            c.be.next_answer["QueryPayment"] = (200, {"paymentId": pid, "status": "Initiated", "pollDelayInMs": delay})
            c.ready_at[pid] = c.t + 1100
            c.poll(pid)
            c.ready_at[pid] = c.t + 1100
            c.last_delay[pid] = 1000
        c.cancel(pid)


odd_delay("negative", -9223372036854775808)
odd_delay("beyond-counting", 9223372036854775807, "ALL-16")
odd_delay("a-fraction-written-out", 1000.0)
odd_delay("a-long-fraction", 5000.0, "ALL-16")
odd_delay("beyond-64-bits", 10 ** 40, "ALL-16")
