"""Statuses of the cases of Payment: passed, failed, not-tested; what an incomplete walk is worth."""
from expect import ANY, FAILED, NOT_TESTED, bent


def without(n, why, status=NOT_TESTED):
    @bent("case-payment-%d-left-out" % n, "CASE", why, cases={"payment/%d" % n: status})
    def _(c):
        return {"skip": ["payment_%d" % n]}


without(1, "incomplete if a mandatory case has no witness")
without(2, "incomplete if a mandatory case has no witness")
without(3, "incomplete if a mandatory case has no witness")
without(4, "incomplete if a mandatory case has no witness")
without(5, "one payment may witness several cases: others were Reserved with partialCapturePossible false and captured in full", "passed")
without(6, "incomplete if a mandatory case has no witness; captures that came through at the next send are no hanging reservation")
without(7, "Partial capture possible (optional)")


def instead(name, case, act, why, cases, last=False, **more):
    """`last`: the case comes at the end of the walk, so that nothing later heals it by chance."""
    @bent(name, "CASE", why, cases=cases, **more)
    def _(c):
        return {"instead": {"payment_%d" % case: act}, "last": "payment_%d" % case if last else None}


def complete(initiate=("t", "5"), polls=(None, "t", "5"), capture=("t", "5")):
    def act(c):
        pid = c.initiate(100, initiate).get("paymentId")
        c.poll_until(pid, {"Reserved"}, ["checkin", "accept"], polls)
        c.capture(pid, 100, capture)
    return act


MARKS = "The marks are needed for the case"
ONE = {"payment/1": NOT_TESTED}
instead("case-payment-1-initiate-without-timeout", 1, complete(initiate=["5"]), MARKS, ONE)
instead("case-payment-1-initiate-without-500", 1, complete(initiate=["t"]), MARKS, ONE)
instead("case-payment-1-no-poll-timeout", 1, complete(polls=[None, "5"]), MARKS, ONE)
instead("case-payment-1-no-poll-500", 1, complete(polls=[None, "t"]), MARKS, ONE)
instead("case-payment-1-capture-without-500", 1, complete(capture=["t"]), MARKS, ONE)
instead("case-payment-1-capture-without-timeout", 1, complete(capture=["5"]), MARKS, ONE)
instead("case-payment-1-either-order", 1, complete(["5", "t"], ["5", None, "t"], ["5", "t"]), "in either order; any polls of that payment", {})
instead("case-payment-1-poll-held-390-ms", 1, complete(polls=[("lost", 390), "5"]), "lasted 400 ms or more", ONE)
instead("case-payment-1-poll-held-410-ms", 1, complete(polls=[("lost", 410), "5"]), "lasted 400 ms or more", {})
instead("case-payment-1-poll-503-is-no-mark", 1, complete(polls=["t", 503]), "(5) a send answered 500", ONE)
instead("case-payment-1-marks-on-two-payments", 1, lambda c: (complete(capture=[])(c), c.sleep(2000), complete(initiate=[])(c)),
        "A witness is a set of exchanges of one payment that shows all steps", ONE)
instead("case-payment-1-second-try", 1, lambda c: (complete(capture=[])(c), c.sleep(2000), complete()(c)),
        "passed: there is a witness, whatever else was tried", {})


def slow_marks(pause):
    def act(c):
        key, body = c.new_key(), c.payment_body(100)
        c.call("POST", "/payments", body, key, ["t", "5"], sends=2)
        c.sleep(pause)
        pid = c.initiate(key=key, body=body).get("paymentId")
        c.poll_until(pid, {"Reserved"}, ["checkin", "accept"], [None, "t", "5"])
        c.capture(pid, 100, ["t", "5"])
    return act


instead("case-payment-1-pause-of-29-s", 1, slow_marks(29000), "sent again until 200 without a pause of half a minute", {})
instead("case-payment-1-pause-of-31-s", 1, slow_marks(31000), "sent again until 200 without a pause of half a minute", {"payment/1": ANY},
        verdicts={"payment": ANY}, exit=3, open="brought through, but after a pause: not-tested (3), or failed (1)")


def lost_create(then):
    def act(c):
        c.call("POST", "/payments", c.payment_body(100, order="lost-9"), c.new_key(), ["t"], sends=1)
        then(c)
    return act


def found_and_captured(c):
    pid = c.list_payments(orderId="lost-9")[0]
    c.poll_until(pid, {"Reserved"}, ["checkin", "accept"], [None, "t", "5"])
    c.capture(pid, 100, ["t", "5"])


instead("case-payment-1-create-found-by-lookup", 1, lost_create(found_and_captured),
        "neither brought through nor recovered by look-up: recovered, so not failed; not sent again, so no witness", ONE)
instead("case-payment-1-create-forgotten", 1, lost_create(lambda c: (c.be.backend_cancel(list(c.be.payments)[-1]), c.sleep(70000))),
        "a marked call met a fault and was neither brought through nor recovered by look-up", {"payment/1": FAILED},
        musts="ALL-11", hits="InitiatePayment", last=True)


def capture_forgotten(c):
    pid = c.initiate(100, ["t", "5"]).get("paymentId")
    c.poll_until(pid, {"Reserved"}, ["checkin", "accept"], [None, "t", "5"])
    c.capture(pid, 100, ["tl", "5"], sends=2)


instead("case-payment-1-capture-given-up", 1, capture_forgotten, "a marked call met a fault and was not brought through",
        {"payment/1": FAILED, "payment/6": "passed"}, musts="PAY-05 PAY-08", hits="CapturePayment", last=True)


def user_cancel_and_capture(c):
    pid = c.initiate(120).get("paymentId")
    c.poll_until(pid, {"CancelledByUser"}, ["checkin", "user_cancel"])
    c.capture(pid, 120)
    c.sleep(1000)
    c.poll(pid)


instead("case-payment-2-captured-all-the-same", 2, user_cancel_and_capture, "CancelledByUser came and the next step (nothing is captured) "
        "had not followed", {"payment/2": FAILED}, musts="PAY-01 PAY-04", hits="CapturePayment")
instead("case-payment-2-customer-accepts", 2, lambda c: c.pay(120), "not-tested: everything else", {"payment/2": NOT_TESTED})
instead("case-payment-3-no-marks", 3, lambda c: c.cancel(c.initiate(130).get("paymentId")), MARKS, {"payment/3": NOT_TESTED})
instead("case-payment-3-only-500", 3, lambda c: c.cancel(c.initiate(130).get("paymentId"), ["5"]), MARKS, {"payment/3": NOT_TESTED})
instead("case-payment-3-polled-first", 3, lambda c: [c.cancel(p, ["5", "t"]) for p in [c.initiate(130).get("paymentId")] if c.poll(p)],
        "anything may lie between", {})
instead("case-payment-3-cancel-given-up", 3, lambda c: (c.cancel(c.initiate(130).get("paymentId"), ["tl", "5"], sends=2),
                                                        c.be.backend_cancel(list(c.be.payments)[-1])),
        "a marked call met a fault and was not brought through", {"payment/3": FAILED}, musts="PAY-06 PAY-08",
        hits="CancelPayment InitiatePayment")


def given_up_1301(c):
    pid = c.be.plant_payment(c.pos, status="Initiated", name="in the way")
    c.initiate(141)
    c.be.backend_cancel(pid)


instead("case-payment-4-given-up", 4, given_up_1301, "the turning point came (1301) and the next step had not followed",
        {"payment/4": FAILED}, musts="PAY-07", hits="InitiatePayment", last=True)
instead("case-payment-4-never-refused", 4, lambda c: (c.cancel(c.initiate(140).get("paymentId")), c.sleep(1000), c.pay(141)),
        "not-tested: everything else", {"payment/4": NOT_TESTED})


def hanging(pause, end="capture", failures=3):
    def act(c):
        pid = c.reserved(160)
        c.capture(pid, 160, ["5"] * failures, sends=failures)
        c.sleep(pause)
        c.capture(pid, 160) if end == "capture" else c.cancel(pid)
    return act


instead("case-payment-6-after-31-s", 6, hanging(31000), "half a minute or more after the last of them", {})
instead("case-payment-6-after-29-s", 6, hanging(29000), "half a minute or more after the last of them (29 s are less)",
        {"payment/6": ANY}, verdicts={"payment": ANY}, exit=3, open="captured, but too soon to be a new start: not-tested (3), or failed (1)")
instead("case-payment-6-one-send-only", 6, hanging(45000, failures=1), "every send of CapturePayment is answered (5) until the client gives up", {})
instead("case-payment-6-six-sends", 6, hanging(3600 * 500, failures=6), "half a minute or more after the last of them", {})
instead("case-payment-6-never-again", 6, lambda c: c.capture(c.reserved(160), 160, ["5"] * 3, sends=3),
        "captures failing, and the next step had "
        "not followed where the capture ends", {"payment/6": FAILED}, musts="PAY-05 PAY-08", hits="CapturePayment")
instead("case-payment-6-cancelled-instead", 6, hanging(40000, "cancel"), "(or cancels it where that is what it had decided)",
        {}, open="the capture had been decided (it was sent), the client cancels later: a witness, or not")


@bent("case-payment-5-by-cancel-alone", "CASE", "CapturePayment of the full amount, or CancelPayment")
def _(c):
    def act(c):
        c.be.partial = False
        c.cancel(c.reserved(150))
        c.be.partial = True
    c.be.partial = True
    return {"instead": {"payment_5": act}}


@bent("case-payment-5-flag-never-false", "CASE", "Reserved with partialCapturePossible false", cases={"payment/5": NOT_TESTED})
def _(c):
    c.be.partial = True
    return {"skip": ["payment_5"]}


@bent("case-payment-5-partial-tried", "CASE PAY-03", "Reserved with partialCapturePossible false; CapturePayment of the full amount or "
      "CancelPayment had not followed", cases={"payment/5": FAILED}, musts="PAY-03 PAY-05", hits="CapturePayment")
def _(c):
    def act(c):
        c.be.partial = False
        pid = c.reserved(150)
        c.capture(pid, 100)
        c.sleep(1000)
        c.poll(pid)
        c.be.partial = True
    c.be.partial = True
    return {"instead": {"payment_5": act}}


@bent("case-payment-7-flag-true-captured-in-full", "CASE", "Partial capture possible (optional): CapturePayment of less",
      cases={"payment/7": NOT_TESTED})
def _(c):
    def act(c):
        c.be.partial = True
        c.pay(170)
        c.be.partial = False
    return {"instead": {"payment_7": act}}
