"""Episodes of a till: sales, prepared payments, refunds, clean-ups. Each is a coroutine, correct unless a mistake is
due.
"""
NAMELESS = ["", "{}", "null", '""', "[]", "<html>OK</html>", '{"paymentId": ', '{"paymentId": null}', '{"paymentId": ""}',
            '{"paymentId": 17}', '{"paymentId": "abc"}', '{"id": "x"}']
LIMIT = 5


def start_payment(c, path, body, faults=(), depth=0):
    """Creates a payment and resolves failures where possible. Returns its id or None."""
    key = c.new_key()
    if not faults and c.bad("nameless", 0.6):
        faults = [{"run": c.dice.random() < 0.8, "status": c.dice.choice([200, 200, 201, 202, 204]), "text": c.dice.choice(NAMELESS)}]
        if faults[0]["status"] == 204:
            faults[0]["text"] = ""
    elif not faults and c.bad("lost-create", 0.6):
        faults = [c.dice.choice(["t", "tl", "5x", "reset"])]
        r = yield from c.send("POST", path, body, key, faults[0])
        return (yield from after_loss(c, path, body, key, depth))
    elif not faults and c.bad("refused-create", 0.5):
        faults = [c.dice.choice([400, 403, 409, 429, 401])]
    r = yield from c.call("POST", path, body, key, faults)
    return (yield from heal(c, r, path, body, key, depth))


def heal(c, r, path, body, key, depth):
    pid = r.get("paymentId")
    if r.ok and isinstance(pid, str) and len(pid) == 36:
        return pid
    if depth > 2:
        return None
    if r.ok:
        return (yield from after_nameless(c, path, body, key, depth))
    if r.failed:
        return (yield from after_loss(c, path, body, key, depth))
    if r.code == "1301":
        return (yield from after_1301(c, path, body, key, depth))
    if c.bad("clean-any-error", 0.7):
        found = yield from c.lookup(body["orderId"], "pos")
        for pid in (found.get("paymentIds") or [])[:1]:
            yield from c.act(pid, "cancel")
    return None


def after_nameless(c, path, body, key, depth):
    how = c.dice.choice(["lookup", "resend", "resend", "nothing"])
    if how == "nothing":
        return None
    yield from c.sleep(300)
    if how == "resend":
        r = yield from c.call("POST", path, body, key)
        return (yield from heal(c, r, path, body, key, depth + 1))
    return (yield from find_lost(c, body))


def after_loss(c, path, body, key, depth):
    how = c.dice.choice(["lookup", "resend", "resend", "nothing", "next"]) if c.mistakes & {"lost-create", "no-retry"} else "lookup"
    yield from c.sleep(250)
    if how == "resend":
        r = yield from c.call("POST", path, body, key)
        return (yield from heal(c, r, path, body, key, depth + 1))
    if how == "lookup":
        return (yield from find_lost(c, body))
    if how == "next" and depth < 2:
        other = dict(body, orderId=c.new_order())
        key = c.new_key()
        r = yield from c.call("POST", path, other, key)
        if r.code == "1301" and c.dice.random() < 0.6:
            found = yield from c.lookup(body["orderId"], c.dice.choice(["order", "both"]))
            for pid in found.get("paymentIds") or []:
                yield from c.act(pid, "cancel")
            yield from c.sleep(200)
            r = yield from c.call("POST", path, other, key if c.dice.random() < 0.5 else c.new_key())
        return (yield from heal(c, r, path, other, key, depth + 1))
    return None


def find_lost(c, body):
    r = yield from c.lookup(body["orderId"], c.dice.choice(["order", "both", "pos"]))
    ids = [i for i in r.get("paymentIds") or [] if i not in c.reserved_ids]
    if not ids:
        return None
    if c.dice.random() < 0.5:
        return ids[0]
    if not c.bad("found-unused", 0.5):
        yield from c.act(ids[0], "cancel")
    return None


def after_1301(c, path, body, key, depth):
    if c.bad("ignore-1301", 0.7):
        return None
    if c.bad("hammer-1301", 0.7):
        for _ in range(c.dice.choice([1, 2, 3])):
            yield from c.sleep(200)
            yield from c.send("POST", path, body, key)
    r = yield from c.lookup(body["orderId"], "pos")
    for pid in r.get("paymentIds") or []:
        if pid not in c.reserved_ids:
            yield from c.act(pid, "cancel")
    if c.bad("not-again", 0.7):
        return None
    yield from c.sleep(200)
    if c.dice.random() < 0.5:
        key = c.new_key()
    r = yield from c.call("POST", path, body, key)
    return (yield from heal(c, r, path, body, key, depth + 1))


def finish(c, pid, amount, faults=(), decided=None):
    """Ends a reserved payment: captured, in full or partly, or cancelled."""
    part = c.flags.get(pid) is True and c.dice.random() < 0.5
    value = round(amount * 0.6, 2) if part else amount
    if c.bad("forget", 0.6):
        return
    if c.bad("capture-less", 0.6):
        value = round(amount * 0.5, 2)
    if c.bad("capture-more", 0.6):
        value = amount + c.dice.choice([1, 0.001, 0.5, 1000])
    if c.bad("three-decimals", 0.6):
        value = amount - 0.001
    if c.bad("sales-cancelled", 0.5) or decided == "cancel":
        yield from c.act(pid, "cancel", faults=faults)
        if c.bad("capture-after-cancel", 0.7):
            yield from c.act(pid, "capture", {"amount": value})
        return
    if c.bad("hanging", 0.5):
        yield from c.act(pid, "capture", {"amount": value}, ["5"] * 3, sends=3)
        if c.bad("forget-hanging", 0.7):
            return
        yield from c.sleep(c.dice.choice([10000, 40000]))
    r = yield from c.act(pid, "capture", {"amount": value}, faults)
    if r.failed and not c.bad("give-up-capture", 0.7):
        yield from c.sleep(40000)
        r = yield from c.act(pid, "capture", {"amount": value}, [""])
    if r.status == 409 and not c.bad("no-query-409", 0.7):
        yield from c.sleep(2500)
        q = yield from c.poll(pid)
        if q.get("status") == "Reserved":
            yield from c.act(pid, "cancel")
    yield from second_acts(c, pid, amount, value)


def second_acts(c, pid, amount, value):
    if c.bad("second-other", 0.7):
        yield from c.act(pid, "capture", {"amount": c.dice.choice([amount, round(amount - value, 2) or amount, 1, value])})
    if c.bad("second-same", 0.7):
        yield from c.act(pid, "capture", {"amount": value if c.dice.random() < 0.5 else float(value)})
    if c.bad("cancel-after-capture", 0.7):
        yield from c.act(pid, "cancel")
    if c.bad("poll-on-final", 0.7):
        for _ in range(c.dice.choice([1, 2, 3])):
            yield from c.poll(pid)
    if c.bad("capture-seen", 0.7):
        yield from c.sleep(2600)
        yield from c.poll(pid)
        yield from c.act(pid, "capture", {"amount": c.dice.choice([value, amount, 1])})


def amount_of(c):
    return c.dice.choice([100, 12.5, 99.95, 60, 1, 250.1])


def sale(c, faults=(), polls=(), captures=(), end=None, **more):
    amount = amount_of(c)
    if "partial" in c.mistakes or c.dice.random() < 0.2:
        c.be.partial = c.dice.random() < 0.7
    body = c.payment_body(amount, **more)
    pid = yield from start_payment(c, "/payments", body, faults)
    c.be.partial = False
    if pid is None:
        return None
    end = end or c.dice.choice(["reserve"] * 4 + ["cancel", "user", "refuse"])
    if c.bad("abandon", 0.5):
        yield from c.poll(pid)
        return None
    if c.bad("capture-unreserved", 0.5):
        yield from c.poll(pid)
        yield from c.act(pid, "capture", {"amount": amount})
    if end == "cancel":
        if c.dice.random() < 0.5:
            yield from c.poll(pid)
        yield from c.act(pid, "cancel", faults=captures)
        if c.bad("capture-after-cancel", 0.5):
            yield from c.act(pid, "capture", {"amount": amount})
        return pid
    last = {"user": "cancel", "refuse": "refuse", "reserve": "accept"}[end]
    r = yield from c.poll_until(pid, {"Reserved"}, [c.customer(pid, "checkin"), c.customer(pid, last)], polls)
    yield from ended(c, pid, r, amount, captures)
    return pid


def ended(c, pid, r, amount, faults=()):
    if r.get("status") == "Reserved":
        yield from finish(c, pid, amount, faults)
        return
    if r.get("status") in ("CancelledByUser", "CancelledByMobilePay"):
        if c.bad("capture-refused", 0.6):
            yield from c.act(pid, "capture", {"amount": amount})
        if c.bad("poll-on-final", 0.7):
            for _ in range(c.dice.choice([1, 2, 3])):
                yield from c.poll(pid)
        return
    if not c.bad("abandon", 0.7):
        yield from c.act(pid, "cancel")


def prepared_sale(c, faults=(), readies=(), captures=(), end=None, loyal=None, restrictions=None, lacking=None):
    amount = amount_of(c)
    c.be.loyalty = loyal if loyal is not None else c.dice.choice([[], ["L-1"]])
    c.be.loyalty_after = c.dice.choice([0, 1, 2]) if lacking is None else lacking
    c.be.partial = c.dice.random() < 0.2
    body = {"posId": c.pos, "orderId": c.new_order()}
    pid = yield from start_payment(c, "/payments/prepare", body, faults)
    c.be.partial = False
    if pid is None:
        return None
    end = end or c.dice.choice(["reserve"] * 4 + ["cancel", "user"])
    if end == "cancel":
        if c.dice.random() < 0.5:
            yield from c.poll(pid)
        yield from c.act(pid, "cancel", faults=captures)
        return pid
    yield from c.poll(pid)
    c.customer(pid, "checkin")()
    if end == "user" and c.dice.random() < 0.6:
        r = yield from c.poll_until(pid, {"Reserved"}, [c.customer(pid, "cancel")])
        yield from ended(c, pid, r, amount)
        return pid
    for _ in range(8):
        r = yield from c.poll(pid)
        if isinstance(r.get("loyaltyIds"), list) or c.bad("ready-too-soon", 0.6):
            break
    yield from ready(c, pid, amount, readies, restrictions)
    r = yield from c.poll_until(pid, {"Reserved"}, [c.customer(pid, "cancel" if end == "user" else "accept")])
    yield from ended(c, pid, r, amount, captures)
    return pid


def ready(c, pid, amount, faults=(), restrictions=None):
    body = {"amount": amount, "currencyCode": "DKK", "plannedCaptureDelay": "None"}
    if restrictions:
        body["restrictions"] = restrictions
    r = yield from c.act(pid, "ready", body, faults)
    if r.failed:
        yield from c.sleep(1000)
        yield from c.act(pid, "ready", body, [""])
    if c.bad("two-amounts", 0.7):
        yield from c.act(pid, "ready", dict(body, amount=amount + 1))


def left_active(c, path):
    """A payment is left active on the PoS; the next create is refused with 1301 and the till cleans up."""
    body = c.payment_body(70) if path == "/payments" else {"posId": c.pos, "orderId": c.new_order()}
    key = c.new_key()
    r = yield from c.call("POST", path, body, key)
    if r.code == "1301":
        yield from after_1301(c, path, body, key, 2)
    yield from c.sleep(4000)
    if path == "/payments":
        yield from sale(c, end="reserve")
    else:
        yield from prepared_sale(c, end="reserve")
