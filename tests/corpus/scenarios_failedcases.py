"""Cases that failed: a marked call given up, or a turning point with nothing after it, for each feature.

Kept at the end of the walk, so that nothing later heals them by chance.
"""
from expect import ANY, FAILED, bent

GIVEN_UP = "a marked call met a fault and was neither brought through nor recovered by look-up"
TURNED = "the turning point came and the next step had not followed where the capture ends"


def ends_with(name, walk, act, why, cases, features, **more):
    @bent("failedcase-" + name, "CASE", why, cases=cases, features=("onboarding",) + features, **more)
    def _(c):
        return {"instead": {walk: act}, "last": walk}


@bent("failedcase-delete-given-up", "CASE", GIVEN_UP + "; failed if a mandatory case failed, though no must did", features=("onboarding",),
      cases={"onboarding/2": FAILED, "onboarding/3": ANY, "onboarding/4": ANY})
def _(c):
    def act(c):
        c.call("DELETE", "/pointofsales/" + c.pos, faults=["tl", "5", "5"], sends=3)

    def other(c):
        c.name = "Till 1 (final)"
        c.lookup_pos(), c.create_pos(), c.get_pos()
    return {"instead": {"onboarding_2": act, "onboarding_3": other}}


@bent("failedcase-create-given-up", "CASE", GIVEN_UP, features=("onboarding",),
      cases={"onboarding/1": FAILED, "onboarding/2": ANY, "onboarding/3": ANY, "onboarding/4": ANY})
def _(c):
    def act(c):
        c.lookup_pos()
        c.create_pos(["tl", "5", "5", "5", "5", "5"])
        c.sleep(70000)
        c.name = "Till 1b"
        c.lookup_pos(), c.create_pos(), c.get_pos()
    return {"instead": {"onboarding_1": act}}


def initiate_given_up(c):
    c.initiate(100, ["tl", "5", "5", "5", "5", "5"])


ends_with("initiate-given-up-after-six", "payment_1", initiate_given_up, GIVEN_UP + "; sent again at least once, so ALL-11 holds",
          {"payment/1": FAILED}, ("payment",))


def prepared_user_cancelled(c):
    pid = c.prepare().get("paymentId")
    c.poll_until(pid, {"CancelledByUser"}, ["checkin", "user_cancel"])
    c.capture(pid, 100)
    c.sleep(1200)
    c.poll(pid)


def prepared_cancel_given_up(c):
    pid = c.prepare().get("paymentId")
    c.poll(pid)
    c.cancel(pid, ["tl", "5"], sends=2)


ends_with("prepared-captured-after-user-cancelled", "prepared_2", prepared_user_cancelled, TURNED, {"prepared-payment/2": FAILED},
          ("prepared-payment",), musts="PAY-01 PAY-04", hits="CapturePayment")
ends_with("prepared-cancel-given-up", "prepared_3", prepared_cancel_given_up, GIVEN_UP, {"prepared-payment/3": FAILED}, ("prepared-payment",),
          musts="PAY-06 PAY-08", hits="CancelPayment PreparePayment")


def refund_cancel_given_up(c):
    rid = c.create_refund(c.captured(90), 20).get("refundId")
    c.cancel_refund(rid, ["tl", "5"], sends=2)


def refund_create_given_up(c):
    c.create_refund(c.captured(90), 20, ["tl", "5", "5", "5", "5", "5"])


ends_with("refund-cancel-given-up", "refund_2", refund_cancel_given_up, GIVEN_UP, {"refund/2": FAILED}, ("refund",), musts="REF-03", hits="CancelRefund")
ends_with("refund-create-given-up", "refund_1", refund_create_given_up, GIVEN_UP, {"refund/1": FAILED}, ("refund",))


def refund_left_reserved(c):
    c.poll_refund(c.create_refund(c.captured(100), 30, ["t", "5"]).get("refundId"))


ends_with("refund-left-reserved", "refund_1", refund_left_reserved, TURNED + " (Reserved)", {"refund/1": FAILED}, ("refund",), musts="REF-03",
          hits="CreateRefund")


def loyal_left_reserved(c):
    c.be.loyalty = ["LOYAL-1"]
    pid = c.paired()
    c.make_ready(pid, 210)
    c.poll_until(pid, {"Reserved"}, ["accept"])


ends_with("loyalty-left-reserved", "loyalty_1", loyal_left_reserved, TURNED + " (Reserved)", {"loyalty/1": FAILED}, ("loyalty",), musts="PAY-05",
          hits="QueryPayment")


def restricted_left_reserved(c):
    c.reserved(220, restrictions={"debitCardDisallowed": True})


def refused_captured(c):
    pid = c.initiate(221, restrictions={"debitCardDisallowed": True}).get("paymentId")
    c.poll_until(pid, {"CancelledByMobilePay"}, ["checkin", "backend_cancel"])
    c.capture(pid, 221)
    c.sleep(1200)
    c.poll(pid)


ends_with("restricted-left-reserved", "restrictions_1", restricted_left_reserved, TURNED + " (Reserved)", {"payment-restrictions/1": FAILED},
          ("payment-restrictions",), musts="PAY-05", hits="QueryPayment")
ends_with("refused-card-captured", "restrictions_2", refused_captured, TURNED + " (card refused)", {"payment-restrictions/2": FAILED},
          ("payment-restrictions",), musts="RES-02 PAY-01 PAY-04", hits="CapturePayment")
ends_with("optional-partial-capture-left", "payment_7", lambda c: (setattr(c.be, "partial", True), c.reserved(170)),
          "a failed optional case is a warning (the must fails all the same)", {"payment/7": ANY}, ("payment",), musts="PAY-05", hits="QueryPayment")
