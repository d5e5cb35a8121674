"""Look-ups that look up something else: a loss is looked up only by a query that could have shown it.

The page names what recovers a lost call: "by merchantPosId, beaconId, orderId, paymentId" of that call.
"""
from client import Client
from expect import then

WHY = "or its loss is looked up: this query asks for something else"


@then("lookup-of-another-pos-after-a-lost-delete", "ALL-11", WHY, musts="ALL-11", hits="DeletePos")
def _(c):
    c.call("DELETE", "/pointofsales/" + c.pos, faults=["tl"], sends=1)
    c.sleep(500)
    c.call("GET", "/pointofsales", query={"merchantPosId": "Till 77"})


@then("lookup-of-another-pos-after-a-lost-create", "ALL-11", WHY, musts="ALL-11", hits="CreatePos")
def _(c):
    c.call("GET", "/pointofsales", query={"merchantPosId": "Till 5"})
    c.call("POST", "/pointofsales", dict(c.pos_body(), merchantPosId="Till 5"), c.new_key(), ["tl"], sends=1)
    c.sleep(500)
    c.call("GET", "/pointofsales", query={"merchantPosId": "Till 77"})


@then("lookup-of-another-order-after-a-lost-initiate", "ALL-11", WHY, musts="ALL-11", hits="InitiatePayment")
def _(c):
    c.call("POST", "/payments", c.payment_body(11, order="mine-1"), c.new_key(), ["tl"], sends=1)
    c.sleep(500)
    c.list_payments(orderId="other-1")


@then("lookup-on-another-pos-after-a-lost-initiate", "ALL-11", WHY, musts="ALL-11", hits="InitiatePayment")
def _(c):
    other = Client(c.traffic, merchant_pos_id="Till 2", start=c.t)
    other.get_token(), other.lookup_pos(), other.create_pos(), other.get_pos()
    c.t = other.t
    c.call("POST", "/payments", c.payment_body(12), c.new_key(), ["tl"], sends=1)
    c.sleep(500)
    c.list_payments(posId=other.pos)


@then("lookup-of-another-order-then-a-fresh-key", "ALL-09", "while the first one's outcome is unknown (last send failed, no look-up since)",
      musts="ALL-09", hits="InitiatePayment", free="PAY-10")
def _(c):
    body = c.payment_body(13, order="mine-2")
    c.call("POST", "/payments", body, c.new_key(), ["tl"], sends=1)
    c.sleep(500)
    c.list_payments(orderId="other-2")
    c.sleep(500)
    c.cancel(c.initiate(body=body).get("paymentId"))


@then("lookup-of-another-payment-after-a-lost-capture", "ALL-11 PAY-08", WHY, musts="ALL-11 PAY-05 PAY-08", hits="CapturePayment QueryPayment")
def _(c):
    done = c.pay(14)
    c.sleep(1500)
    pid = c.reserved(15)
    c.capture(pid, 15, ["tl"], sends=1)
    c.sleep(1500)
    c.poll(done)


@then("lookup-of-another-payments-refunds", "ALL-11", WHY, musts="ALL-11", hits="CreateRefund", features=("onboarding", "refund"))
def _(c):
    a, b = c.captured(50), c.captured(51)
    c.call("POST", "/refunds", c.refund_body(a, 10), c.new_key(), ["tl"], sends=1)
    c.sleep(500)
    c.refunds_of(b)


@then("lookup-by-pos-id-shows-it", "ALL-11", "a lost create recovered by lookup and used: the list of its PoS shows it")
def _(c):
    c.call("POST", "/payments", c.payment_body(16), c.new_key(), ["t"], sends=1)
    pid = c.list_payments(posId=c.pos)[0]
    c.poll_until(pid, {"Reserved"}, ["checkin", "accept"])
    c.capture(pid, 16)


@then("lookup-by-store-shows-the-pos", "ALL-11", "its loss is looked up: the list of its store shows every PoS of it", features=("onboarding",))
def _(c):
    c.name = "Till 9"
    c.lookup_pos()
    c.call("POST", "/pointofsales", c.pos_body(), c.new_key(), ["t"], sends=1)
    for pos in c.call("GET", "/pointofsales", query={"storeId": c.store}).get("posIds"):
        c.get_pos(pos)


@then("lookup-of-the-deleted-pos-by-id", "ALL-11", "its loss is looked up: 404 says that it is gone")
def _(c):
    c.call("DELETE", "/pointofsales/" + c.pos, faults=["t"], sends=1)
    assert c.get_pos().status == 404


@then("lookup-of-a-lost-ready", "ALL-11", "its loss is looked up: the payment's state shows it", features=("onboarding", "prepared-payment"))
def _(c):
    pid = c.paired()
    c.call("POST", "/payments/%s/ready" % pid, {"amount": 17, "currencyCode": "DKK", "plannedCaptureDelay": "None"}, faults=["t"], sends=1)
    c.poll_until(pid, {"Reserved"}, ["accept"])
    c.capture(pid, 17)
