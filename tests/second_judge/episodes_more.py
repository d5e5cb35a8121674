"""Episodes with refunds, check-in, restrictions, points of sale and unusual requests; and one with all cases."""
from episodes import NAMELESS, amount_of, left_active, prepared_sale, ready, sale, start_payment, ended

DEBIT = {"debitCardDisallowed": True, "creditCardDisallowed": False}


def refund(c, faults=(), captures=(), end=None):
    pid = None if c.bad("refund-uncaptured", 0.3) else (yield from sale(c, end="reserve"))
    if pid is None:
        pid = yield from start_payment(c, "/payments", c.payment_body(50))
        if pid is None:
            return
        if "refund-uncaptured" not in c.mistakes:
            yield from c.act(pid, "cancel")
            return
    p = c.be.payments.get(pid) or {}
    whole = float(p.get("captured") or p.get("amount") or 50)
    yield from c.sleep(1500)
    for n in range(c.dice.choice([1, 1, 2, 3])):
        share = round(whole / 3, 2)
        if c.bad("refund-sum", 0.6):
            share = round(whole * c.dice.choice([0.6, 1.2]), 2)
        yield from one_refund(c, pid, share, faults if n == 0 else (), captures if n == 0 else (), end)
    if "refund-uncaptured" in c.mistakes and p.get("status") not in ("Captured", "CancelledByClient"):
        yield from c.act(pid, "cancel")


def one_refund(c, pid, amount, faults, captures, end):
    currency = "EUR" if c.bad("refund-currency", 0.6) else "DKK"
    body = {"paymentId": pid, "refundOrderId": "R-" + c.new_order(), "amount": amount, "currencyCode": currency}
    key = c.new_key()
    if not faults and c.bad("nameless", 0.6):
        text = c.dice.choice(NAMELESS).replace("paymentId", "refundId")
        faults = [{"run": c.dice.random() < 0.8, "status": c.dice.choice([200, 201, 202]), "text": text}]
    elif not faults and c.bad("refused-refund", 0.6):
        faults = [{"run": False, "status": 409, "code": c.dice.choice([1367, 1368])}]
    r = yield from c.call("POST", "/refunds", body, key, faults)
    rid = r.get("refundId")
    if not (isinstance(rid, str) and len(rid) == 36):
        rid = yield from find_refund(c, r, pid, body, key)
    if rid is None:
        return
    end = end or c.dice.choice(["capture", "capture", "cancel"])
    if end == "cancel":
        yield from c.act(rid, "cancel", faults=captures, kind="refunds")
        if c.bad("refund-capture-after-cancel", 0.7):
            yield from c.act(rid, "capture", kind="refunds")
        return
    if not c.bad("refund-unreserved", 0.6):
        r = yield from c.poll_until(rid, {"Reserved"}, kind="refunds")
        if r.get("status") != "Reserved":
            yield from c.act(rid, "cancel", kind="refunds")
            return
    if c.bad("refund-forget", 0.6):
        return
    r = yield from c.act(rid, "capture", faults=captures, kind="refunds")
    if r.failed:
        yield from c.sleep(31500)
        yield from c.act(rid, "capture", faults=[""], kind="refunds")
    if c.bad("refund-second", 0.6):
        yield from c.act(rid, "capture", c.dice.choice([None, {"amount": amount}, {"amount": 1}]), kind="refunds")
        if c.dice.random() < 0.5:
            yield from c.act(rid, "capture", {"amount": 2}, kind="refunds")
    if c.bad("refund-cancel-after", 0.6):
        yield from c.act(rid, "cancel", kind="refunds")


def find_refund(c, r, pid, body, key):
    how = c.dice.choice(["lookup", "resend", "nothing"]) if c.mistakes & {"nameless", "no-retry"} else "lookup"
    if 400 <= r.status < 500:
        yield from c.sleep(300)
        yield from c.call("GET", "/refunds", query={"paymentId": pid})
        yield from c.sleep(2500)
        yield from c.poll(pid)
        if c.bad("refused-refund", 0.3):
            r = yield from c.call("POST", "/refunds", body, key)
            return r.get("refundId")
        return None
    if how == "nothing":
        return None
    if how == "resend":
        r = yield from c.call("POST", "/refunds", body, key)
        return r.get("refundId")
    r = yield from c.call("GET", "/refunds", query={"paymentId": pid})
    ids = [i for i in r.get("refundIds") or [] if c.be.refunds[i]["refundOrderId"] == body["refundOrderId"]]
    return ids[0] if ids else None


def checked_in_sale(c, loyal, lacking=1):
    """Check-in first, then the payment."""
    c.be.loyalty, c.be.loyalty_after = loyal, lacking
    yield from c.poll(c.pos, kind="pointofsales", tail="/checkin")
    c.be.checkins[c.pos] = 0
    for _ in range(6):
        r = yield from c.poll(c.pos, kind="pointofsales", tail="/checkin")
        if isinstance(r.get("loyaltyIds"), list) or c.bad("initiate-too-soon", 0.7):
            break
    if c.bad("check-in-beside", 0.6):
        yield from prepared_sale(c, end="reserve")
    else:
        yield from sale(c, end="reserve")
    if c.bad("check-in-late", 0.7):
        yield from c.poll(c.pos, kind="pointofsales", tail="/checkin")
    c.be.checkins.pop(c.pos, None)


def restricted_sale(c, end=None, value=None):
    value = value or c.dice.choice([DEBIT, {"creditCardDisallowed": True}, {"debitCardDisallowed": True}])
    if c.bad("restrictions-both", 0.6):
        value = {"debitCardDisallowed": True, "creditCardDisallowed": True}
    if c.bad("restrictions-form", 0.6):
        value = c.dice.choice([{"debitCardDisallowed": "true"}, {"debitCardDisallowed": 1}, ["debit"], "debit"])
    yield from sale(c, end=end or c.dice.choice(["reserve", "refuse", "user"]), restrictions=value)


def check_in_during_payment(c):
    pid = yield from start_payment(c, "/payments", c.payment_body(amount_of(c)))
    if pid is None:
        return
    if c.bad("check-in-active", 0.8):
        yield from c.poll(c.pos, kind="pointofsales", tail="/checkin")
    yield from c.act(pid, "cancel")
    yield from c.poll(c.pos, kind="pointofsales", tail="/checkin")


def ready_not_prepared(c):
    pid = yield from start_payment(c, "/payments", c.payment_body(20))
    if pid is None:
        return
    if c.bad("ready-initiated", 0.9):
        yield from c.act(pid, "ready", {"amount": 20, "currencyCode": "DKK", "plannedCaptureDelay": "None"})
        yield from c.sleep(2500)
        yield from c.poll(pid)
    yield from c.act(pid, "cancel")


def move_pos(c):
    """Deletes the PoS and creates it again."""
    if c.bad("delete-active", 0.7):
        pid = yield from start_payment(c, "/payments", c.payment_body(20))
        yield from c.delete_pos()
        if pid:
            yield from c.act(pid, "cancel")
    else:
        yield from c.delete_pos()
    if c.bad("pay-on-deleted", 0.7):
        r = yield from c.call("POST", "/payments", c.payment_body(20), c.new_key())
    yield from c.find_pos()
    yield from c.create_pos()
    yield from c.call("GET", "/pointofsales/" + c.pos)


def twin_pos(c):
    """A second CreatePos of the same merchantPosId is refused with 1200."""
    r = yield from c.call("POST", "/pointofsales", c.pos_body(), c.new_key())
    if c.bad("hammer-1200", 0.5):
        for _ in range(c.dice.choice([1, 2])):
            yield from c.sleep(200)
            yield from c.call("POST", "/pointofsales", c.pos_body(), c.new_key())
    if not c.bad("ignore-1200", 0.7):
        yield from c.find_pos()


def old_payment(c):
    """A payment of an earlier session, captured or cancelled from the till's state."""
    pid = c.be.plant_payment(c.pos, name=c.name + str(c.orders))
    if c.dice.random() < 0.7:
        yield from c.poll(pid)
    yield from c.act(pid, c.dice.choice(["capture", "cancel"]), {"amount": 100})


def certification(c, features):
    """Every case of the selected features, with its faults."""
    yield from c.find_pos()
    yield from c.create_pos(["t", "5"])
    if c.pos is None:
        return
    yield from c.call("GET", "/pointofsales/" + c.pos)
    yield from c.delete_pos(["t", "5"])
    yield from c.find_pos()
    yield from c.create_pos()
    yield from c.call("GET", "/pointofsales/" + c.pos)
    yield from c.find_pos()
    steps = []
    if "payment" in features:
        steps += [sale(c, ["t", "5"], [None, "t", "5"], ["5", "t"], end="reserve"), sale(c, end="user"),
                  sale(c, captures=["t", "5"], end="cancel"), left_active(c, "/payments"), sale(c, end="reserve"), hanging(c)]
    if "prepared-payment" in features:
        steps += [prepared_sale(c, ["t", "5"], ["t", "5"], ["t", "5"], end="reserve"), prepared_sale(c, end="user"),
                  prepared_sale(c, captures=["5", "t"], end="cancel"), left_active(c, "/payments/prepare")]
    if "refund" in features:
        steps += [refund(c, ["t", "5"], ["t", "5"], "capture"), refund(c, (), ["t", "5"], "cancel")]
    if "loyalty" in features:
        steps += [prepared_sale(c, end="reserve", loyal=["L-9"], lacking=1), prepared_sale(c, end="reserve", loyal=[]),
                  checked_in_sale(c, ["L-8"])]
    if "payment-restrictions" in features:
        steps += [restricted_sale(c, "reserve", DEBIT), restricted_sale(c, "refuse", DEBIT)]
    if "payment-restrictions" in features and "prepared-payment" in features:
        steps += [prepared_sale(c, end="reserve", restrictions=DEBIT)]
    if c.dice.random() < 0.3:
        c.dice.shuffle(steps)
    for step in steps:
        yield from c.sleep(1500)
        yield from step


def hanging(c):
    pid = yield from start_payment(c, "/payments", c.payment_body(80))
    if pid is None:
        return
    r = yield from c.poll_until(pid, {"Reserved"}, [c.customer(pid, "checkin"), c.customer(pid, "accept")])
    if r.get("status") != "Reserved":
        yield from ended(c, pid, r, 80)
        return
    yield from c.act(pid, "capture", {"amount": 80}, ["5"] * 3, sends=3)
    yield from c.sleep(40000)
    yield from c.act(pid, "capture", {"amount": 80}, [""])
