"""Seen in the wild and wrong, traps of several tills at once, and input that cannot be read at all (exit 2)."""
import json

from client import Client
from expect import SIX, bent, on, scenario, set_header, then

PAIR = ("onboarding", "payment")


# -- wrong, and to be caught ----------------------------------------------------------------------------

@then("wild-hundreds-of-posts-on-a-500", "ALL-12 ALL-13 WILD", "hundreds of identical POSTs per second on an error with a code",
      musts="ALL-12", shoulds="ALL-13", hits="InitiatePayment")
def _(c):
    c.retry_delay, c.max_sends = 0, 400
    c.initiate(11, ["5"] * 300)
    c.sleep(1000)
    c.cancel(c.list_payments()[0])


@then("wild-hundreds-of-posts-on-a-409", "ALL-14 ONB-02 WILD", "hundreds of identical POSTs per second on an error with a code",
      musts="ALL-14 ONB-02", hits="CreatePos", free="ALL-12 ALL-13 ONB-01", cases={"onboarding/4": "any"}, features=("onboarding",),
      verdicts={"onboarding": "failed"})
def _(c):
    key, body = c.new_key(), c.pos_body()
    for _ in range(300):
        c.create_pos(key=key, **body)


@then("wild-503-taken-as-success", "ALL-18 ALL-27 WILD", "503 with no body taken as success and going on with null ids", musts="ALL-18",
      shoulds="ALL-27", hits="InitiatePayment", free="PAY-13 ALL-25 ONB-03")
def _(c):
    c.name = "Till 6"
    c.lookup_pos()
    c.call("POST", "/pointofsales", c.pos_body(), c.new_key(), [503], sends=1)
    c.pos = None
    c.initiate(12)


@then("wild-cancel-of-a-null-id", "ALL-20 WILD", "going on with null ids; an id in a path is a GUID", musts="ALL-20", hits="CancelPayment",
      free="ALL-25", verdicts={"onboarding": "any", "payment": "any"})
def _(c):
    c.cancel("null")


@bent("wild-portrait-of-a-hasty-client", "PAY-01 ALL-07 ALL-24 WILD", "capture on a hunch, without ever polling; a token per call; no client "
      "id header", musts="PAY-01", shoulds="ALL-07 ALL-24", hits="CapturePayment", cases={"payment/5": "any"})
def _(c):
    c.client_id = None
    send = c.send

    def with_token(*args, **more):
        c.get_token()
        return send(*args, **more)
    c.send = with_token

    def hunch(c):
        pid = c.initiate(13).get("paymentId")
        c.be.checkin(pid), c.be.accept(pid)
        c.sleep(20000)
        c.capture(pid, 13)
    return {"instead": {"payment_5": hunch}}


@then("wild-times-100", "ALL-18 WILD", "amounts times 100 with float noise", musts="ALL-18", hits="InitiatePayment")
def _(c):
    c.cancel(c.initiate(19.99 * 100).get("paymentId"))


@then("wild-noise-on-capture", "ALL-18 WILD", "float noise: at most two decimals", musts="ALL-18", hits="CapturePayment", free="PAY-02 PAY-03")
def _(c):
    pid = c.reserved(0.3)
    c.be.payments[pid]["amount"] = 0.1 + 0.2
    c.capture(pid, 0.1 + 0.2)


# -- several tills --------------------------------------------------------------------------------------

def second_till(first, name="Till 2", start=None, **claims):
    other = Client(first.traffic, merchant_pos_id=name, start=first.t if start is None else start)
    other.claims.update(claims)
    other.start(), other.lookup_pos(), other.create_pos(), other.get_pos()
    return other


@then("trap-one-key-on-two-tills", "ALL-10 TRAP", "a key whose create was answered below 500 is never used for a create of another body: keys "
      "belong to an integrator", musts="ALL-10", hits="InitiatePayment", free="PAY-13")
def _(c):
    other = second_till(c)
    key = c.new_key()
    c.cancel(c.initiate(21, key=key).get("paymentId"))
    other.t = c.t + 3000
    assert other.initiate(22, key=key).code == "1306"
    other.list_payments()


@then("trap-1301-healed-on-the-other-till-only", "PAY-07 TRAP", "every requirement is judged per resource", musts="PAY-07", hits="InitiatePayment")
def _(c):
    other = second_till(c)
    blocking = c.be.plant_payment(other.pos, status="IssuedToUser", name="blocking two")
    assert other.initiate(23).code == "1301"
    c.sleep(5000)
    c.payment_4()
    c.be.backend_cancel(blocking)


@then("trap-capture-left-on-the-other-till", "PAY-05 TRAP", "every requirement is judged per resource", musts="PAY-05", hits="QueryPayment")
def _(c):
    other = second_till(c)
    other.reserved(24)
    c.sleep(700)
    c.pay(24)


@then("trap-polls-of-two-payments", "ALL-16 TRAP", "the next poll of a resource: judged per resource; this one comes too soon", musts="ALL-16",
      hits="QueryPayment")
def _(c):
    other = second_till(c)
    c.be.delays = [1200]
    a, b = c.initiate(25).get("paymentId"), other.initiate(25).get("paymentId")
    other.t = c.t = max(c.t, other.t)
    c.poll(a)
    c.be.delays = [4000]
    other.t = c.t + 100
    other.poll(b)
    other.ready_at[b] = other.t + 1500
    other.poll(b)
    c.t = other.t - 800
    c.poll(a)
    c.t = other.t = max(c.t, other.t) + 5000
    c.cancel(a), other.cancel(b)


@then("trap-token-of-the-other-till", "ALL-23 TRAP", "no call carries the refused token: the other till's token was not refused")
def _(c):
    other = second_till(c)
    c.be.refused_tokens.add(c.token)
    c.get_pos()
    other.t = c.t + 500
    other.get_pos()
    c.get_token()
    c.t = max(c.t, other.t)
    c.get_pos()
    other.t = c.t
    other.pay(26)


@then("trap-two-merchants", "ALL-06 TRAP", "the VAT number comes by header or token claim, and the two agree: each till's own")
def _(c):
    other = Client(c.traffic, merchant_pos_id="Till 2", start=c.t)
    other.vat = None
    other.claims["merchant_vat"] = "FI90000040"
    other.currency = "EUR"
    other.start(), other.lookup_pos(), other.create_pos(), other.get_pos()
    other.pay(27)


@then("trap-lookup-itself-fails", "ALL-11 TRAP", "its loss is looked up and what is found is used or cancelled")
def _(c):
    c.call("POST", "/payments", c.payment_body(28), c.new_key(), ["t"], sends=1)
    found = c.call("GET", "/payments", query={"posId": c.pos}, faults=["5", "t"]).get("paymentIds")
    c.cancel(found[0])


@then("trap-lost-refused-retry", "ALL-09 TRAP", "A 409 that the client heals is good behaviour: lost create, retry, 200 with the same paymentId")
def _(c):
    pid = c.initiate(29, ["t", "t", "5x"]).get("paymentId")
    c.poll(pid)
    c.cancel(pid, ["t", "t"])


@scenario("trap-two-tills-all-six", "TRAP", "Two tills interleave in one capture: every requirement is judged per resource", features=SIX)
def _():
    first = Client(features=SIX).walk()
    second = Client(features=SIX, merchant_pos_id="Till 2", start=431)
    second.traffic, second.be = first.traffic, first.be
    second.be.loyalty = None
    second.walk()
    return first


# -- right clients that stand next to a wrong one --------------------------------------------------------

@bent("right-client-id-upper-case", "ALL-07", "a client id header is present and a GUID",
      args=("--client-id", "5d2f1b7c-3c1e-4c5a-9a55-0f2f1f8e2a10"))
def _(c):
    c.client_id = c.client_id.upper()


@then("right-guids-in-urls", "ALL-22", "no credential stands in a URL: ids and filters are none")
def _(c):
    c.call("GET", "/pointofsales", query={"storeId": c.store, "merchantPosId": c.name})


@then("right-new-pos-after-delete", "ONB-05", "no payment is started on a PoS the client has deleted: it is started on its successor")
def _(c):
    c.delete_pos()
    c.lookup_pos(), c.create_pos(), c.get_pos()
    c.pay(31)


@then("right-captured-to-the-cent", "PAY-02", "capture no more than is reserved")
def _(c):
    c.be.partial = True
    c.pay(99.95)


@then("right-1305-followed-by-query", "PAY-13", "a 409 other than 1301 is followed by a query of its resource", musts="PAY-02", hits="CapturePayment")
def _(c):
    pid = c.reserved(32)
    c.capture(pid, 33), c.sleep(1500), c.poll(pid), c.capture(pid, 32)


@then("pay09-captured-polled-on", "PAY-09", "polling stops at a final state (one more is let pass)", shoulds="PAY-09")
def _(c):
    pid = c.pay(34)
    for _ in range(4):
        c.poll(pid)


@then("pay09-captured-seen-once", "PAY-09", "polling stops at a final state")
def _(c):
    c.poll(c.pay(35))


# -- left open ------------------------------------------------------------------------------------------

@then("open-answer-after-3-s", "ALL-15", "a held call is given up after its documented time-out",
      open="an answer awaited for 3 s and got: ALL-15 warns (the time-out was not kept), or not (nothing was given up)")
def _(c):
    c.timeout_post = 10000
    c.cancel(c.initiate(41, [("late", 3000)]).get("paymentId"))


@then("open-960-ms-between-polls", "ALL-30 ALL-16", "once a second at most; tolerance 5 % or 50 ms",
      open="1000 asked, 960 waited, 990 from head to head: within ALL-16's tolerance; ALL-30 warns (under a second), or has a tolerance too")
def _(c):
    pid = c.initiate(42).get("paymentId")
    c.poll(pid)
    c.ready_at[pid] = c.t + 960
    c.poll(pid)
    c.cancel(pid)


@then("open-zero-delay-after-timeout", "ALL-13", "retries keep a delay (100 ms); an immediate resend after a reset connection needs none",
      open="an immediate resend after a time-out of 2 s: ALL-13 warns, or it is a resend after a broken connection")
def _(c):
    c.retry_delay = 2
    c.cancel(c.initiate(43, ["t"]).get("paymentId"))


@then("open-failed-poll-then-cancel", "ALL-11", "a poll is polled on",
      open="a failed poll, then a cancel answered 200: ALL-11 failed (not polled on), or fine (the payment came to an end)")
def _(c):
    pid = c.initiate(44).get("paymentId")
    c.poll(pid)
    c.poll(pid, "t")
    c.sleep(1000)
    c.cancel(pid)


@bent("open-plain-http", "ALL-01", "TLS 1.2 or newer is negotiated",
      open="URLs with http://: ALL-01 failed, or not exercised (a HAR does not show TLS)")
def _(c):
    c.base = c.base.replace("https://", "http://")


@bent("open-bearer-lower-case", "ALL-03", "exactly one `Authorization: Bearer`",
      open="`bearer` (schemes have no letter case in HTTP): held, or ALL-03 failed")
def _(c):
    c.on_request = on("QueryPayment", lambda req: set_header("Authorization", "bearer " + c.token)(req))


@then("open-blocker-went-away", "PAY-07", "find, cancel, initiate again",
      open="the blocking payment ends by itself, the client initiates again and gets 200 without a cancel: resolved, or not")
def _(c):
    pid = c.be.plant_payment(c.pos, status="IssuedToUser", name="goes away")
    key, body = c.new_key(), c.payment_body(45)
    c.initiate(key=key, body=body)
    c.list_payments()
    c.poll(pid)
    c.be.user_cancel(pid)
    c.poll(pid)
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


@then("open-same-order-on-two-tills", "PAY-10", "an orderId is used for one payment",
      open="two tills of one merchant count their orders alike: PAY-10 warns, or orders are per PoS")
def _(c):
    other = second_till(c)
    c.cancel(c.initiate(46, order="0001").get("paymentId"))
    other.t = c.t + 500
    other.cancel(other.initiate(47, order="0001").get("paymentId"))


# -- input that cannot be read: exit 2 -------------------------------------------------------------------

def unreadable(name, why, spoil):
    @scenario("unreadable-" + name, "INPUT", why, exit=2)
    def _():
        return spoil(json.dumps(Client().walk().traffic.har()))


EXIT_2 = "2 the command could not do its work (unreadable or damaged input, ...), with one clear sentence on standard error"
unreadable("cut-in-half", EXIT_2, lambda text: text[:len(text) // 2])
unreadable("empty-file", EXIT_2, lambda text: "")
unreadable("other-json", EXIT_2, lambda text: '{"items": []}')
unreadable("not-json", EXIT_2, lambda text: "GET /pos/v10/stores 200\n")
unreadable("bad-date", EXIT_2, lambda text: text.replace('"startedDateTime": "2026-03-02T09:00', '"startedDateTime": "yesterday', 1))
