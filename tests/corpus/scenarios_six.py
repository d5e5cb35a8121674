"""Prepared Payment, Refund, Loyalty and Payment Restrictions: right walks, selections, and which features a fault fails."""
from client import Client
from expect import FAILED, NOT_TESTED, SIX, bent, on, scenario, set_header, then

KEY = "x-mobilepay-idempotency-key"


@bent("six-base", "BASE", "passed: there is a witness; a client that does every case of all features", features=SIX)
def _(c):
    pass


def selection(name, *features, **more):
    chosen = ("onboarding",) + features

    @bent("six-" + name, "VERDICT", "Onboarding is mandatory; the other features are chosen", features=chosen, **more)
    def _(c):
        pass


selection("prepared-only", "prepared-payment")
selection("refund-only", "refund")
selection("loyalty-only", "loyalty")
selection("restrictions-only", "payment-restrictions")
selection("payment-and-refund", "payment", "refund")
selection("payment-and-restrictions", "payment", "payment-restrictions")
selection("prepared-and-loyalty", "prepared-payment", "loyalty")
selection("all-but-loyalty", "payment", "prepared-payment", "refund", "payment-restrictions")


@scenario("six-chosen-two-walked", "VERDICT", "incomplete if a mandatory case has no witness", features=SIX,
          cases=dict({"%s/%d" % (f, n): NOT_TESTED for f, last in (("prepared-payment", 4), ("refund", 3), ("loyalty", 2),
                                                                   ("payment-restrictions", 3)) for n in range(1, last + 1)}))
def _():
    return Client(features=("onboarding", "payment")).walk()


@scenario("six-walked-two-chosen", "ALL-21", "of the documented operations, only those of the chosen features are called",
          musts="ALL-21", hits="PreparePayment PaymentReady CreateRefund", features=("onboarding", "payment"))
def _():
    return Client(features=SIX).walk()


@scenario("six-walked-refund-not-chosen", "ALL-21", "refund: its five operations; what belongs to no chosen feature counts against "
          "Onboarding", musts="ALL-21", hits="CreateRefund", 
          features=[f for f in SIX if f != "refund"])
def _():
    return Client(features=SIX).walk()


@scenario("six-initiate-with-prepared-only", "ALL-21", "prepared-payment: PreparePayment, PaymentReady and the last four of these "
          "(InitiatePayment is not among them)", musts="ALL-21", hits="InitiatePayment", features=("onboarding", "prepared-payment"))
def _():
    c = Client(features=("onboarding", "prepared-payment")).walk()
    c.cancel(c.initiate(20).get("paymentId"))
    return c


def hit(name, op, why, change=set_header(KEY, None), must="ALL-08"):
    """One wrong send of an operation; the features that fail follow from the table of operations."""
    @bent("six-hit-" + name, must, why, musts=must, hits=op, features=SIX)
    def _(c):
        c.on_request = on(op, change, [4] if must == "ALL-08" else 1)   # the fourth create: one without faults


WHY = "An exchange belongs to features by the table of operations; ALL against each chosen feature that the exchange belongs to"
hit("initiate", "InitiatePayment", WHY)
hit("prepare", "PreparePayment", WHY)
hit("create-refund", "CreateRefund", WHY)
hit("create-pos", "CreatePos", WHY)
VERSION = set_header("x-mobilepay-client-system-version", None)
hit("capture", "CapturePayment", WHY, VERSION, "ALL-04")
hit("ready", "PaymentReady", WHY, VERSION, "ALL-04")
hit("query-ids", "QueryPaymentIds", WHY, VERSION, "ALL-04")
hit("get-refund", "GetRefund", WHY, VERSION, "ALL-04")
hit("refund-ids", "QueryRefundIds", WHY, VERSION, "ALL-04")
hit("capture-refund", "CaptureRefund", WHY, VERSION, "ALL-04")
hit("stores", "GetStores", WHY, VERSION, "ALL-04")


@then("six-capture-on-a-hunch", "PAY-01", "PAY against each chosen feature that the exchange belongs to", musts="PAY-01",
      hits="CapturePayment", features=SIX)
def _(c):
    pid = c.initiate(21).get("paymentId")
    c.be.checkin(pid), c.be.accept(pid)
    c.sleep(3000)
    c.capture(pid, 21)


# -- cases of the four features -------------------------------------------------------------------------

def left_out(walk, case, why="incomplete if a mandatory case has no witness", status=NOT_TESTED, **more):
    @bent("case-%s-left-out" % case.replace("/", "-"), "CASE", why, cases={case: status}, features=SIX, **more)
    def _(c):
        return {"skip": [walk]}


left_out("prepared_1", "prepared-payment/1")
left_out("prepared_2", "prepared-payment/2")
left_out("prepared_3", "prepared-payment/3")
left_out("prepared_4", "prepared-payment/4")
left_out("refund_1", "refund/1")
left_out("refund_2", "refund/2")
left_out("refund_3", "refund/3")
left_out("loyalty_1", "loyalty/1")
left_out("loyalty_2", "loyalty/2", "one payment may witness several cases: other customers were not enrolled either", "passed")
left_out("restrictions_1", "payment-restrictions/1", "debitCardDisallowed or creditCardDisallowed true; Reserved; captured",
         "any", open="the prepared payment of case 3, Reserved under a restriction and "
         "captured, witnesses case 1 too, or only InitiatePayment does")
left_out("restrictions_2", "payment-restrictions/2")
left_out("restrictions_3", "payment-restrictions/3", "needed where Prepared Payment is chosen too")


def instead(name, walk, act, why, cases, last=False, **more):
    """`last`: the case comes at the end of the walk, so that nothing later heals it by chance."""
    @bent(name, "CASE", why, cases=cases, features=more.pop("features", SIX), **more)
    def _(c):
        return {"instead": {walk: act}, "last": walk if last else None}


MARKS = "The marks are needed for the case"


def prepared(create=("t", "5"), ready=("t", "5"), capture=("t", "5")):
    def act(c):
        c.finish_prepared(c.paired(create), 200, ready, capture)
    return act


for part, faults in (("prepare", dict(create=["t"])), ("ready", dict(ready=["5"])), ("capture", dict(capture=[])),
                     ("ready-timeout", dict(ready=[("lost", 390), "5"]))):
    instead("case-prepared-payment-1-marks-of-" + part, "prepared_1", prepared(**faults), MARKS, {"prepared-payment/1": NOT_TESTED})
instead("case-prepared-payment-1-other-order", "prepared_1", prepared(["5", "t"], ["5", "t"], ["5", "t"]), "in either order", {})


def left_reserved(c):
    pid = c.paired(["t", "5"])
    c.make_ready(pid, 200, ["t", "5"])
    c.poll_until(pid, {"Reserved"}, ["accept"])


instead("case-prepared-payment-1-left-reserved", "prepared_1", left_reserved, "the turning point came (Reserved) and the next step had not followed",
        {"prepared-payment/1": FAILED}, musts="PAY-05", hits="PreparePayment", last=True,
        verdicts={"payment": "any", "refund": "any", "payment-restrictions": "any"})


def cancelled_while_issued(c):
    pid = c.paired()
    c.make_ready(pid, 202)
    c.poll_until(pid, {"CancelledByUser"}, ["user_cancel"])


instead("case-prepared-payment-2-while-issued", "prepared_2", cancelled_while_issued, "while Paired or IssuedToUser", {})
instead("case-prepared-payment-3-while-paired", "prepared_3", lambda c: c.cancel(c.paired(), ["5", "t"]), "while Prepared or Paired", {})
instead("case-prepared-payment-3-no-marks", "prepared_3", lambda c: c.cancel(c.paired()), MARKS, {"prepared-payment/3": NOT_TESTED})


def given_up(c):
    pid = c.be.plant_payment(c.pos, status="Prepared", name="in the way")
    assert c.prepare().code == "1301"
    c.be.backend_cancel(pid)


instead("case-prepared-payment-4-given-up", "prepared_4", given_up, "1301 came and the next step had not followed",
        {"prepared-payment/4": FAILED}, musts="PAY-07", hits="PreparePayment", last=True)


def refund_marks(create=("t", "5"), capture=("t", "5")):
    def act(c):
        rid = c.create_refund(c.captured(100), 30, create).get("refundId")
        c.poll_refund(rid)
        c.capture_refund(rid, capture)
    return act


instead("case-refund-1-create-without-timeout", "refund_1", refund_marks(create=["5"]), MARKS, {"refund/1": NOT_TESTED})
instead("case-refund-1-capture-without-500", "refund_1", refund_marks(capture=["t"]), MARKS, {"refund/1": NOT_TESTED})
instead("case-refund-1-other-order", "refund_1", refund_marks(["5", "t"], ["5", "t"]), "in either order", {})
instead("case-refund-2-no-marks", "refund_2", lambda c: c.cancel_refund(c.create_refund(c.captured(), 20).get("refundId")), MARKS,
        {"refund/2": NOT_TESTED})


def refund_given_up(c):
    rid = c.create_refund(c.captured(100), 30, ["t", "5"]).get("refundId")
    c.poll_refund(rid)
    c.capture_refund(rid, ["tl", "5", "5"], sends=3)


instead("case-refund-1-capture-given-up", "refund_1", refund_given_up, "a marked call met a fault and was not brought through; every refund "
        "created ends captured or cancelled", {"refund/1": FAILED}, musts="REF-03", hits="CaptureRefund")


def too_much(c):
    pid = c.captured(80)
    assert c.create_refund(pid, 81).code == "1367"
    c.sleep(300)
    c.refunds_of(pid)
    c.poll(pid)


instead("case-refund-3-by-1367", "refund_3", too_much, "1367, which mostly breaks REF-01 too; the same request is not sent again", {},
        musts="REF-01", hits="CreateRefund")


def insists(times):
    def act(c):
        pid, key = c.captured(80), c.new_key()
        body = c.refund_body(pid, 10)
        for _ in range(times):
            c.be.next_refusal["CreateRefund"] = (409, 1368)
            c.create_refund(pid, key=key, body=body)
            c.sleep(400)
        c.refunds_of(pid)
        c.poll(pid)
    return act


instead("case-refund-3-sent-four-times", "refund_3", insists(4), "the same request is not sent again; not repeated unchanged more than once",
        {"refund/3": "any"}, musts="ALL-14", hits="CreateRefund", free="PAY-13")
instead("case-refund-3-sent-twice", "refund_3", insists(2), "the same request is not sent again", {"refund/3": "any"}, free="PAY-13",
        open="one repeat passes ALL-14, but breaks the step: refund/3 failed (1), or not-tested (3)")


def by_checkin(c):
    """Loyalty by way of the check-in: the customer is there before there is a payment."""
    c.be.loyalty, c.be.checkins[c.pos] = ["LOYAL-2"], 0
    for _ in range(3):
        c.poll(c.pos, kind="pointofsales", tail="/checkin")
    pid = c.initiate(212).get("paymentId")
    c.poll_until(pid, {"Reserved"}, ["accept"])
    c.capture(pid, 212)
    c.be.loyalty = None
    c.be.checkins.clear()


instead("case-loyalty-1-by-checkin", "loyalty_1", by_checkin, "by PreparePayment and Paired, or by GetCheckIn", {})


def known_at_once(c):
    c.be.loyalty_after = 0
    c.loyalty_1()
    c.be.loyalty_after = 1


instead("case-loyalty-1-known-at-once", "loyalty_1", known_at_once, "first answers lack loyaltyIds, a later one has an id",
        {"loyalty/1": "any"}, open="the answer while Prepared, which never holds loyaltyIds, is one of the first answers that lack them "
        "(passed), or only those while Paired count (not-tested)")


def refused_by_customer(c):
    pid = c.initiate(221, restrictions={"creditCardDisallowed": True}).get("paymentId")
    c.poll_until(pid, {"CancelledByUser"}, ["checkin", "user_cancel"])


instead("case-payment-restrictions-2-by-customer", "restrictions_2", refused_by_customer,
        "the payment ends CancelledByMobilePay or CancelledByUser", {})
instead("case-payment-restrictions-1-credit", "restrictions_1",
        lambda c: c.capture(c.reserved(220, restrictions={"creditCardDisallowed": True}), 220),
        "debitCardDisallowed or creditCardDisallowed true", {})


instead("case-payment-restrictions-1-none-sent", "restrictions_1",
        lambda c: c.capture(c.reserved(220, restrictions={"debitCardDisallowed": False}), 220),
        "debitCardDisallowed or creditCardDisallowed true", {"payment-restrictions/1": NOT_TESTED},
        features=("onboarding", "payment", "payment-restrictions"))
