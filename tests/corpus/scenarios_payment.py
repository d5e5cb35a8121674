"""PAY-01 to PAY-08: payments handled wrongly, and the nearest right way of each."""
from expect import then


# -- PAY-01 to PAY-04 -----------------------------------------------------------------------------------

@then("pay01-never-polled", "PAY-01", "capture on a hunch, without ever polling", musts="PAY-01", hits="CapturePayment")
def _(c):
    pid = c.initiate(11).get("paymentId")
    c.be.checkin(pid), c.be.accept(pid)
    c.sleep(20000)
    c.capture(pid, 11)


@then("pay01-while-issued-to-user", "PAY-01", "capture only after the backend said Reserved", musts="PAY-01", hits="CapturePayment")
def _(c):
    pid = c.initiate(12).get("paymentId")
    c.be.checkin(pid)
    c.poll(pid)
    assert c.capture(pid, 12).code == "1304"
    c.sleep(300)
    c.be.accept(pid)
    c.poll(pid)
    c.capture(pid, 12)


@then("pay02-more-than-reserved", "PAY-02", "capture no more than is reserved", musts="PAY-02", hits="CapturePayment")
def _(c):
    pid = c.reserved(13)
    assert c.capture(pid, 14).code == "1305"
    c.poll(pid)
    c.capture(pid, 13)


@then("pay02-a-cent-more", "PAY-02", "capture no more than is reserved", musts="PAY-02", hits="CapturePayment")
def _(c):
    c.be.partial = True
    pid = c.reserved(99.95)
    assert c.capture(pid, 99.96).code == "1305"
    c.poll(pid)
    c.capture(pid, 99.95)


@then("pay03-less-where-not-possible", "PAY-03", "capture less only where partialCapturePossible is true", musts="PAY-03",
      hits="CapturePayment")
def _(c):
    pid = c.reserved(15)
    assert c.capture(pid, 10).code == "1308"
    c.poll(pid)
    c.capture(pid, 15)


@then("pay03-truncated", "PAY-03", "`(int)` amounts that capture 99 of 99.95", musts="PAY-03", hits="CapturePayment")
def _(c):
    pid = c.reserved(99.95)
    assert c.capture(pid, 99).code == "1308"
    c.poll(pid)
    c.capture(pid, 99.95)


@then("pay03-flag-never-seen", "PAY-03", "only where partialCapturePossible is true", musts="PAY-03", hits="CapturePayment")
def _(c):
    c.be.with_partial_flag = False
    c.be.partial = True
    pid = c.reserved(16)
    c.capture(pid, 10)


@then("pay03-less-where-possible", "PAY-03", "capture less only where partialCapturePossible is true: it is")
def _(c):
    c.be.partial = True
    c.capture(c.reserved(17), 16.99)


@then("pay04-capture-after-cancel", "PAY-04", "no capture after a cancel answered 200", musts="PAY-04", hits="CapturePayment")
def _(c):
    pid = c.reserved(18)
    c.cancel(pid)
    c.sleep(500)
    assert c.capture(pid, 18).code == "1304"
    c.sleep(1000)
    c.poll(pid)


@then("pay04-cancel-after-capture", "PAY-04", "no cancel after a capture answered 200", musts="PAY-04", hits="CancelPayment")
def _(c):
    pid = c.pay(19)
    c.sleep(1500)
    assert c.cancel(pid).code == "1300"
    c.sleep(1000)
    c.poll(pid)


@then("pay04-capture-after-expiry", "PAY-04 PAY-05", "no capture after a final state; letting it expire is no end",
      musts="PAY-04 PAY-05", hits="CapturePayment")
def _(c):
    pid = c.reserved(20)
    c.be.payments[pid]["status"] = "ExpiredAndCancelled"
    c.sleep(1000)
    c.poll(pid)
    c.capture(pid, 20)
    c.sleep(1000)
    c.poll(pid)


@then("pay04-capture-after-user-cancelled", "PAY-01 PAY-04", "capture only after the backend said Reserved; no capture after a final "
      "state", musts="PAY-01 PAY-04", hits="CapturePayment", cases={"payment/2": "passed"})
def _(c):
    pid = c.initiate(21).get("paymentId")
    c.poll_until(pid, {"CancelledByUser"}, ["checkin", "user_cancel"])
    c.capture(pid, 21)
    c.sleep(1000)
    c.poll(pid)


@then("pay04-cancel-while-reserved", "PAY-04", "repeating the same act is fine; a Reserved payment may be cancelled")
def _(c):
    pid = c.reserved(22)
    c.cancel(pid), c.sleep(300), c.cancel(pid)


# -- PAY-05 to PAY-08 -----------------------------------------------------------------------------------

@then("pay05-reserved-and-left", "PAY-05", "every payment that reached Reserved ends captured or cancelled by the client",
      musts="PAY-05", hits="QueryPayment")
def _(c):
    c.reserved(23)


@then("pay05-left-to-expire", "PAY-05", "letting it expire is no end", musts="PAY-05", hits="QueryPayment")
def _(c):
    pid = c.reserved(24)
    c.sleep(7 * 86400 * 1000)
    c.get_token()
    c.be.payments[pid]["status"] = "ExpiredAndCancelled"
    c.poll(pid)


@then("pay05-capture-refused-and-left", "PAY-05", "ends captured or cancelled by the client; PAY-08 is not for 4xx", musts="PAY-05",
      hits="CapturePayment QueryPayment")
def _(c):
    pid = c.reserved(25)
    c.be.next_refusal["CapturePayment"] = (403, 1407)
    c.capture(pid, 25)


@then("pay05-ended-an-hour-later", "PAY-05", "ends captured or cancelled: by a periodic job, an hour later")
def _(c):
    pid = c.reserved(26)
    c.sleep(2800 * 1000)
    c.get_token()
    c.capture(pid, 26)


@then("pay06-initiated-and-left", "PAY-06", "every payment the client started comes to an end that the client knows of",
      musts="PAY-06", hits="InitiatePayment")
def _(c):
    c.initiate(27)


@then("pay06-polled-and-left", "PAY-06", "comes to an end that the client knows of: captured, cancelled, or seen in a final state",
      musts="PAY-06", hits="InitiatePayment")
def _(c):
    pid = c.initiate(28).get("paymentId")
    c.poll(pid)
    c.be.checkin(pid)
    c.poll(pid)


@then("pay06-cancel-refused-and-left", "PAY-06", "comes to an end that the client knows of: a cancel refused is none", musts="PAY-06",
      hits="InitiatePayment")
def _(c):
    pid = c.initiate(29).get("paymentId")
    c.be.next_refusal["CancelPayment"] = (403, 1408)
    c.cancel(pid)


@then("pay06-inactive-too-long", "PAY-06", "seen in a final state")
def _(c):
    pid = c.initiate(30).get("paymentId")
    c.poll(pid)
    c.sleep(600 * 1000)
    c.be.backend_cancel(pid)
    c.poll(pid)


def blocked(c):
    """A payment of an earlier session stands in the way."""
    return c.be.plant_payment(c.pos, status="IssuedToUser", name="blocking")


@then("pay07-1301-given-up", "PAY-07", "409/1301 is resolved before the capture ends", musts="PAY-07", hits="InitiatePayment")
def _(c):
    blocked(c)
    assert c.initiate(31).code == "1301"


@then("pay07-1301-listed-only", "PAY-07", "find, cancel, initiate again", musts="PAY-07", hits="InitiatePayment")
def _(c):
    blocked(c)
    c.initiate(32)
    c.list_payments()


@then("pay07-1301-not-initiated-again", "PAY-07", "find, cancel, initiate again", musts="PAY-07", hits="InitiatePayment")
def _(c):
    blocked(c)
    c.initiate(33)
    c.cancel(c.list_payments()[0])


@then("pay07-1301-of-earlier-session-cleaned", "PAY-07", "find, cancel, initiate again")
def _(c):
    blocked(c)
    key, body = c.new_key(), c.payment_body(34)
    c.initiate(key=key, body=body)
    c.cancel(c.list_payments()[0])
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


@then("pay07-id-known", "PAY-07", "find (not needed where the id is known), cancel, initiate again")
def _(c):
    old = c.initiate(35).get("paymentId")
    c.sleep(2000)
    key, body = c.new_key(), c.payment_body(36)
    assert c.initiate(key=key, body=body).code == "1301"
    c.cancel(old)
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


@then("pay08-capture-given-up", "PAY-05 PAY-08", "a capture that failed is tried again until 200 or a final state is seen; every "
      "payment that reached Reserved ends captured or cancelled", musts="PAY-05 PAY-08", hits="CapturePayment QueryPayment")
def _(c):
    c.capture(c.reserved(37), 37, ["5", "5"], sends=2)


@then("pay08-capture-sent-once", "ALL-11 PAY-05 PAY-08", "sent again at least once; tried again until 200", musts="ALL-11 PAY-05 PAY-08",
      hits="CapturePayment QueryPayment")
def _(c):
    c.capture(c.reserved(38), 38, ["5"], sends=1)


@then("pay08-success-shown-after-timeouts", "PAY-05 PAY-08", "success shown after a capture that timed out", musts="PAY-05 PAY-08",
      hits="CapturePayment QueryPayment", shoulds="ONB-04")
def _(c):
    c.capture(c.reserved(39), 39, ["tl", "tl", "tl"], sends=3)
    c.delete_pos()


@then("pay08-cancel-given-up", "PAY-06 PAY-08", "a cancel that failed is tried again until 200 or a final state is seen",
      musts="PAY-06 PAY-08", hits="CancelPayment InitiatePayment")
def _(c):
    c.cancel(c.initiate(40).get("paymentId"), ["5", "5", "5"], sends=3)


@then("pay08-other-amount-on-retry", "PAY-08", "a capture with the same amount", musts="PAY-08", hits="CapturePayment")
def _(c):
    c.be.partial = True
    pid = c.reserved(41)
    c.capture(pid, 41, ["5"], sends=1)
    c.sleep(300)
    c.capture(pid, 20)


@then("pay08-final-state-seen", "PAY-08", "or a final state is seen: the capture had reached the backend")
def _(c):
    pid = c.reserved(42)
    c.capture(pid, 42, ["t", "5"], sends=2)
    c.sleep(1200)
    assert c.poll(pid).get("status") == "Captured"


@then("pay08-cancel-ends-failed-capture", "PAY-08", "a cancel answered 200 ends a failed capture too")
def _(c):
    pid = c.reserved(43)
    c.capture(pid, 43, ["5", "5"], sends=2)
    c.sleep(1000)
    c.cancel(pid)


@then("pay08-cancel-failed-then-captured", "PAY-08", "a capture or cancel that failed is tried again until 200",
      open="a failed cancel of a Reserved payment given up for a capture (200): PAY-08 failed (the cancel never got its 200), or fine "
      "(the capture is an end)")
def _(c):
    pid = c.reserved(44)
    c.cancel(pid, ["5", "5"], sends=2)
    c.sleep(1000)
    c.capture(pid, 44)
