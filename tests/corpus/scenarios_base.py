"""The right client, selections of features, and clients that are right in another way.

Every other scenario is this walk with one thing bent: if one of these is not `passed`, look here first.
"""
from client import Client
from expect import NOT_TESTED, bent, on, scenario, set_header, then
from traffic import Traffic, guid

PAIR = ("onboarding", "payment")
NO_PAYMENT = {"payment/%d" % n: NOT_TESTED for n in range(1, 8)}


@bent("base-onboarding-payment", "BASE", "passed: there is a witness; a client that does every case as the page says")
def _(c):
    pass


@bent("base-onboarding-alone", "VERDICT", "Onboarding is mandatory; the other features are chosen", features=("onboarding",))
def _(c):
    pass


@scenario("selection-too-narrow", "ALL-21", "of the documented operations, only those of the chosen features are called",
          musts="ALL-21", hits="InitiatePayment", features=("onboarding",))
def _():
    return Client(features=PAIR).walk()


@scenario("selection-payment-not-done", "VERDICT", "incomplete if a mandatory case has no witness", cases=NO_PAYMENT)
def _():
    return Client(features=("onboarding",)).walk()


@scenario("nothing-recorded", "VERDICT", "A capture without exchanges is incomplete", exit=3,
          cases=dict(NO_PAYMENT, **{"onboarding/%d" % n: NOT_TESTED for n in range(1, 5)}))
def _():
    return Traffic().har()


@scenario("two-tills-interleaved", "TRAP", "Two tills interleave in one capture: every requirement is judged per resource")
def _():
    first = Client()
    first.walk()
    Client(first.traffic, merchant_pos_id="Till 2", start=777).walk()
    return first


@scenario("two-tills-one-captures-on-a-hunch", "PAY-01 TRAP", "every requirement is judged per resource: the other till's "
          "Reserved does not allow this capture", musts="PAY-01", hits="CapturePayment")
def _():
    first = Client().walk()
    other = Client(first.traffic, merchant_pos_id="Till 2", start=first.t)
    mine = first.reserved(55)
    other.start(), other.lookup_pos(), other.create_pos(), other.get_pos()
    theirs = other.initiate(55).get("paymentId")
    other.be.checkin(theirs), other.be.accept(theirs)
    other.sleep(4000)
    other.capture(theirs, 55)
    first.sleep(8000)
    first.capture(mine, 55)
    return first


@then("two-payments-interleaved", "TRAP", "two payments one after another interleave: a reserved one waits while the next is "
      "begun; polls of different payments back to back")
def _(c):
    a = c.reserved(60)
    b = c.initiate(61).get("paymentId")
    c.sleep(1200)
    c.poll(b), c.poll(a)
    c.be.checkin(b), c.be.accept(b)
    c.sleep(1200)
    c.poll(a), c.poll(b)
    c.capture(b, 61), c.capture(a, 60)


@scenario("wrong-first-right-later", "ALL-09 VERDICT", "what a client did wrong stays a finding though it did it right later",
          musts="ALL-09", hits="InitiatePayment", free="PAY-10")
def _():
    def wrong(c):
        c.fresh_key_per_send = True
        pid = c.initiate(77, ["5"]).get("paymentId")
        c.fresh_key_per_send = False
        c.cancel(pid)
    return Client().walk(before={"payment_1": wrong})


# -- seen in the wild: legal, and to be tolerated -----------------------------------------------------------

@bent("legal-no-client-id", "ALL-07 LEGAL", "no client id header (ALL-07 warns)", shoulds="ALL-07")
def _(c):
    c.client_id = None


@bent("legal-vat-by-claim-only", "ALL-06 LEGAL", "no VAT header when the token carries merchant_vat")
def _(c):
    c.vat = None
    c.claims["merchant_vat"] = "DK90000028"


@bent("legal-vat-on-some-calls", "ALL-06 LEGAL", "the VAT header on some calls only, if equal")
def _(c):
    c.claims["merchant_vat"] = "DK90000028"
    c.on_request = on("QueryPayment CreatePos DeletePos", set_header("x-mobilepay-merchant-vat-number", None))


@bent("legal-header-names-shouted", "LEGAL", "any letter case of header names")
def _(c):
    def shout(req):
        req["headers"] = [(n.upper(), v) for n, v in req["headers"]]
    c.on_request = on(None, shout)


@bent("legal-content-type-everywhere", "LEGAL", "extra headers; a content type on GET and DELETE")
def _(c):
    def more(req):
        req["headers"] = [h for h in req["headers"] if h[0] != "Content-Type"] + [
            ("Content-Type", "application/*+json; charset=utf-8"), ("CorrelationId", "{1F0E}"), ("User-Agent", "till/1")]
    c.on_request = on(None, more)


@bent("legal-keys-upper-case", "ALL-08 LEGAL", "keys as upper- or lower-case GUIDs or plain integers")
def _(c):
    c.key_style = str.upper


@bent("legal-keys-integers", "ALL-08 LEGAL", "keys as upper- or lower-case GUIDs or plain integers")
def _(c):
    c.key_style = lambda key: str(int(key[:6], 16))


@bent("legal-key-letter-case-changes", "TRAP ALL-09", "Key letter case is not content: GUIDs compare without case")
def _(c):
    def flip(req):
        req["headers"] = [(n, v.upper() if "idempotency" in n else v) for n, v in req["headers"]]
    c.on_request = on("CreatePos InitiatePayment", flip, [2, 4, 6])


@bent("legal-key-on-every-call", "ALL-10 LEGAL", "the key of the creating POST repeated on its polls, capture, cancel and DELETE")
def _(c):
    last = [None]

    def carry(req):
        mine = [v for n, v in req["headers"] if "idempotency" in n]
        if mine:
            last[0] = mine[0]
        elif last[0]:
            req["headers"].append(("x-mobilepay-idempotency-key", last[0]))
    c.on_request = on(None, carry)


@bent("legal-fresh-key-after-1301", "PAY-07 LEGAL", "after 409/1301 and the clean-up: the same POST, with a fresh key")
def _(c):
    def clean(c):
        c.initiate(140)
        c.sleep(4000)
        body = c.payment_body(141)
        c.initiate(body=body)
        c.cancel(c.list_payments(orderId="Till1-%04d" % (c.orders - 1))[0])
        pid = c.initiate(body=body).get("paymentId")
        c.poll_until(pid, {"Reserved"}, ["checkin", "accept"])
        c.capture(pid, 141)
    return {"instead": {"payment_4": clean}}


@bent("legal-1301-by-both-filters", "PAY-07 LEGAL", "The lookup by posId alone, by orderId alone, or by both")
def _(c):
    def clean(c):
        order = c.new_order()
        c.initiate(140, order=order)
        c.sleep(4000)
        key, body = c.new_key(), c.payment_body(141)
        c.initiate(key=key, body=body)
        c.cancel(c.list_payments(posId=c.pos, orderId=order)[0])
        c.cancel(c.initiate(key=key, body=body).get("paymentId"))
    return {"instead": {"payment_4": clean}}


@then("legal-same-order-twice", "PAY-10 LEGAL", "two different payments with the same orderId and amount: an answered create "
      "is done, a new key then is a new payment (PAY-10 warns)", shoulds="PAY-10")
def _(c):
    c.pay(100, order="Order - 1")
    c.sleep(3000)
    c.pay(100, order="Order - 1")


@bent("legal-slow-polling", "ALL-16 LEGAL", "first poll at once; slow polling without bound")
def _(c):
    c.margin = 6000


@then("legal-back-off-after-failed-polls", "ALL-17 LEGAL", "after a failed poll 1, 2, 3, 4 s of back-off even below the last "
      "pollDelayInMs")
def _(c):
    c.be.delays = [3000]
    pid = c.initiate(90).get("paymentId")
    c.poll(pid)
    c.poll(pid, fault="t")
    for wait, fault in ((1000, "5"), (2000, "t"), (3000, "t"), (4000, None)):
        c.ready_at[pid] = c.t + wait
        c.poll(pid, fault)
    c.cancel(pid)


@then("legal-lost-create-found-and-used", "ALL-11 LEGAL", "a lost create recovered by lookup (by orderId) and used")
def _(c):
    c.call("POST", "/payments", c.payment_body(91, order="lost-1"), c.new_key(), ["t"], sends=1)
    pid = c.list_payments(orderId="lost-1")[0]
    c.poll_until(pid, {"Reserved"}, ["checkin", "accept"])
    c.capture(pid, 91)


@then("legal-lost-create-found-and-cancelled", "ALL-11 LEGAL", "a lost create recovered by lookup (by posId) and cancelled")
def _(c):
    c.call("POST", "/payments", c.payment_body(92), c.new_key(), ["t"], sends=1)
    c.cancel(c.list_payments()[0])


@then("legal-lost-pos-found", "ALL-11 LEGAL", "a lost create recovered by lookup (by merchantPosId): reading a PoS is use")
def _(c):
    c.name = "Till 9"
    c.lookup_pos()
    c.call("POST", "/pointofsales", c.pos_body(), c.new_key(), ["t"], sends=1)
    c.get_pos(c.lookup_pos().get("posIds")[0])


@then("legal-lost-pos-found-by-beacon", "ALL-11 LEGAL", "a lost create recovered by lookup (by beaconId)")
def _(c):
    c.name, c.beacon = "Till 9", "123456789012345"
    c.lookup_pos()
    c.call("POST", "/pointofsales", c.pos_body(), c.new_key(), ["t"], sends=1)
    found = c.call("GET", "/pointofsales", query={"beaconId": c.beacon}).get("posIds")
    c.get_pos(found[0])


@then("legal-immediate-resend-after-reset", "ALL-13 LEGAL", "an immediate resend of the same bytes after a reset connection "
      "counts as a send, needs no delay")
def _(c):
    c.retry_delay = 3
    c.pay(93, faults=["resetx"])
    pid = c.reserved(94)
    c.capture(pid, 94, ["reset"])


@then("legal-repeats-after-success", "PAY-04 LEGAL", "capture, cancel, delete repeated after success; 404 on a repeated delete "
      "taken as success")
def _(c):
    pid = c.pay(95)
    c.capture(pid, 95), c.capture(pid, 95)
    pid = c.initiate(96).get("paymentId")
    c.cancel(pid), c.cancel(pid)
    c.delete_pos(), c.delete_pos()
    c.be.deleted.clear()
    c.delete_pos()


@then("legal-cancel-bodies", "ALL-19 LEGAL", "cancel with no body, Content-Length: 0, or chunked and empty with Expect: 100-continue")
def _(c):
    for extra in ([("Content-Length", "0")], [("Transfer-Encoding", "chunked"), ("Expect", "100-continue")]):
        pid = c.initiate(97).get("paymentId")
        c.on_request = on("CancelPayment", lambda req: req.update(headers=req["headers"] + extra, body=""))
        c.cancel(pid)
        c.on_request = None


@then("legal-ways-to-write-an-amount", "ALL-18 TRAP", "`100`, `100.0` and `100.00` are one amount; 1E2; trailing zeros do not count")
def _(c):
    for start, end in (("100", "100.0"), ("100.00", "1E2"), ("99.95", "99.950"), ("1.5e1", "15"), ("0.10", "1e-1")):
        body = c.payment_body("AMOUNT")
        text = '{"posId": "%s", "orderId": "%s", "amount": %s, "currencyCode": "DKK", "plannedCaptureDelay": "None"}'
        pid = c.initiate(body=text % (c.pos, body["orderId"], start)).get("paymentId")
        c.poll_until(pid, {"Reserved"}, ["checkin", "accept"])
        c.call("POST", "/payments/%s/capture" % pid, '{"amount": %s}' % end)


@then("legal-amounts-as-strings", "ALL-19 LEGAL", 'amounts as `"100.00"` (ALL-19)', shoulds="ALL-19")
def _(c):
    pid = c.reserved("100.00")
    c.capture(pid, "100.0")


@then("legal-nulls-and-unknown-fields", "ALL-19 LEGAL", "JSON with CRLF, nulls for absent optional fields, unknown fields (ALL-19)",
      shoulds="ALL-19")
def _(c):
    c.pay(98, redirectUri="x", merchantPaymentLabel=None, restrictions=None)


@then("legal-nulls-and-crlf", "ALL-18 LEGAL", "JSON with CRLF, nulls for absent optional fields")
def _(c):
    text = ('{\r\n  "posId": "%s",\r\n  "orderId": "crlf-1",\r\n  "amount": 98,\r\n  "currencyCode": "DKK",\r\n'
            '  "plannedCaptureDelay": "LessThan24Hours",\r\n  "merchantPaymentLabel": null,\r\n  "restrictions": null\r\n}\r\n')
    pid = c.initiate(body=text % c.pos).get("paymentId")
    c.cancel(pid)


@bent("legal-own-beacon-guid", "ONB-03 LEGAL", "beaconId from the client (GUID in any case), the same one again after a delete")
def _(c):
    c.beacon = guid("own beacon").upper()
    c.get_pos = lambda pos=None: None
    return {"instead": {"onboarding_4": lambda c: c.lookup_pos()}}


@bent("legal-own-beacon-digits", "ONB-03 LEGAL", "beaconId from the client (15 digits), the same one again after a delete")
def _(c):
    c.beacon = "100000000000017"


@bent("legal-beacon-absent", "ONB-03 LEGAL", "beaconId null or absent")
def _(c):
    body = c.pos_body
    c.pos_body = lambda **more: {k: v for k, v in body(**more).items() if k != "beaconId"}


@then("legal-cancel-then-polling-on", "PAY-09 LEGAL", "cancel without a poll before it; polling on after a cancel until CancelledByClient")
def _(c):
    pid = c.initiate(99).get("paymentId")
    c.cancel(pid)
    c.poll_until(pid, {"CancelledByClient"})


@bent("legal-time-out-5-s", "ALL-15 LEGAL", "time-outs of 5 and 10 s (ALL-15 warns)", shoulds="ALL-15")
def _(c):
    c.timeout_get = c.timeout_post = 5000


@bent("legal-time-out-10-s", "ALL-15 LEGAL", "time-outs of 5 and 10 s (ALL-15 warns)", shoulds="ALL-15")
def _(c):
    c.timeout_get = c.timeout_post = 10000


@bent("legal-token-per-call", "ALL-24 LEGAL", "a token per call (ALL-24 warns)", shoulds="ALL-24")
def _(c):
    send = c.send

    def with_token(*args, **more):
        c.get_token()
        return send(*args, **more)
    c.send = with_token


@bent("legal-token-per-sale", "ALL-24 LEGAL", "a token per sale, or cached")
def _(c):
    return {"before": {"payment_%d" % n: lambda c: c.get_token() for n in range(1, 8)}}


@bent("legal-token-from-elsewhere", "ALL-24 LEGAL", "a token cached: no token call in the capture")
def _(c):
    c.shows_token_call = False


@bent("legal-versions-of-http", "ALL-02 LEGAL", "HTTP/1.1 or newer")
def _(c):
    c.traffic.http = "HTTP/2.0"


@bent("legal-http-2-as-browsers-write-it", "ALL-02 LEGAL", "HTTP/1.1 or newer (HAR of browsers: h2)")
def _(c):
    c.traffic.http = "h2"


@then("legal-hanging-payment-of-earlier", "PAY-01 TRAP", "A capture of a payment from an earlier session (hanging reservation) "
      "has no InitiatePayment in this capture", free="ALL-25")
def _(c):
    pid = c.be.plant_payment(c.pos, amount=45)
    c.capture(pid, 45)


@then("legal-hanging-payment-found-by-query", "PAY-05 TRAP", "a payment from an earlier session: queried, seen Reserved, captured",
      free="ALL-25")
def _(c):
    pid = c.be.plant_payment(c.pos, amount=45)
    c.poll(pid)
    c.capture(pid, 45)


@then("legal-checkin-before-payment", "PAY-14 LEGAL", "check-in is polled only while no payment is active on that PoS")
def _(c):
    for n in range(3):
        c.poll(c.pos, kind="pointofsales", tail="/checkin")
        if n == 1:
            c.be.checkins[c.pos] = 0
    c.pay(101)


@then("legal-captured-found-by-state", "LEGAL", "QueryPaymentIds: `state` may only be `Captured`")
def _(c):
    c.list_payments(posId=c.pos, state="Captured")


@bent("legal-customer-simulation-in-capture", "ALL-20 LEGAL", "Token endpoint and customer simulation: always, and outside all "
      "rules but ALL-01, 02, 22 and 24")
def _(c):
    def simulate(c):
        url = "https://127.0.0.1:8443/pos/app/usersimulation/checkin"
        beacon = c.get_pos().get("beaconId")
        body = '{"beaconId": "%s", "phoneNumber": "+4520031801"}' % beacon
        c.t = c.traffic.exchange(c.t, "POST", url, [("Content-Type", "application/json")], body).end
    return {"after": {"payment_3": simulate}}
