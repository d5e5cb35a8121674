"""Where a quick reading of a requirement goes wrong: near misses in both directions, for payments.

Right clients that look wrong, and wrong ones that look right: answers that were lost, look-ups that failed, calls in
flight, the other payment's state, money that binary floating point cannot tell apart.
"""
from client import Client
from expect import on, then
from traffic import guid


# -- ALL-09 to ALL-12 -----------------------------------------------------------------------------------

@then("hard-look-up-that-failed-is-none", "ALL-09", "while the first one's outcome is unknown (last send failed, no look-up since)",
      musts="ALL-09", hits="InitiatePayment", free="PAY-10")
def _(c):
    body = c.payment_body(11)
    c.call("POST", "/payments", body, c.new_key(), ["tl"], sends=1)
    c.call("GET", "/payments", query={"posId": c.pos}, faults=["tl", "5"], sends=2)
    c.sleep(1000)
    pid = c.initiate(body=body).get("paymentId")
    c.list_payments()
    c.cancel(pid)


@then("hard-look-up-before-is-none", "ALL-09", "no look-up since", musts="ALL-09", hits="InitiatePayment", free="PAY-10")
def _(c):
    body = c.payment_body(12)
    c.list_payments()
    c.call("POST", "/payments", body, c.new_key(), ["5"], sends=1)
    c.sleep(1000)
    c.cancel(c.initiate(body=body).get("paymentId"))


@then("hard-key-answered-then-other-body", "ALL-10", "another body after a failed send of its call; a key whose create was answered below 500: "
      "the failed send was made good, so this is ALL-10", musts="ALL-10", hits="InitiatePayment", free="PAY-13")
def _(c):
    key = c.new_key()
    c.cancel(c.initiate(13, ["5"], key=key).get("paymentId"))
    c.sleep(2000)
    c.initiate(14, key=key)
    c.list_payments()


@then("hard-capture-lost-once-seen-captured", "ALL-11 PAY-08", "or its loss is looked up; tried again until 200 or a final state is seen")
def _(c):
    pid = c.reserved(15)
    c.capture(pid, 15, ["t"], sends=1)
    c.sleep(1200)
    assert c.poll(pid).get("status") == "Captured"


@then("hard-cancel-lost-once-seen-cancelled", "ALL-11 PAY-08", "or its loss is looked up; until 200 or a final state is seen")
def _(c):
    pid = c.initiate(16).get("paymentId")
    c.cancel(pid, ["t"], sends=1)
    c.sleep(1200)
    assert c.poll(pid).get("status") == "CancelledByClient"


@then("hard-delete-lost-once-looked-up", "ALL-11", "or its loss is looked up (by merchantPosId): nothing is found")
def _(c):
    c.call("DELETE", "/pointofsales/" + c.pos, faults=["t"], sends=1)
    assert c.lookup_pos().get("posIds") == []


@then("hard-capture-7-sends-around-a-query", "ALL-12", "a query in between starts no new go", musts="ALL-12", hits="CapturePayment")
def _(c):
    pid = c.reserved(17)
    for _ in range(6):
        c.capture(pid, 17, ["5"], sends=1)
        c.sleep(1100)
        c.poll(pid)
    c.capture(pid, 17)


@then("hard-delete-7-sends", "ALL-12", "others: same method and path", musts="ALL-12", hits="DeletePos")
def _(c):
    c.max_sends = 8
    c.delete_pos(["5"] * 6)


@then("hard-create-pos-6-sends", "ALL-12", "at most 5 retries (6 sends)")
def _(c):
    c.name = "Till 5"
    c.lookup_pos(), c.create_pos(["5", "tl", "reset", "5x", "t"]), c.get_pos()


# -- ALL-14, ALL-16, ALL-23 -----------------------------------------------------------------------------

def repeats_1301(name, times, musts=""):
    @then(name, "ALL-14", "not repeated unchanged more than once, unless something was done about it in between", musts=musts, hits="InitiatePayment")
    def _(c):
        old = c.initiate(18).get("paymentId")
        key, body = c.new_key(), c.payment_body(19)
        for _ in range(times):
            assert c.initiate(key=key, body=body).code == "1301"
            c.sleep(600)
        c.cancel(old)
        c.cancel(c.initiate(key=key, body=body).get("paymentId"))


repeats_1301("hard-1301-three-times-then-healed", 3, "ALL-14")
repeats_1301("hard-1301-twice-then-healed", 2)


@then("hard-401-again-is-all23-alone", "ALL-23 ALL-14", "401 is left to ALL-23", musts="ALL-23", hits="GetPos")
def _(c):
    c.be.refused_tokens.add(c.token)
    for _ in range(4):
        c.get_pos()
        c.sleep(500)
    c.get_token()
    c.get_pos()


@then("hard-call-in-flight-while-401-comes", "ALL-23", "once 401 was received: the other call was under way before")
def _(c):
    c.be.refused_tokens.add(c.token)
    at = c.t
    c.get_pos()
    c.t = at + 10
    c.lookup_pos()
    c.get_token()
    c.get_pos()


@then("hard-early-poll-that-failed", "ALL-16", "the next poll comes no sooner than pollDelayInMs after the last answer: this one does, though it got 500",
      musts="ALL-16", hits="QueryPayment")
def _(c):
    c.be.delays = [4000]
    pid = c.initiate(20).get("paymentId")
    c.poll(pid)
    c.ready_at[pid] = c.t + 1500
    c.poll(pid, "5")
    c.poll(pid)
    c.cancel(pid)


# -- PAY-01 to PAY-05 -----------------------------------------------------------------------------------

@then("hard-reserved-was-never-answered", "PAY-01", "capture only after the backend said Reserved: that answer was lost", musts="PAY-01",
      hits="CapturePayment")
def _(c):
    pid = c.initiate(21).get("paymentId")
    c.poll(pid)
    c.be.checkin(pid), c.be.accept(pid)
    c.poll(pid, "t")
    c.sleep(1500)
    c.capture(pid, 21)


@then("hard-capture-sent-before-the-answer", "PAY-01", "capture only after the backend said Reserved", musts="PAY-01", hits="CapturePayment",
      open="the capture is sent while the poll that brings Reserved is still under way: PAY-01 failed, or fine (order of request heads)")
def _(c):
    pid = c.initiate(22).get("paymentId")
    c.poll(pid)
    c.be.checkin(pid), c.be.accept(pid)
    c.sleep(1500)
    c.poll(pid, ("late", 400))
    c.t -= 200
    c.capture(pid, 22)


@then("hard-reserved-seen-by-the-other-till", "PAY-01", "capture only after the backend said Reserved (to whichever till asked)")
def _(c):
    other = Client(c.traffic, merchant_pos_id="Till 2", start=c.t)
    other.get_token()
    pid = c.initiate(23).get("paymentId")
    c.be.checkin(pid), c.be.accept(pid)
    other.t = c.t + 500
    other.poll(pid)
    c.t = other.t + 500
    c.capture(pid, 23)


@then("hard-string-amounts-a-cent-more", "PAY-02 ALL-19", "capture no more than is reserved; numeric strings are seen", musts="PAY-02", shoulds="ALL-19",
      hits="CapturePayment")
def _(c):
    pid = c.reserved("24.10")
    c.capture(pid, "24.11")
    c.sleep(1200)
    c.poll(pid)
    c.capture(pid, "24.1")


def beyond_doubles(name, end, musts=""):
    @then(name, "PAY-02 TRAP", "Never compare money as binary floating point: these two amounts are the same double", musts=musts, hits="CapturePayment")
    def _(c):
        text = '{"posId": "%s", "orderId": "big-1", "amount": 90071992547409.93, "currencyCode": "DKK", "plannedCaptureDelay": "None"}'
        pid = c.initiate(body=text % c.pos).get("paymentId")
        del c.be.payments[pid]["amount"]
        c.poll_until(pid, {"Reserved"}, ["checkin", "accept"])
        c.be.next_answer["CapturePayment"] = (200, None)
        c.call("POST", "/payments/%s/capture" % pid, '{"amount": %s}' % end)


beyond_doubles("hard-a-cent-more-beyond-doubles", "90071992547409.94", "PAY-02")
beyond_doubles("hard-a-cent-less-beyond-doubles", "90071992547409.92", "PAY-03")
beyond_doubles("hard-equal-beyond-doubles", "9007199254740993E-2")


@then("hard-floats-that-sum", "PAY-02 TRAP", "Never compare money as binary floating point: 0.3 and 0.30")
def _(c):
    text = '{"posId": "%s", "orderId": "sum-1", "amount": 0.3, "currencyCode": "DKK", "plannedCaptureDelay": "None"}'
    pid = c.initiate(body=text % c.pos).get("paymentId")
    c.poll_until(pid, {"Reserved"}, ["checkin", "accept"])
    c.call("POST", "/payments/%s/capture" % pid, '{"amount": 0.30}')


@then("hard-cancel-after-a-lost-capture", "PAY-04", "no cancel after a capture answered 200: it was not answered; a final state is seen")
def _(c):
    pid = c.reserved(25)
    c.capture(pid, 25, ["t", "t"], sends=2)
    c.sleep(1000)
    assert c.cancel(pid).code == "1300"
    c.sleep(1000)
    c.poll(pid)


@then("hard-capture-retry-spelt-otherwise", "PAY-08 TRAP", "a capture with the same amount: `100`, `100.0` and `100.00` are one amount")
def _(c):
    pid = c.reserved(26)
    path = "/payments/%s/capture" % pid
    c.call("POST", path, '{"amount": 26}', faults=["5"], sends=1)
    c.sleep(300)
    c.call("POST", path, '{"amount": 26.00}')


# -- PAY-07 to PAY-14 -----------------------------------------------------------------------------------

@then("hard-1301-healed-20-minutes-later", "PAY-07", "409/1301 is resolved before the capture ends")
def _(c):
    c.be.plant_payment(c.pos, status="Initiated", name="slow")
    key, body = c.new_key(), c.payment_body(27)
    c.initiate(key=key, body=body)
    c.sleep(1200 * 1000)
    c.cancel(c.list_payments()[0])
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


@then("hard-order-of-a-refused-create-again", "PAY-10", "an orderId is used for one payment: the first was refused, there is one")
def _(c):
    c.be.next_refusal["InitiatePayment"] = (409, 1204)
    c.initiate(28, order="again-1")
    c.sleep(500)
    c.call("GET", "/stores/" + c.store)
    c.list_payments()
    c.cancel(c.initiate(29, order="again-1").get("paymentId"))


@then("hard-listed-but-not-cancelled", "PAY-11", "no payment whose id was seen before that request is listed and cancelled: it is listed only")
def _(c):
    x = c.initiate(30).get("paymentId")
    c.poll(x)
    c.be.next_refusal["InitiatePayment"] = (400, 1113)
    c.initiate(31)
    c.sleep(1100)
    assert c.list_payments() == [x]
    c.poll_until(x, {"Reserved"}, ["checkin", "accept"])
    c.capture(x, 30)


@then("hard-cancelled-after-prepare-was-refused", "PAY-11", "after a create was refused with anything but 409/1301, no payment whose id was seen "
      "before is listed and cancelled", musts="PAY-11", hits="CancelPayment", features=("onboarding", "payment", "prepared-payment"), free="PAY-13")
def _(c):
    x = c.initiate(32).get("paymentId")
    c.poll(x)
    c.be.next_refusal["PreparePayment"] = (409, 1204)
    c.prepare()
    c.sleep(300)
    c.cancel(c.list_payments()[0])


@then("hard-pos-deleted-beside-a-reservation", "ONB-04", "no PoS is deleted while a payment on it is reserved: it is on another PoS")
def _(c):
    other = Client(c.traffic, merchant_pos_id="Till 2", start=c.t)
    other.get_token(), other.lookup_pos(), other.create_pos(), other.get_pos()
    pid = other.reserved(33)
    c.t = other.t + 100
    c.delete_pos()
    other.t = c.t + 1000
    other.capture(pid, 33)


@then("hard-beacon-of-the-second-pos-never-read", "ONB-03", "without a beaconId of its own the client reads the generated one by GetPos",
      shoulds="ONB-03")
def _(c):
    other = Client(c.traffic, merchant_pos_id="Till 2", start=c.t)
    other.get_token(), other.lookup_pos(), other.create_pos()
    other.pay(34)


@then("hard-checkin-of-the-other-pos", "PAY-14", "check-in is polled only while no payment is active on that PoS: it is active on another")
def _(c):
    other = Client(c.traffic, merchant_pos_id="Till 2", start=c.t)
    other.get_token(), other.lookup_pos(), other.create_pos(), other.get_pos()
    pid = c.initiate(35).get("paymentId")
    other.t = c.t + 300
    other.poll(other.pos, kind="pointofsales", tail="/checkin")
    c.t = other.t + 300
    c.cancel(pid)


@then("hard-vat-lost-with-the-new-token", "ALL-06", "by header or token claim: the second token has no claim", musts="ALL-06", hits="GetPos")
def _(c):
    c.get_pos()
    c.vat = None
    c.claims = {"client_id": c.client_id}
    c.sleep(3000 * 1000)
    c.get_token()
    c.get_pos()


@then("hard-json-types-of-other-names", "LEGAL", "any documented JSON content type")
def _(c):
    for kind in ("text/json", "application/json-patch+json", "application/*+json"):
        c.on_request = on("InitiatePayment CapturePayment", lambda req: req.update(
            headers=[(n, kind if n == "Content-Type" else v) for n, v in req["headers"]]))
        c.pay(36)


@then("hard-unknown-id-of-the-list", "ALL-25", "ids come from the backend's answers: from a list, too")
def _(c):
    c.be.plant_payment(c.pos, status="Reserved", amount=37, name="from the list")
    c.cancel(c.list_payments()[0])
    c.be.poses[guid("planted pos")] = dict(c.be.poses[c.pos], posId=guid("planted pos"), merchantPosId="Planted")
    found = c.call("GET", "/pointofsales", query={"storeId": c.store}).get("posIds")
    for pos in found:
        c.get_pos(pos)
