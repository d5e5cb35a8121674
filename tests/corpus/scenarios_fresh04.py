"""What counts as done about it: a refusal that is repeated around strange queries, a payment that was never in the way, a
refusal between failures, what a look-up finds and leaves."""
from expect import then

REFUND = ("onboarding", "payment", "refund")
ABOUT = "not repeated unchanged more than once, unless something was done about it"
WAY = "find (not needed where the id is known), cancel, initiate again"
GO = "a query in between starts no new go, a pause of half a minute does"
USED = "what is found is used or cancelled (reading a PoS is use)"


# -- ALL-14 --------------------------------------------------------------------------------------------------

def refuse(c, operation, code=1112, status=400):
    c.be.next_refusal[operation] = (status, code)


@then("fresh-refused-create-around-a-reserved-payment", "ALL-14", ABOUT + ": another payment's poll is none", musts="ALL-14",
      hits="InitiatePayment")
def _(c):
    pid, body = c.reserved(81), c.payment_body(82)
    for _ in range(6):
        refuse(c, "InitiatePayment")
        c.initiate(body=body)
        c.poll(pid)
    c.capture(pid, 81)


@then("fresh-refused-create-around-check-ins", "ALL-14", ABOUT + ": the check-in is none", musts="ALL-14", hits="InitiatePayment")
def _(c):
    body = c.payment_body(83)
    for _ in range(6):
        refuse(c, "InitiatePayment")
        c.initiate(body=body)
        c.sleep(1200)
        c.call("GET", "/pointofsales/%s/checkin" % c.pos)


@then("fresh-refused-pos-around-its-store", "ALL-14", ABOUT + ": the store is none", musts="ALL-14", hits="CreatePos")
def _(c):
    body = c.pos_body(merchantPosId="other", beaconId=None)
    for _ in range(6):
        refuse(c, "CreatePos")
        c.call("POST", "/pointofsales", body, c.new_key())
        c.call("GET", "/stores/" + c.store)


@then("fresh-refused-create-around-the-payment-in-the-way", "ALL-14", ABOUT + " (query): the payment in the way is polled until it ends")
def _(c):
    left = c.initiate(84).get("paymentId")
    body, key = c.payment_body(85), c.new_key()
    for _ in range(3):
        assert c.initiate(body=body, key=key).code == "1301"
        c.poll(left)
    c.cancel(left)
    c.cancel(c.initiate(body=body, key=key).get("paymentId"))


# -- PAY-07 --------------------------------------------------------------------------------------------------

def in_the_way(c, amount):
    """A payment that another till left on this PoS, and the refusal that it brings."""
    c.be.plant_payment(c.pos, status="Initiated", amount=amount, name="in-the-way-%s" % amount)
    assert c.initiate(amount).code == "1301"


def out_of_the_way(c):
    for payment in c.be.payments.values():
        if payment["status"] == "Initiated":
            payment["status"] = "CancelledByUser"


@then("fresh-block-and-an-old-payment-polled", "PAY-07", WAY + ": a payment that was captured long before was not in the way", musts="PAY-07",
      hits="InitiatePayment", free="PAY-09")
def _(c):
    old = c.reserved(86)
    c.capture(old, 86)
    in_the_way(c, 87)
    c.poll(old)
    c.sleep(60000)
    out_of_the_way(c)
    c.cancel(c.initiate(88).get("paymentId"))


@then("fresh-block-and-a-reservation-captured", "PAY-07", WAY + ": a reservation was not in the way", musts="PAY-07", hits="InitiatePayment")
def _(c):
    old = c.reserved(89)
    in_the_way(c, 90)
    c.capture(old, 89)
    c.sleep(60000)
    out_of_the_way(c)
    c.cancel(c.initiate(91).get("paymentId"))


@then("fresh-blocked-twice-and-left", "PAY-07", WAY + ": the second refusal is resolved too", musts="PAY-07", hits="InitiatePayment")
def _(c):
    in_the_way(c, 92)
    [first] = c.list_payments()
    c.cancel(first)
    in_the_way(c, 93)


# -- ALL-12 --------------------------------------------------------------------------------------------------

@then("fresh-refusal-between-failures", "ALL-12", GO + "; a refusal is neither", musts="ALL-12", hits="CapturePayment", free="PAY-13")
def _(c):
    pid = c.reserved(94)
    c.capture(pid, 94, ["5"] * 4, sends=4)
    c.sleep(300)
    refuse(c, "CapturePayment", 1300, 409)
    c.capture(pid, 94)
    c.poll(pid)
    c.capture(pid, 94, ["5"] * 3, sends=4)


# -- ALL-11 --------------------------------------------------------------------------------------------------

@then("fresh-lost-create-found-polled-and-left", "ALL-11", USED + ": a poll of a payment is none", musts="ALL-11", hits="InitiatePayment")
def _(c):
    body = c.payment_body(95)
    c.call("POST", "/payments", body, c.new_key(), ["t"], sends=1)
    [pid] = c.list_payments(orderId=body["orderId"])
    c.poll(pid)
    c.poll(pid)


@then("fresh-lost-create-found-and-polled-to-its-end", "ALL-11", USED + ": it is seen in a final state")
def _(c):
    body = c.payment_body(96)
    c.call("POST", "/payments", body, c.new_key(), ["t"], sends=1)
    [pid] = c.list_payments(orderId=body["orderId"])
    c.poll(pid)
    c.be.user_cancel(pid)
    c.poll(pid)


@then("fresh-lost-list-and-another-question", "ALL-11", "a call that got no answer is sent again: another list is not", musts="ALL-11",
      hits="GetPosWithFilter")
def _(c):
    c.call("GET", "/pointofsales", query={"merchantPosId": "elsewhere"}, faults=["5"], sends=1)
    c.sleep(300)
    c.lookup_pos()


# -- PAY-11 --------------------------------------------------------------------------------------------------

@then("fresh-swept-after-a-refused-refund", "PAY-11", "after a create was refused or failed with anything but 409/1301", musts="PAY-11",
      hits="CancelPayment", features=REFUND, free="PAY-13")
def _(c):
    paid = c.reserved(97)
    c.capture(paid, 97)
    active = c.initiate(98).get("paymentId")
    refuse(c, "CreateRefund", 1366, 409)
    c.call("POST", "/refunds", {"paymentId": paid, "refundOrderId": "R-97", "amount": 9, "currencyCode": c.currency}, c.new_key())
    assert c.list_payments() == [active]
    c.cancel(active)


# -- a final state by a list ---------------------------------------------------------------------------------

@then("fresh-lost-capture-listed-as-captured", "PAY-08", "until 200 or a final state is seen (`state` may be `Captured`)")
def _(c):
    pid = c.reserved(99)
    c.capture(pid, 99, ["t"], sends=1)
    c.sleep(300)
    c.be.next_answer["QueryPaymentIds"] = (200, {"paymentIds": [pid]})
    c.list_payments(posId=c.pos, state="Captured")


# -- ONB-05 --------------------------------------------------------------------------------------------------

@then("fresh-payment-on-a-pos-that-a-look-up-misses", "ONB-05", "no payment is started on a PoS the client has deleted", musts="ONB-05",
      hits="InitiatePayment", free="PAY-13 ONB-03")
def _(c):
    own = c.pos
    c.create_pos(merchantPosId="short-lived", beaconId=None)
    gone, c.pos = c.pos, own
    c.call("DELETE", "/pointofsales/" + gone, faults=["t"], sends=1)
    c.sleep(300)
    assert c.call("GET", "/pointofsales", query={"merchantPosId": "short-lived"}).get("posIds") == []
    refuse(c, "InitiatePayment", 1105, 404)
    c.initiate(body=dict(c.payment_body(100), posId=gone))
