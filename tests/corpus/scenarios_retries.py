"""ALL-09 to ALL-15, ALL-26, ALL-27: keys, retries, time-outs, with both sides of every number.

Gaps are measured from the end of an answer to the head of the next request; the walk's own margins are wide,
so only the gap that a scenario sets can be found.
"""
from expect import then

R = "ALL-09"


# -- ALL-09, ALL-10 -------------------------------------------------------------------------------------

@then("all09-fresh-key-on-retry", R, "a retry carries the same key: a create of equal operation and body under another key while "
      "the first one's outcome is unknown", musts=R, hits="InitiatePayment", free="PAY-10")
def _(c):
    c.fresh_key_per_send = True
    c.pay(41, faults=["5"])


@then("all09-fresh-key-after-timeout", R, "under another key while the first one's outcome is unknown (last send failed, no look-up since)",
      musts=R, hits="InitiatePayment", free="PAY-10")
def _(c):
    body = c.payment_body(42)
    c.call("POST", "/payments", body, c.new_key(), ["t"], sends=1)
    c.sleep(200)
    key = c.new_key()
    assert c.initiate(key=key, body=body).code == "1301"
    c.cancel(c.list_payments()[0])
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


@then("all09-fresh-key-on-pos", R, "a retry carries the same key (CreatePos)", musts=R, hits="CreatePos")
def _(c):
    c.name, c.fresh_key_per_send = "Till 3", True
    c.lookup_pos(), c.create_pos(["tl"]), c.get_pos()


@then("all09-other-body-same-key", R, "Broken: another body after a failed send of its call", musts=R, hits="InitiatePayment")
def _(c):
    key, body = c.new_key(), c.payment_body(43)
    c.call("POST", "/payments", body, key, ["5"], sends=1)
    c.sleep(300)
    pid = c.initiate(key=key, body=dict(body, amount=44)).get("paymentId")
    c.cancel(pid)


@then("all09-other-order-same-key", R, "the same key and the same body", musts=R, hits="InitiatePayment")
def _(c):
    key = c.new_key()
    c.call("POST", "/payments", c.payment_body(45), key, ["tl"], sends=1)
    c.sleep(300)
    c.cancel(c.initiate(key=key, body=c.payment_body(45)).get("paymentId"))


def after_a_while(name, seconds, why, lookup=False, **more):
    @then(name, R, why, hits="InitiatePayment", free="PAY-10", **more)
    def _(c):
        body = c.payment_body(46)
        c.call("POST", "/payments", body, c.new_key(), ["5"], sends=1)
        if lookup:
            c.list_payments(orderId=body["orderId"])
        c.sleep(seconds * 1000)
        c.cancel(c.initiate(body=body).get("paymentId"))


after_a_while("all09-fresh-key-after-59-s", 59, "within a minute, a create of equal operation and body under another key; "
              "Counts as ALL-09 only, not ALL-10 or ALL-11 too", musts=R)
after_a_while("all09-fresh-key-after-61-s", 61, "within a minute (not ALL-09); but the first create was never sent again nor looked "
              "up: ALL-11", musts="ALL-11")
after_a_while("all09-fresh-key-after-lookup", 2, "while the first one's outcome is unknown (last send failed, no look-up since)", True)


@then("all09-same-content-other-spelling", "ALL-09 TRAP", "the same body: `100`, `100.0` and `100.00` are one amount, GUIDs compare "
      "without case", open="a retry whose body differs in spelling only: the same body (by the Traps), or another one (byte for byte)",
      musts="")
def _(c):
    key = c.new_key()
    text = '{"posId": "%s", "orderId": "spelt-1", "amount": %s, "currencyCode": "DKK", "plannedCaptureDelay": "None"}'
    c.call("POST", "/payments", text % (c.pos, "100"), key, ["5"], sends=1)
    c.sleep(300)
    c.cancel(c.initiate(key=key, body=text % (c.pos.upper(), "100.00")).get("paymentId"))


@then("all10-key-for-another-payment", "ALL-10", "a key whose create was answered below 500 is never used for a create of another body",
      musts="ALL-10", hits="InitiatePayment", free="PAY-13")
def _(c):
    key = c.new_key()
    c.cancel(c.initiate(47, key=key).get("paymentId"))
    c.sleep(2000)
    c.initiate(48, key=key)
    c.list_payments()


@then("all10-key-of-a-pos-for-a-payment", "ALL-10", "never used for a create of another operation", musts="ALL-10",
      hits="InitiatePayment", free="PAY-13")
def _(c):
    c.name = "Till 4"
    key = c.new_key()
    c.lookup_pos(), c.create_pos(key=key), c.get_pos()
    c.initiate(49, key=key)
    c.list_payments()


@then("all10-key-after-400-with-mended-body", "ALL-10", "a key whose create was answered below 500 (here 400) is never used for a "
      "create of another body", musts="ALL-10", hits="InitiatePayment")
def _(c):
    key = c.new_key()
    c.be.next_refusal["InitiatePayment"] = (400, 1113)
    c.initiate(50, key=key)
    c.sleep(1000)
    c.cancel(c.initiate(50, key=key).get("paymentId"))


@then("all10-fresh-key-after-400", "ALL-10", "another body under a new key after a refusal")
def _(c):
    c.be.next_refusal["InitiatePayment"] = (400, 1113)
    c.initiate(50)
    c.sleep(1000)
    c.cancel(c.initiate(50).get("paymentId"))


# -- ALL-11 ---------------------------------------------------------------------------------------------

def dropped(name, method, path, why, op, fault="5", **more):
    @then(name, "ALL-11", why, musts="ALL-11", hits=op, **more)
    def _(c):
        if op in ("CreatePos", "InitiatePayment"):
            body = c.payment_body(51) if op == "InitiatePayment" else dict(c.pos_body(), merchantPosId="Till 5")
            if op == "CreatePos":
                c.call("GET", "/pointofsales", query={"merchantPosId": "Till 5"})
            c.call(method, path, body, c.new_key(), [fault], sends=1)
        else:
            c.call(method, path.replace("POS", c.pos), faults=[fault], sends=1)


dropped("all11-initiate-lost-and-forgotten", "POST", "/payments", "a call that got no answer is sent again at least once, or its loss "
        "is looked up", "InitiatePayment", "tl")
dropped("all11-initiate-500-and-forgotten", "POST", "/payments", "a call that got 500 is sent again at least once", "InitiatePayment")
dropped("all11-create-pos-lost-and-forgotten", "POST", "/pointofsales", "a call that got no answer is sent again", "CreatePos", "tl")
dropped("all11-get-pos-500-and-forgotten", "GET", "/pointofsales/POS", "a call that got 500 is sent again at least once", "GetPos")
dropped("all11-delete-lost-and-forgotten", "DELETE", "/pointofsales/POS", "a call that got no answer is sent again", "DeletePos", "tl")


@then("all11-found-but-left", "ALL-11", "its loss is looked up and what is found is used or cancelled", musts="ALL-11",
      hits="InitiatePayment")
def _(c):
    c.call("POST", "/payments", c.payment_body(52, order="left-1"), c.new_key(), ["t"], sends=1)
    c.list_payments(orderId="left-1")


@then("all11-poll-lost-polled-on", "ALL-11", "a poll is polled on")
def _(c):
    c.pay(53, polls=["t", "5", "reset", 503, None])


@then("all11-given-up-after-six", "ALL-11", "sent again at least once: what is owed after giving up is for PAY-05 to PAY-08")
def _(c):
    c.initiate(54, ["5"] * 6)


# -- ALL-12 ---------------------------------------------------------------------------------------------

def sends(name, failing, why, act, op, ok=False, **more):
    @then(name, "ALL-12", why, musts="" if ok else "ALL-12", hits=op, **more)
    def _(c):
        c.max_sends = 20
        act(c, ["5"] * failing)


def initiate_with(c, faults):
    c.cancel(c.initiate(55, faults).get("paymentId"))


def capture_with(c, faults):
    c.capture(c.reserved(55), 55, faults)


def get_with(c, faults):
    c.call("GET", "/pointofsales/" + c.pos, faults=faults)


sends("all12-initiate-6-sends", 5, "at most 5 retries (6 sends)", initiate_with, "InitiatePayment", ok=True)
sends("all12-initiate-7-sends", 6, "at most 5 retries (6 sends)", initiate_with, "InitiatePayment")
sends("all12-capture-6-sends", 5, "at most 5 retries (6 sends)", capture_with, "CapturePayment", ok=True)
sends("all12-capture-7-sends", 6, "at most 5 retries (6 sends)", capture_with, "CapturePayment")
sends("all12-capture-15-sends", 14, "15 capture sends per poll cycle", capture_with, "CapturePayment")
sends("all12-get-pos-7-sends", 6, "others: same method and path", get_with, "GetPos")


def in_two_goes(name, first, pause, second, why, between=None, ok=False):
    @then(name, "ALL-12", why, musts="" if ok else "ALL-12", hits="CapturePayment")
    def _(c):
        pid = c.reserved(56)
        c.capture(pid, 56, ["5"] * first, sends=first)
        c.sleep(1200)
        if between:
            c.poll(pid)
        c.sleep(pause - 1200)
        c.capture(pid, 56, ["5"] * (second - 1))


in_two_goes("all12-pause-of-29-s", 4, 29000, 3, "a pause of half a minute starts a new go (29 s do not)")
in_two_goes("all12-pause-of-31-s", 4, 31000, 3, "a pause of half a minute starts a new go", ok=True)
in_two_goes("all12-six-and-six-after-31-s", 6, 31000, 6, "a pause of half a minute starts a new go", ok=True)
in_two_goes("all12-query-between", 4, 5000, 4, "a query in between starts no new go", between=True)


@then("all12-two-payments-count-apart", "ALL-12", "6 sends of one failing call (others: same method and path)")
def _(c):
    a, b = c.reserved(57), c.reserved(58)
    c.capture(a, 57, ["5"] * 4)
    c.capture(b, 58, ["5"] * 4)


# -- ALL-13 to ALL-15, ALL-26, ALL-27 -------------------------------------------------------------------

def retry_delay(name, ms, why, shoulds=""):
    @then(name, "ALL-13", why, shoulds=shoulds)
    def _(c):
        c.retry_delay = ms
        c.cancel(c.initiate(59, ["5", "5"]).get("paymentId"))


retry_delay("all13-delay-10-ms", 10, "retries keep a delay (100 ms) between them", "ALL-13")
retry_delay("all13-delay-90-ms", 90, "retries keep a delay (100 ms) between them", "ALL-13")
retry_delay("all13-delay-110-ms", 110, "retries keep a delay (100 ms) between them")


@then("all13-capture-hammered", "ALL-13", "retries keep a delay (100 ms) between them", shoulds="ALL-13")
def _(c):
    c.retry_delay = 1
    c.capture(c.reserved(60), 60, ["5", "5", "5"])


def refused(name, repeats, why, act, op, ok=False, about="ALL-14", gap=400, **more):
    @then(name, about, why, musts="" if ok else "ALL-14", hits=op, **more)
    def _(c):
        c.sleep(gap)
        act(c, repeats)


def initiate_400(c, repeats):
    key, body = c.new_key(), c.payment_body(61)
    for _ in range(repeats):
        c.be.next_refusal["InitiatePayment"] = (400, 1113)
        c.initiate(key=key, body=body)
        c.sleep(500)


def capture_403(c, repeats):
    pid = c.reserved(62)
    for _ in range(repeats):
        c.be.next_refusal["CapturePayment"] = (403, 1407)
        c.capture(pid, 62)
        c.sleep(500)
    c.sleep(1000)
    c.poll(pid)
    c.capture(pid, 62)


def get_404(c, repeats):
    pos = c.pos
    c.delete_pos()
    c.be.deleted.clear()
    for _ in range(repeats):
        c.get_pos(pos)
        c.sleep(500)


refused("all14-initiate-400-twice", 2, "not repeated unchanged more than once", initiate_400, "InitiatePayment", ok=True)
refused("all14-initiate-400-three-times", 3, "not repeated unchanged more than once", initiate_400, "InitiatePayment")
refused("all14-capture-403-three-times", 3, "not repeated unchanged more than once", capture_403, "CapturePayment")
refused("all14-capture-403-twice", 2, "not repeated unchanged more than once", capture_403, "CapturePayment", ok=True)
refused("all14-get-404-four-times", 4, "a request refused with 4xx is not repeated unchanged more than once", get_404, "GetPos")


@then("all14-with-queries-between", "ALL-14", "unless something was done about it in between (query, cancel, new token)")
def _(c):
    key, body = c.new_key(), c.payment_body(63)
    for _ in range(3):
        c.be.next_refusal["InitiatePayment"] = (400, 1113)
        c.initiate(key=key, body=body)
        c.sleep(500)
        c.list_payments()
        c.sleep(500)


def held(name, method, ms, why, shoulds="", musts="", about="ALL-15"):
    op = "GetPos" if method == "GET" else "InitiatePayment"

    @then(name, about, why, shoulds=shoulds, musts=musts, hits=op)
    def _(c):
        c.timeout_get = c.timeout_post = ms
        if method == "GET":
            c.call("GET", "/pointofsales/" + c.pos, faults=["t"])
        else:
            c.cancel(c.initiate(64, ["t"]).get("paymentId"))


held("all15-post-held-2400-ms", "POST", 2400, "tolerance up to 2.5 s")
held("all15-post-held-2600-ms", "POST", 2600, "tolerance up to 2.5 s", "ALL-15")
held("all15-get-held-950-ms", "GET", 950, "GET 1 s")
held("all15-get-held-1050-ms", "GET", 1050, "GET 1 s", "ALL-15")
held("all26-post-held-14900-ms", "POST", 14900, "a call without an answer for 15 s is given up", "ALL-15", "", "ALL-26")
held("all26-post-held-15100-ms", "POST", 15100, "a call without an answer for 15 s is given up", "ALL-15", "ALL-26", "ALL-26")
held("all26-get-held-14900-ms", "GET", 14900, "a call without an answer for 15 s is given up", "ALL-15", "", "ALL-26")
held("all26-get-held-30-s", "GET", 30000, "no time-out at all", "ALL-15", "ALL-26", "ALL-26")


@then("all26-answer-after-20-s-awaited", "ALL-26", "(also where an answer would have come later)", musts="ALL-26",
      hits="InitiatePayment", free="ALL-15")
def _(c):
    c.timeout_post = 60000
    c.cancel(c.initiate(65, [("late", 20000)]).get("paymentId"))


@then("all15-answer-after-1900-ms", "ALL-15", "a held call is given up after its documented time-out of 2 s: this one was answered before")
def _(c):
    c.cancel(c.initiate(66, [("late", 1900)]).get("paymentId"))


def gateway(name, op, status, why, shoulds="", retried=False):
    @then(name, "ALL-27", why, shoulds=shoulds)
    def _(c):
        if op == "GetPos":
            c.call("GET", "/pointofsales/" + c.pos, faults=[status], sends=None if retried else 1)
        else:
            answer = c.call("POST", "/payments", c.payment_body(67), c.new_key(), [status], sends=None if retried else 1)
            if answer.status == 200:
                c.cancel(answer.get("paymentId"))


gateway("all27-502-not-retried", "GetPos", 502, "502, 503 and 504 are retried too; no retry of them (ALL-27 warns)", "ALL-27")
gateway("all27-503-not-retried", "InitiatePayment", 503, "502, 503 and 504 are retried too", "ALL-27")
gateway("all27-504-not-retried", "InitiatePayment", 504, "502, 503 and 504 are retried too", "ALL-27")
gateway("all27-503-retried", "InitiatePayment", 503, "502, 503 and 504 are retried too", retried=True)
