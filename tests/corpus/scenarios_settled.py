"""Readings that were settled later, each from both sides: the client that keeps it, and the one that does not."""
import json

from expect import then

REFUNDS = ("onboarding", "payment", "refund")
OTHER_ACT = "an act with another amount is another act"
NO_ID = "also where the answer names no id that can be read (then it has to be looked up or sent again)"
SEVERAL = "One request may break several requirements, and each is named"
TWICE = "a name twice in one object, or a byte order mark, is no documented shape"
OWN_LOST = "a look-up by the order of the client's own lost create is a look-up like any other, with or without posId"


# -- another capture after the first --------------------------------------------------------------------------

def captured_in_part(c):
    c.be.partial = True
    pid = c.reserved(100)
    c.capture(pid, 60)
    c.sleep(500)
    return pid


@then("settled-60-then-40", "PAY-04", OTHER_ACT, musts="PAY-04", hits="CapturePayment")
def _(c):
    pid = captured_in_part(c)
    c.be.next_answer["CapturePayment"] = (200, None)
    c.capture(pid, 40)


@then("settled-60-then-60-as-text", "PAY-04", "repeating the same act is fine", shoulds="ALL-19")
def _(c):
    pid = captured_in_part(c)
    c.be.next_answer["CapturePayment"] = (200, None)
    c.call("POST", "/payments/%s/capture" % pid, {"amount": "60.00"})


# -- a create whose answer names no id ------------------------------------------------------------------------

def unnamed(c, operation, path, body, answer, status=200):
    """A create that is answered with success and no id, and that the backend carried out."""
    c.be.next_answer[operation] = (status, answer)
    key = c.new_key()
    c.call("POST", path, body, key)
    c.sleep(500)
    return key


@then("settled-initiate-204", "PAY-06", NO_ID, musts="PAY-06", hits="InitiatePayment")
def _(c):
    unnamed(c, "InitiatePayment", "/payments", c.payment_body(10), None, 204)


@then("settled-initiate-empty-object", "PAY-06", NO_ID, musts="PAY-06", hits="InitiatePayment")
def _(c):
    unnamed(c, "InitiatePayment", "/payments", c.payment_body(10), {})


@then("settled-initiate-empty-object-sent-again", "PAY-06", NO_ID)
def _(c):
    body = c.payment_body(10)
    key = unnamed(c, "InitiatePayment", "/payments", body, {})
    c.cancel(c.call("POST", "/payments", body, key).get("paymentId"))


@then("settled-initiate-null-id-found-and-left", "PAY-06", NO_ID, musts="PAY-06", hits="InitiatePayment")
def _(c):
    unnamed(c, "InitiatePayment", "/payments", c.payment_body(10, order="settled-1"), {"paymentId": None})
    c.be.next_answer["QueryPaymentIds"] = (200, {"paymentIds": ["6d0f37a1-0a8c-4fd5-8f2e-2ad0f3a0c001"]})
    c.list_payments(orderId="settled-1")


@then("settled-initiate-null-id-not-there", "PAY-06", NO_ID)
def _(c):
    unnamed(c, "InitiatePayment", "/payments", c.payment_body(10, order="settled-1"), {"paymentId": None})
    c.list_payments(orderId="settled-1", posId=c.pos)


@then("settled-refund-without-id", "REF-03", "answered 2xx, with or without an id", musts="REF-03", hits="CreateRefund",
      features=REFUNDS)
def _(c):
    pid = c.pay(50)
    unnamed(c, "CreateRefund", "/refunds",
            {"paymentId": pid, "refundOrderId": "settled-r", "amount": 5, "currencyCode": "DKK"}, {"refundId": ""})


# -- the payment in the way -----------------------------------------------------------------------------------

def lost_then_refused(c, sends):
    c.call("POST", "/payments", c.payment_body(10, order="settled-lost"), c.new_key(), ["t"] * sends, sends=sends)
    c.sleep(5000)
    refused = c.initiate(11, order="settled-next")
    assert refused.code == "1301", refused.body
    return c.payment_body(11, order="settled-next")


@then("settled-found-by-the-lost-order", "PAY-07", OWN_LOST)
def _(c):
    again = lost_then_refused(c, 1)
    for pid in c.list_payments(orderId="settled-lost"):
        c.cancel(pid)
    c.cancel(c.initiate(body=again).get("paymentId"))


@then("settled-found-by-the-pos", "ALL-11", "its loss is looked up and what is found is cancelled: by posId alone, too")
def _(c):
    again = lost_then_refused(c, 1)
    c.clean_up()
    c.cancel(c.initiate(body=again).get("paymentId"))


@then("settled-found-by-the-lost-order-and-left", "PAY-07", OWN_LOST, musts="ALL-11 PAY-07", hits="InitiatePayment")
def _(c):
    lost_then_refused(c, 1)
    c.list_payments(orderId="settled-lost")


# -- one request, several requirements ------------------------------------------------------------------------

@then("settled-three-decimals-and-too-much", "ALL-18 PAY-02", SEVERAL, musts="ALL-18 PAY-02", hits="CapturePayment")
def _(c):
    pid = c.reserved(100)
    c.be.next_refusal["CapturePayment"] = (400, 1102)
    c.capture(pid, 100.001)
    c.cancel(pid)


@then("settled-name-twice", "ALL-18", TWICE, musts="ALL-18", hits="InitiatePayment")
def _(c):
    body = json.dumps(c.payment_body(10))
    c.cancel(c.initiate(body=body[:-1] + ', "\\u0061mount": 20}').get("paymentId"))


@then("settled-no-orders", "ALL-18", "nothing is not equal to nothing", musts="ALL-18", hits="InitiatePayment")
def _(c):
    for _ in range(2):
        body = c.payment_body(10)
        del body["orderId"]
        c.cancel(c.initiate(body=body).get("paymentId"))
        c.sleep(2000)


# -- patience -------------------------------------------------------------------------------------------------

def throttled(c, pauses):
    pid = c.initiate(10).get("paymentId")
    for pause in pauses:
        c.be.next_refusal["CancelPayment"] = (429, 1000)
        c.cancel(pid)
        c.sleep(pause)
    c.cancel(pid)


@then("settled-429-growing", "ALL-14", "429 repeated after a pause that grows is patience and breaks nothing")
def _(c):
    throttled(c, [500, 1000, 2000, 4000])


@then("settled-429-at-one-pace", "ALL-14", "repeated unchanged more than once", musts="ALL-14", hits="CancelPayment")
def _(c):
    throttled(c, [1000, 1000, 1000])


@then("settled-repeat-lost", "ALL-11", "a repeat of what was answered 200 before owes nothing")
def _(c):
    pid = c.reserved(100)
    c.capture(pid)
    c.sleep(500)
    c.capture(pid, faults=["tl"], sends=1)
