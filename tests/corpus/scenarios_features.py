"""PRE-01, LOY-01, RES-01 to RES-03, and the ALL and PAY rules on prepared payments."""
from expect import SIX, then
from walks import DEBIT

PREPARED = ("onboarding", "prepared-payment")
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
    c.traffic.entries[-1]["response"]["content"]["text"] = c.traffic.entries[-1]["response"]["content"]["text"][:-1] + ', "loyaltyIds": null}'
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
restricted("res01-both-false", "a restriction is sent as documented", "",
           restrictions={"debitCardDisallowed": False, "creditCardDisallowed": False})
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
