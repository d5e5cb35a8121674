"""Hand-made scenarios: creates without an id, lost creates, 1301, check-in with prepared payments, unusual bodies."""
import json

from hand import scenario

NO_ID = "PAY-06: also where the answer names no id that can be read: then it has to be looked up or sent again"
TEXTS = {"no body": (200, ""), "{}": (200, "{}"), "null": (200, "null"), "an empty text": (200, '""'), "HTML": (200, "<html>OK</html>"),
         "half of an object": (200, '{"paymentId": "0d46'), "a number for an id": (200, '{"paymentId": 17, "refundId": 17, "posId": 17}'),
         "null for an id": (200, '{"paymentId": null, "refundId": null, "posId": null}'), "201 and no body": (201, ""),
         "202 and no body": (202, ""), "204": (204, ""), "201 and a text for an id": (201, '{"paymentId": "x", "refundId": "x", "posId": "x"}')}


def start(h, op):
    """Path, body and a function that ends what was started, for one creating operation."""
    if op == "InitiatePayment":
        return "/payments", h.body(), h.cancel
    if op == "PreparePayment":
        return "/payments/prepare", h.prepare_body(), h.cancel
    return "/refunds", h.refund_body(h.captured()), h.cancel_refund


def look(h, op, body):
    if op == "CreateRefund":
        return h.get("/refunds", paymentId=body["paymentId"]).get("refundIds")[0]
    return h.find(posId=h.pos, orderId=body["orderId"])[0]


for op, rule in (("InitiatePayment", "PAY-06"), ("PreparePayment", "PAY-06"), ("CreateRefund", "REF-03")):
    for said, (status, text) in TEXTS.items():
        @scenario("%s answered %s, and left" % (op, said), NO_ID, rule)
        def _(h, op=op, status=status, text=text):
            path, body, _ = start(h, op)
            h.post(path, body, h.key(), {"run": True, "status": status, "text": text})
    for said in ("{}", "204", "HTML"):
        status, text = TEXTS[said]

        @scenario("%s answered %s, looked up and cancelled" % (op, said), NO_ID)
        def _(h, op=op, status=status, text=text):
            path, body, end = start(h, op)
            h.post(path, body, h.key(), {"run": True, "status": status, "text": text})
            end(look(h, op, body))

        @scenario("%s answered %s, sent again and cancelled" % (op, said), NO_ID)
        def _(h, op=op, status=status, text=text):
            path, body, end = start(h, op)
            key = h.key()
            h.post(path, body, key, {"run": True, "status": status, "text": text})
            end(h.post(path, body, key).get("refundId" if op == "CreateRefund" else "paymentId"))

        @scenario("%s answered %s, looked up and left" % (op, said), NO_ID, rule)
        def _(h, op=op, status=status, text=text):
            path, body, _ = start(h, op)
            h.post(path, body, h.key(), {"run": True, "status": status, "text": text})
            look(h, op, body)

        @scenario("%s answered %s, sent again, answered so again, and left" % (op, said), NO_ID, rule)
        def _(h, op=op, status=status, text=text):
            path, body, _ = start(h, op)
            key = h.key()
            for _ in range(2):
                h.post(path, body, key, {"run": True, "status": status, "text": text})


@scenario("refund answered {}, sent again, then one for the rest", "Creates with one key are one call: it counts once for REF-01")
def _(h):
    pid = h.captured()
    body, key = h.refund_body(pid, 50), h.key()
    h.post("/refunds", body, key, {"run": True, "status": 200, "text": "{}"})
    rid = h.post("/refunds", body, key).get("refundId")
    for _ in range(3):
        h.do(h.till.poll(rid, kind="refunds"))
    h.capture_refund(rid)
    h.capture_refund(h.refund(pid, 50))


for how in ("order", "pos", "both"):
    for said, act in (("cancel answered 409", lambda h, p: h.cancel(p, 409)), ("capture answered 409", lambda h, p: h.capture(p, 100)),
                      ("cancel answered 404", lambda h, p: h.cancel(p, 404)), ("polled", lambda h, p: h.poll(p))):
        @scenario("InitiatePayment answered {}, found by %s, %s, left" % (how, said), NO_ID + "; what is found comes to an end", "PAY-06",
                  free="PAY-13 PAY-01")
        def _(h, how=how, act=act):
            body = h.body()
            h.post("/payments", body, h.key(), {"run": True, "status": 200, "text": "{}"})
            act(h, h.find(**asked(h, body, how))[0])

    @scenario("InitiatePayment answered {}, then 1301, found by %s, cancelled, again" % how, NO_ID, cases={"payment/4": "passed"})
    def _(h, how=how):
        lost, body, key = h.body(), h.body(), h.key()
        h.post("/payments", lost, h.key(), {"run": True, "status": 200, "text": "{}"})
        h.post("/payments", body, key)
        h.cancel(h.find(**asked(h, lost, how))[0])
        h.cancel(h.post("/payments", body, key).get("paymentId"))


def asked(h, body, how):
    return {"order": {"orderId": body["orderId"]}, "pos": {"posId": h.pos}, "both": {"posId": h.pos, "orderId": body["orderId"]}}[how]


for fault in ({"run": True, "status": 200, "text": "{}"}, "t"):
    @scenario("refund %s, another refund, then found and cancelled" % ("lost" if fault == "t" else "answered {}"),
              "ALL-11, REF-03: looked up, and what is found is cancelled")
    def _(h, fault=fault):
        pid = h.captured()
        h.post("/refunds", h.refund_body(pid, 20), h.key(), fault)
        other = h.refund(pid, 10)
        h.capture_refund(other)
        for rid in h.get("/refunds", paymentId=pid).get("refundIds"):
            if rid != other:
                h.cancel_refund(rid)


for op in ("InitiatePayment", "PreparePayment", "CreateRefund"):
    @scenario("%s answered with an id that is no GUID, named by the retry, cancelled" % op, NO_ID + "; one key is one call")
    def _(h, op=op):
        path, body, end = start(h, op)
        key, name = h.key(), "refundId" if op == "CreateRefund" else "paymentId"
        h.post(path, body, key, {"run": True, "status": 200, "text": '{"%s": "abc"}' % name})
        end(h.post(path, body, key).get(name))


@scenario("PreparePayment answered {}, found, readied, left", NO_ID, "PAY-06")
def _(h):
    body = h.prepare_body()
    h.post("/payments/prepare", body, h.key(), {"run": True, "status": 200, "text": "{}"})
    pid = h.find(orderId=body["orderId"])[0]
    h.post("/payments/%s/ready" % pid, {"amount": 100, "currencyCode": "DKK", "plannedCaptureDelay": "None"})


@scenario("CreateRefund answered {}, found, capture answered 409, left", NO_ID, "REF-02 REF-03", free="PAY-13")
def _(h):
    pid = h.captured()
    h.post("/refunds", h.refund_body(pid), h.key(), {"run": True, "status": 200, "text": "{}"})
    h.capture_refund(h.get("/refunds", paymentId=pid).get("refundIds")[0])


@scenario("CreatePos repeated after its 200, answered 500", "ALL-11: a repeat of what was answered 200 before owes nothing", warn="",
          free="ONB-01", cases={"onboarding/1": "not-tested"})
def _(h):
    body, key = dict(h.till.pos_body(), merchantPosId="Till 7", name="Till 7"), h.key()
    h.get("/pointofsales/" + h.post("/pointofsales", body, key).get("posId"))
    h.post("/pointofsales", body, key, "5")


LOST = "a look-up by the order of the client's own lost create is a look-up like any other, with or without posId"
for path, case in (("/payments", "payment/4"), ("/payments/prepare", "prepared-payment/4")):
    for how in ("order", "pos", "both"):
        for fresh in (False, True):
            for fault in ("t", "5x"):
                @scenario("%s lost (%s), then 1301, found by %s, cancelled, retried with %s key" % (
                    path, fault, how, "a new" if fresh else "the same"), LOST, cases={case: "passed"})
                def _(h, path=path, how=how, fresh=fresh, fault=fault):
                    make = h.body if path == "/payments" else h.prepare_body
                    lost, body, key = make(), make(), h.key()
                    h.post(path, lost, h.key(), fault)
                    assert h.post(path, body, key).code == "1301"
                    query = {"order": {"orderId": lost["orderId"]}, "pos": {"posId": h.pos},
                             "both": {"posId": h.pos, "orderId": lost["orderId"]}}[how]
                    for pid in h.find(**query):
                        h.cancel(pid)
                    pid = h.post(path, body, h.key() if fresh else key).get("paymentId")
                    if path == "/payments":
                        h.capture(h.reserved(pid=pid), 100)
                    else:
                        h.cancel(pid)


@scenario("lost, then 1301, and nothing more", "PAY-07: resolved before the capture ends; ALL-11", "ALL-11 PAY-07",
          cases={"payment/4": "failed"})
def _(h):
    h.post("/payments", h.body(), h.key(), "t")
    h.post("/payments", h.body(), h.key())


@scenario("lost, then 1301, found and cancelled, not started again", "PAY-07: find, cancel, initiate again", "PAY-07",
          cases={"payment/4": "failed"})
def _(h):
    lost = h.body()
    h.post("/payments", lost, h.key(), "t")
    h.post("/payments", h.body(), h.key())
    h.cancel(h.find(orderId=lost["orderId"])[0])


@scenario("create repeated after its 200, lost then", "ALL-11: a repeat of what was answered 200 before owes nothing")
def _(h):
    body, key = h.body(), h.key()
    pid = h.post("/payments", body, key).get("paymentId")
    h.post("/payments", body, key, "t")
    h.cancel(pid)


def check_in(h, ids):
    h.be.loyalty, h.be.loyalty_after = ids, 1
    h.be.checkins[h.pos] = 0
    for _ in range(2):
        h.do(h.till.poll(h.pos, kind="pointofsales", tail="/checkin"))


BESIDE = "A check-in answer before a prepared payment neither helps nor hides what that payment shows for loyalty/1 and loyalty/2"


@scenario("check-in with an id, then a prepared payment with an id", BESIDE, cases={"loyalty/1": "passed", "loyalty/2": "not-tested"})
def _(h):
    check_in(h, ["L-1"])
    h.capture(h.prepared(loyal=["L-1"]))


@scenario("check-in with an id, then a prepared payment with none", BESIDE, cases={"loyalty/2": "passed"})
def _(h):
    check_in(h, ["L-1"])
    h.capture(h.prepared(loyal=[]))


@scenario("check-in with none, then a prepared payment with an id", BESIDE, cases={"loyalty/1": "passed"})
def _(h):
    check_in(h, [])
    h.capture(h.prepared(loyal=["L-1"]))


@scenario("a prepared payment with an id, then check-in and a payment", BESIDE, cases={"loyalty/1": "passed"})
def _(h):
    h.capture(h.prepared(loyal=["L-1"]))
    check_in(h, ["L-1"])
    h.capture(h.reserved())


@scenario("readied while Paired and not looked up, check-in had an id", BESIDE + "; LOY-01", "LOY-01", cases={"loyalty/1": "not-tested"})
def _(h):
    check_in(h, ["L-1"])
    h.be.loyalty_after = 99
    pid = h.post("/payments/prepare", h.prepare_body(), h.key()).get("paymentId")
    h.finish_prepared(pid)
    h.capture(pid)


def odd(name, must, why, change, free="", warn="", answered=200):
    @scenario(name, why, must, warn, free)
    def make(h):
        h.be.loyalty = []
        for _ in range(2):
            body = h.body()
            text = change(json.dumps(body))
            r = h.post("/payments", text, h.key(), None if answered == 200 else {"run": False, "status": answered})
            pid = r.get("paymentId")
            if pid:
                h.cancel(pid)


def dropped(name):
    def change(text):
        body = json.loads(text)
        del body[name]
        return json.dumps(body)
    return change


odd("no orderId, twice", "ALL-18", "nothing compared with nothing is not equal: no PAY-10", dropped("orderId"))
odd("an empty body, twice", "ALL-18", "nothing compared with nothing is not equal", lambda text: "", answered=400)
odd("a byte order mark, twice", "ALL-18", "ALL-18: a byte order mark is no documented shape", lambda text: "\ufeff" + text, answered=400)
odd("a name twice", "ALL-18", "ALL-18: a name twice in one object", lambda text: text[:-1] + ', "amount": 5}')
odd("a name twice with the same value", "ALL-18", "ALL-18: a name twice in one object", lambda text: text[:-1] + ', "amount": 100}')
odd("a name twice, spelled with an escape", "ALL-18", "ALL-18: a name twice; an escape is the same name",
    lambda text: text[:-1] + ', "am\\u006funt": 5}')
odd("a name twice in a nested object", "ALL-18", "ALL-18: a name twice in one object",
    lambda text: text[:-1] + ', "restrictions": {"debitCardDisallowed": true, "debitCardDisallowed": true}}', free="RES-01")
odd("amount as 1E2", "", "Seen in the wild: legal", lambda text: text.replace('"amount": 100', '"amount": 1E2'))
odd("amount as 100.000", "", "trailing zeros do not count", lambda text: text.replace('"amount": 100', '"amount": 100.000'))
odd("CRLF between the members", "", "Seen in the wild: legal", lambda text: text.replace(", ", ",\r\n"))


@scenario("a name twice in CapturePayment", "ALL-18: a name twice in one object", "ALL-18", free="PAY-02 PAY-03")
def _(h):
    h.post("/payments/%s/capture" % h.reserved(), '{"amount": 5, "amount": 100}')


@scenario("CreatePos without merchantPosId, refused, twice", "nothing compared with nothing is not equal: no ONB-02", "ALL-18",
          free="ONB-01 ONB-03 PAY-13")
def _(h):
    body = h.till.pos_body()
    del body["merchantPosId"]
    for name in ("A", "B"):
        h.post("/pointofsales", dict(body, name=name), h.key(), 400)
