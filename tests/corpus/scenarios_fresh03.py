"""Look-ups that look elsewhere, names that are GUIDs, and losses in the middle of a clean-up or of a restriction."""
from backend import guid
from expect import SIX, then
from walks import DEBIT

RESTRICTED = ("onboarding", "payment", "prepared-payment", "payment-restrictions")
CASELESS = "GUIDs compare without case"


def lose(c, body, key=None, execute=True, path="/payments", faults=None):
    """A create without an answer."""
    key = key or c.new_key()
    c.call("POST", path, body, key, faults or ["t" if execute else "tl"], sends=1)
    c.sleep(300)
    return key


# -- names that are GUIDs -----------------------------------------------------------------------------------

@then("fresh-order-is-a-guid-in-capitals", "ALL-11 TRAP", CASELESS + "; a lost create recovered by lookup (orderId)")
def _(c):
    body = c.payment_body(31, order=guid("order", 1).upper())
    lose(c, body)
    [pid] = c.list_payments(orderId=body["orderId"])
    c.cancel(pid)


@then("fresh-name-is-a-guid-in-capitals", "ALL-11 TRAP", CASELESS + "; a lost create recovered by lookup (by merchantPosId)")
def _(c):
    body = c.pos_body(merchantPosId=guid("name", 1).upper())
    lose(c, body, path="/pointofsales")
    [pos] = c.call("GET", "/pointofsales", query={"merchantPosId": body["merchantPosId"]}).get("posIds")
    c.get_pos(pos)


@then("fresh-taken-name-is-a-guid-in-capitals", "ONB-01 ONB-02 TRAP", CASELESS + "; 409/1200 is resolved by looking up the other PoS")
def _(c):
    name = guid("name", 2).upper()
    for _ in range(2):
        c.call("GET", "/pointofsales", query={"merchantPosId": name})
        answer = c.call("POST", "/pointofsales", c.pos_body(merchantPosId=name), c.new_key())
        c.sleep(300)
    assert answer.code == "1200"
    [pos] = c.call("GET", "/pointofsales", query={"merchantPosId": name}).get("posIds")
    c.get_pos(pos)


# -- look-ups that cannot find what was lost ----------------------------------------------------------------

def no_look_up(name, **filters):
    @then("fresh-no-look-up-" + name, "ALL-09", "while the first one's outcome is unknown (no look-up since): this filter cannot find it",
          musts="ALL-09", hits="InitiatePayment")
    def _(c):
        body = c.payment_body(41)
        lose(c, body, execute=False)
        c.list_payments(**dict({"posId": c.pos}, **filters))
        c.cancel(c.initiate(body=body).get("paymentId"))

    @then("fresh-no-recovery-" + name, "ALL-11", "sent again at least once, or its loss is looked up: this filter cannot find it", musts="ALL-11",
          hits="InitiatePayment")
    def _(c):
        lose(c, c.payment_body(42), execute=False)
        c.list_payments(**dict({"posId": c.pos}, **filters))


no_look_up("of-another-order-on-its-pos", orderId="another")
no_look_up("among-the-captured", state="Captured")


@then("fresh-look-up-by-pos-and-order", "ALL-09", "the lookup by posId alone, by orderId alone, or by both")
def _(c):
    body = c.payment_body(43)
    lose(c, body, execute=False)
    assert c.list_payments(posId=c.pos.upper(), orderId=body["orderId"]) == []
    c.cancel(c.initiate(body=body).get("paymentId"))


# -- conflicts ----------------------------------------------------------------------------------------------

@then("fresh-1202-hammered-under-other-names", "ONB-02", "resolved by looking up or deleting the other PoS, not by hammering", musts="ONB-02",
      hits="CreatePos")
def _(c):
    beacon = c.get_pos().get("beaconId")
    for n in range(5):
        assert c.create_pos(merchantPosId="Random %d" % n, beaconId=beacon).code == "1202"
        c.sleep(300)
    c.call("GET", "/pointofsales", query={"beaconId": beacon})


@then("fresh-1202-looked-up-then-created", "ONB-02", "resolved by looking up or deleting the other PoS")
def _(c):
    beacon, old = c.get_pos().get("beaconId"), c.pos
    assert c.create_pos(merchantPosId="Random", beaconId=beacon).code == "1202"
    c.call("GET", "/pointofsales", query={"beaconId": beacon})
    c.delete_pos(pos=old)
    c.create_pos(merchantPosId="Random again", beaconId=beacon)


# -- clean-ups ----------------------------------------------------------------------------------------------

@then("fresh-1301-initiated-again-lost-and-found", "PAY-07", "find, cancel, initiate again: a lost create recovered by lookup and used or cancelled, "
      "instead of a retry")
def _(c):
    old = c.initiate(51).get("paymentId")
    key, body = c.new_key(), c.payment_body(52)
    assert c.initiate(key=key, body=body).code == "1301"
    assert c.list_payments() == [old]
    c.cancel(old)
    lose(c, body, key)
    [pid] = c.list_payments(orderId=body["orderId"])
    c.cancel(pid)


@then("fresh-swept-after-401", "PAY-11", "after a create was refused or failed with anything but 409/1301", musts="PAY-11", hits="CancelPayment",
      shoulds="", free="ALL-24")
def _(c):
    pid = c.initiate(53).get("paymentId")
    c.poll(pid)
    c.be.refused_tokens.add(c.token)
    assert c.initiate(54).status == 401
    c.get_token()
    assert c.list_payments() == [pid]
    c.cancel(pid)


# -- restrictions of a call that was lost -------------------------------------------------------------------

@then("fresh-restricted-ready-lost-and-not-shown", "RES-01", "a restriction is sent as documented, and the payment shows it", musts="RES-01",
      hits="QueryPayment", features=RESTRICTED)
def _(c):
    pid = c.paired()
    c.call("POST", "/payments/%s/ready" % pid,
           {"amount": 61, "currencyCode": "DKK", "plannedCaptureDelay": "None", "restrictions": DEBIT}, faults=["t"], sends=1)
    c.be.payments[pid]["restrictions"] = None
    c.poll(pid)
    c.cancel(pid)


@then("fresh-restricted-ready-lost-and-shown", "RES-01", "the payment shows it", features=SIX)
def _(c):
    pid = c.paired()
    c.call("POST", "/payments/%s/ready" % pid,
           {"amount": 62, "currencyCode": "DKK", "plannedCaptureDelay": "None", "restrictions": DEBIT}, faults=["t"], sends=1)
    c.poll(pid)
    c.cancel(pid)


@then("fresh-restricted-ready-not-carried-out", "RES-01", "a poll that says Paired shows no restriction: the ready did not arrive", features=SIX)
def _(c):
    pid = c.paired()
    body = {"amount": 63, "currencyCode": "DKK", "plannedCaptureDelay": "None", "restrictions": DEBIT}
    c.call("POST", "/payments/%s/ready" % pid, body, faults=["tl"], sends=1)
    c.sleep(300)
    c.poll(pid)
    c.call("POST", "/payments/%s/ready" % pid, body)
    c.poll(pid)
    c.cancel(pid)


@then("fresh-restricted-create-lost-found-and-not-shown", "RES-01", "the payment shows it", musts="RES-01", hits="QueryPayment", features=RESTRICTED)
def _(c):
    body = c.payment_body(64, restrictions=DEBIT)
    lose(c, body)
    [pid] = c.list_payments(orderId=body["orderId"])
    c.be.payments[pid]["restrictions"] = None
    c.poll(pid)
    c.cancel(pid)


# -- two bases: an operation is recognised by what follows /v10/, whatever the prefix ------------------------

ELSEWHERE = "part of the calls to another base path (ALL-29 warns): the call is the same, whatever the prefix"


def elsewhere(c, act):
    """Does something at another base, as a left-over URL does."""
    base, c.base = c.base, "https://left-over.example/v10"
    answer = act()
    c.base = base
    return answer


@then("fresh-capture-held-elsewhere-then-here", "ALL-11 ALL-29", ELSEWHERE, shoulds="ALL-29")
def _(c):
    pid = c.reserved(71)
    elsewhere(c, lambda: c.capture(pid, 71, ["t"], sends=1))
    c.sleep(300)
    c.capture(pid, 71)


@then("fresh-create-held-elsewhere-then-here", "ALL-09 ALL-11 ALL-29", ELSEWHERE, shoulds="ALL-29")
def _(c):
    body = c.payment_body(72)
    key = elsewhere(c, lambda: lose(c, body))
    c.cancel(c.initiate(key=key, body=body).get("paymentId"))


@then("fresh-fresh-key-elsewhere", "ALL-09 ALL-29", ELSEWHERE, shoulds="ALL-29", musts="ALL-09", hits="InitiatePayment")
def _(c):
    body = c.payment_body(73)
    elsewhere(c, lambda: lose(c, body, execute=False))
    c.cancel(c.initiate(body=body).get("paymentId"))


@then("fresh-polled-too-soon-elsewhere", "ALL-16 ALL-29", ELSEWHERE, shoulds="ALL-29", musts="ALL-16", hits="QueryPayment")
def _(c):
    c.be.delays = [3000]
    pid = c.initiate(74).get("paymentId")
    c.poll(pid)
    elsewhere(c, lambda: c.poll(pid, early=1500))
    c.cancel(pid)


@then("fresh-seven-sends-here-and-elsewhere", "ALL-12 ALL-29", ELSEWHERE, shoulds="ALL-29", musts="ALL-12", hits="CapturePayment")
def _(c):
    pid = c.reserved(75)
    for n in range(6):
        act = (lambda: c.capture(pid, 75, ["5"], sends=1))
        elsewhere(c, act) if n % 2 else act()
        c.sleep(500)
    c.capture(pid, 75)
