"""PAY-09 to PAY-14: habits around payments, good and bad."""
from expect import then


# -- PAY-09 to PAY-14 -----------------------------------------------------------------------------------

def polls_after_end(name, more, why, shoulds=""):
    @then(name, "PAY-09", why, shoulds=shoulds)
    def _(c):
        pid = c.initiate(45).get("paymentId")
        c.poll_until(pid, {"CancelledByUser"}, ["checkin", "user_cancel"])
        for _ in range(more):
            c.poll(pid)


polls_after_end("pay09-one-poll-more", 1, "polling stops at a final state (one more is let pass)")
polls_after_end("pay09-two-polls-more", 2, "polling stops at a final state (one more is let pass)", "PAY-09")
polls_after_end("pay09-ten-polls-more", 10, "polling stops at a final state", "PAY-09")


@then("pay10-order-number-once-a-day", "PAY-10", "an orderId is used for one payment", shoulds="PAY-10")
def _(c):
    c.pay(46, order="Order - 7")
    c.sleep(2000)
    c.cancel(c.initiate(47, order="Order - 7").get("paymentId"))


@then("pay10-same-payment-sent-twice", "PAY-10", "Creates with one key are one call: a second 200 with the same paymentId is one payment")
def _(c):
    key, body = c.new_key(), c.payment_body(48)
    c.initiate(key=key, body=body, faults=["t"])
    c.sleep(200)
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


def any_error(name, why, refuse, musts="PAY-11"):
    @then(name, "PAY-11", why, musts=musts, hits="CancelPayment")
    def _(c):
        x = c.initiate(49).get("paymentId")
        c.poll(x)
        key, body = c.new_key(), c.payment_body(50)
        refuse(c, key, body)
        c.sleep(300)
        for pid in c.list_payments():
            c.cancel(pid)
        c.cancel(c.initiate(51).get("paymentId"))


def refused_400(c, key, body):
    c.be.next_refusal["InitiatePayment"] = (400, 1102)
    c.initiate(key=key, body=body)


any_error("pay11-cleaned-up-after-400", "any error on initiate cleaned up by cancelling whatever payment is listed", refused_400)
any_error("pay11-cleaned-up-after-500", "after a create was refused or failed with anything but 409/1301, no payment whose id was seen "
          "before is listed and cancelled", lambda c, key, body: c.initiate(key=key, body=body, faults=["5"] * 6))


@then("pay11-own-lost-payment-cancelled", "PAY-11", "no payment whose id was seen before that request: this one was not")
def _(c):
    c.call("POST", "/payments", c.payment_body(52), c.new_key(), ["5x", "t"], sends=2)
    c.sleep(300)
    c.cancel(c.list_payments()[0])


def sweep(name, act, why):
    @then(name, "PAY-12", why, shoulds="PAY-12")
    def _(c):
        for amount in (53, 54, 55):
            c.reserved(amount)
        c.sleep(2000)
        for pid in c.list_payments():
            amount = c.poll(pid).get("amount")
            c.cancel(pid) if act == "cancel" else c.capture(pid, amount)


sweep("pay12-all-cancelled", "cancel", "not swept by listing and cancelling or capturing all")
sweep("pay12-all-captured", "capture", "not swept by listing and cancelling or capturing all")


@then("pay12-one-by-one", "PAY-12", "reservations are ended one by one as decided")
def _(c):
    ids = [c.reserved(amount) for amount in (56, 57, 58)]
    c.sleep(5000)
    c.capture(ids[0], 56), c.sleep(3000), c.cancel(ids[1]), c.sleep(3000), c.capture(ids[2], 58)


@then("pay13-409-not-followed-by-query", "PAY-13 PAY-02", "a 409 other than 1301 is followed by a query of its resource",
      musts="PAY-02", shoulds="PAY-13", hits="CapturePayment")
def _(c):
    pid = c.reserved(59)
    c.capture(pid, 60)
    c.sleep(1000)
    c.capture(pid, 59)


@then("pay13-1300-not-followed-by-query", "PAY-13 PAY-04", "a 409 other than 1301 is followed by a query of its resource",
      musts="PAY-04", shoulds="PAY-13", hits="CancelPayment")
def _(c):
    c.cancel(c.pay(61))


def checkin_while_active(name, why, polls, shoulds="PAY-14"):
    @then(name, "PAY-14", why, shoulds=shoulds)
    def _(c):
        pid = c.initiate(62).get("paymentId")
        for _ in range(polls):
            c.poll(c.pos, kind="pointofsales", tail="/checkin")
        c.cancel(pid)


checkin_while_active("pay14-checkin-polled-while-active", "check-in is polled only while no payment is active on that PoS", 4)
checkin_while_active("pay14-checkin-polled-once-while-active", "check-in is polled only while no payment is active on that PoS", 1)


@then("pay14-checkin-polled-while-reserved", "PAY-14", "while no payment is active: Reserved is not one of the active states")
def _(c):
    pid = c.reserved(63)
    c.poll(c.pos, kind="pointofsales", tail="/checkin")
    c.capture(pid, 63)
