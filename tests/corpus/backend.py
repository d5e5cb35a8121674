"""The backend of the corpus: the state machine of the PoS API v10, in memory.

Written from the public pages alone, so that a misreading on the verifier's side is not repeated here. It is lenient
with bodies and headers: what is wrong with them is the verifier's to see.
"""
import json
import uuid

STORE = "9d0a9c45-1793-4e82-9410-b0ee6779ab60"
ACTIVE = {"Prepared", "Paired", "Initiated", "IssuedToUser"}
FINAL = {"Captured", "CancelledByUser", "CancelledByClient", "CancelledByMobilePay", "ExpiredAndCancelled"}


def guid(*parts):
    """A GUID that is the same in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "corpus/" + "/".join(map(str, parts))))


class Backend:
    """State machine of pos-api-v10. Lenient with bodies: what is wrong with them is the verifier's to see."""

    def __init__(self):
        self.poses, self.payments, self.refunds, self.keys, self.deleted = {}, {}, {}, {}, {}
        self.refused_tokens = set()
        self.delays = [1000]              # the pollDelayInMs of payments and check-ins, in turn
        self.refund_delay = 200
        self.count = 0
        self.next_refusal = {}            # operation name -> (status, code): answered once instead
        self.next_answer = {}             # operation name -> (status, body): answered once instead
        self.partial = False
        self.with_partial_flag = True
        self.loyalty = None               # what the customer's look-up brings; None: no answer ever holds it
        self.loyalty_after = 1            # answers without loyaltyIds before the look-up is done
        self.checkins = {}                # pos id -> answers given since the check-in
        self.serial = 0

    # -- customer -------------------------------------------------------------------------------------
    def checkin(self, pid):
        p = self.payments[pid]
        p["status"] = {"Prepared": "Paired", "Initiated": "IssuedToUser"}.get(p["status"], p["status"])
        p["seen"] = 0

    def accept(self, pid):
        assert self.payments[pid]["status"] == "IssuedToUser", self.payments[pid]
        self.payments[pid]["status"] = "Reserved"

    def user_cancel(self, pid):
        self.payments[pid]["status"] = "CancelledByUser"

    def backend_cancel(self, pid):
        self.payments[pid]["status"] = "CancelledByMobilePay"

    def plant_payment(self, pos, status="Reserved", amount=100, name="earlier"):
        """A payment of a session that is not in the capture."""
        pid = guid("payment", name)
        self.payments[pid] = dict(paymentId=pid, posId=pos, orderId="old-" + name, status=status, amount=amount,
                                  currencyCode="DKK", seen=9, partial=False)
        return pid

    # -- requests -------------------------------------------------------------------------------------
    def handle(self, method, path, query, headers, body):
        token = headers.get("authorization", "")[7:]
        if token in self.refused_tokens:
            return 401, None
        parts = [p for p in path.split("/") if p]
        name = operation(method, path) or ""
        if name in self.next_refusal:
            status, code = self.next_refusal.pop(name)
            return status, self.error(code)
        if name in self.next_answer:
            return self.next_answer.pop(name)
        call = getattr(self, "on_" + name, None)
        if call is None:
            return 404, None
        if name in ("CreatePos", "InitiatePayment", "PreparePayment", "CreateRefund"):
            key = headers.get("x-mobilepay-idempotency-key", "").lower()
            wanted = (name, json.dumps(body, sort_keys=True))
            if key in self.keys:
                known, answer = self.keys[key]
                return answer if known == wanted else (409, self.error(1306))
            answer = call(body if isinstance(body, dict) else {})
            if answer[0] == 200:
                self.keys[key] = (wanted, answer)
            return answer
        if name.startswith("Get") or name.startswith("Query"):
            return call(parts, query)
        return call(parts, body if isinstance(body, dict) else {})

    def error(self, code):
        self.serial += 1
        return {"code": str(code), "message": "refused", "correlationId": guid("correlation", self.serial)}

    def delay(self):
        self.count += 1
        return self.delays[self.count % len(self.delays)]

    def on_GetStores(self, parts, query):
        return 200, {"storeIds": [STORE]}

    def on_GetStore(self, parts, query):
        return 200, dict(storeId=STORE, storeName="Shop", storeStreet="Street 1", storeZipCode="1000",
                         storeCity="City", brandName="Brand", merchantBrandId="MPPOSCERT1",
                         merchantLocationId="00001")

    def on_GetDetailedStores(self, parts, query):
        return 200, {"stores": [self.on_GetStore(parts, query)[1]]}

    def on_CreatePos(self, body):
        for p in self.poses.values():
            if p["merchantPosId"] == body.get("merchantPosId"):
                return 409, self.error(1200)
            if body.get("beaconId") and p["beaconId"].lower() == str(body["beaconId"]).lower():
                return 409, self.error(1202)
        pos = guid("pos", len(self.poses), len(self.deleted), body.get("merchantPosId"))
        full = dict(merchantPosId=None, storeId=STORE, name="", callbackAlias=None, supportedBeaconTypes=["QR"],
                    requirePaymentBeforeCheckin=False)
        full.update({k: v for k, v in body.items() if v is not None})
        full.setdefault("beaconId", guid("beacon", pos))
        self.poses[pos] = dict(full, posId=pos)
        return 200, {"posId": pos}

    def on_GetPos(self, parts, query):
        pos = self.poses.get(parts[1].lower())
        return (200, dict(pos)) if pos else (404, None)

    def on_GetPosWithFilter(self, parts, query):
        return 200, {"posIds": [i for i, p in self.poses.items()
                                if all(str(p.get(k)).lower() == v.lower() for k, v in query.items())]}

    def on_DeletePos(self, parts, body):
        pos = parts[1].lower()
        if pos in self.poses:
            self.deleted[pos] = self.poses.pop(pos)
        return (200, None) if pos in self.deleted else (404, None)

    def on_GetCheckIn(self, parts, query):
        pos = parts[1].lower()
        answer = {"isUserCheckedIn": pos in self.checkins, "pollDelayInMs": self.delay()}
        if pos in self.checkins:
            self.checkins[pos] += 1
            if self.loyalty is not None and self.checkins[pos] > self.loyalty_after:
                answer["loyaltyIds"] = self.loyalty
        return 200, answer

    def new_payment(self, body, status):
        pos = str(body.get("posId", "")).lower()
        if pos not in self.poses:
            return 409, self.error(1000)
        if any(p["posId"] == pos and p["status"] in ACTIVE for p in self.payments.values()):
            return 409, self.error(1301)
        pid = guid("payment", len(self.payments), body.get("orderId"))
        self.payments[pid] = dict(body, paymentId=pid, posId=pos, status=status, seen=0, partial=self.partial)
        if pos in self.checkins and status == "Initiated":
            self.payments[pid]["status"] = "IssuedToUser"
        return 200, {"paymentId": pid}

    def on_InitiatePayment(self, body):
        return self.new_payment(body, "Initiated")

    def on_PreparePayment(self, body):
        return self.new_payment(body, "Prepared")

    def on_PaymentReady(self, parts, body):
        p = self.payments.get(parts[1].lower())
        if not p:
            return 404, None
        if p.get("ready") == body:
            return 200, None
        if p["status"] not in ("Prepared", "Paired") or "ready" in p:
            return 409, self.error(1303)
        p["status"] = {"Prepared": "Initiated", "Paired": "IssuedToUser"}[p["status"]]
        p.update(body, ready=body)
        return 200, None

    def on_QueryPayment(self, parts, query):
        p = self.payments.get(parts[1].lower())
        if not p:
            return 404, None
        answer = {k: p[k] for k in ("paymentId", "posId", "orderId", "status", "amount", "currencyCode", "restrictions",
                                    "merchantPaymentLabel", "plannedCaptureDelay") if p.get(k) is not None}
        answer["pollDelayInMs"] = self.delay()
        if p["status"] == "Reserved" and self.with_partial_flag:
            answer["partialCapturePossible"] = p["partial"]
        if p["status"] in ("Paired", "IssuedToUser", "Reserved", "Captured"):
            p["seen"] += 1
            if self.loyalty is not None and p["seen"] > self.loyalty_after:
                answer["loyaltyIds"] = self.loyalty
        return 200, answer

    def on_QueryPaymentIds(self, parts, query):
        def match(p):
            if query.get("state") == "Captured":
                state = p["status"] == "Captured"
            else:
                state = p["status"] in ACTIVE | {"Reserved"}
            return state and all(str(p[k]).lower() == query[k].lower() for k in ("posId", "orderId") if k in query)
        return 200, {"paymentIds": [i for i, p in self.payments.items() if match(p)]}

    def on_CapturePayment(self, parts, body):
        p = self.payments.get(parts[1].lower())
        if not p:
            return 404, None
        amount = number(body.get("amount"))
        if p["status"] == "Captured":
            return (200, None) if amount == p["captured"] else (409, self.error(1307))
        if p["status"] != "Reserved":
            return 409, self.error(1304)
        if amount is None:
            return 400, self.error(1102)
        if amount > number(p["amount"]):
            return 409, self.error(1305)
        if amount < number(p["amount"]) and not p["partial"]:
            return 409, self.error(1308)
        p.update(status="Captured", captured=amount)
        return 200, None

    def on_CancelPayment(self, parts, body):
        p = self.payments.get(parts[1].lower() if len(parts) > 2 else "")
        if not p:
            return 404, None
        if p["status"] in ACTIVE | {"Reserved", "CancelledByClient"}:
            p["status"] = "CancelledByClient"
            return 200, None
        return 409, self.error(1300)

    def on_CreateRefund(self, body):
        p = self.payments.get(str(body.get("paymentId", "")).lower())
        if not p:
            return 409, self.error(1001)
        if p["status"] != "Captured":
            return 409, self.error(1354)
        if p.get("currencyCode") != body.get("currencyCode"):
            return 409, self.error(1365)
        spent = sum(number(r["amount"]) for r in self.refunds.values()
                    if r["paymentId"] == p["paymentId"] and not r["status"].startswith("Cancelled"))
        if spent + number(body["amount"]) > p["captured"]:
            return 409, self.error(1367)
        rid = guid("refund", len(self.refunds), body.get("refundOrderId"))
        self.refunds[rid] = dict(body, refundId=rid, status="Initiated", seen=0)
        return 200, {"refundId": rid}

    def on_GetRefund(self, parts, query):
        r = self.refunds.get(parts[1].lower())
        if not r:
            return 404, None
        r["seen"] += 1
        if r["seen"] >= 3 and r["status"] == "Initiated":
            r["status"] = "Reserved"
        answer = {k: r[k] for k in ("refundId", "paymentId", "refundOrderId", "amount", "currencyCode", "status")}
        return 200, dict(answer, pollDelayInMs=self.refund_delay)

    def on_QueryRefundIds(self, parts, query):
        return 200, {"refundIds": [i for i, r in self.refunds.items()
                                   if r["paymentId"].lower() == query.get("paymentId", "").lower()]}

    def on_CaptureRefund(self, parts, body):
        r = self.refunds.get(parts[1].lower())
        if not r:
            return 404, self.error(1004)
        if r["status"] not in ("Reserved", "Captured"):
            return 409, self.error(1351)
        r["status"] = "Captured"
        return 200, None

    def on_CancelRefund(self, parts, body):
        r = self.refunds.get(parts[1].lower())
        if not r:
            return 404, None
        if r["status"] not in ("Initiated", "Reserved", "CancelledByClient"):
            return 409, self.error(1352)
        r["status"] = "CancelledByClient"
        return 200, None


def number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


OPERATIONS = [
    ("GET", "stores", "GetStores"), ("GET", "stores/detailed", "GetDetailedStores"), ("GET", "stores/*", "GetStore"),
    ("POST", "pointofsales", "CreatePos"), ("GET", "pointofsales", "GetPosWithFilter"),
    ("GET", "pointofsales/*", "GetPos"), ("DELETE", "pointofsales/*", "DeletePos"),
    ("GET", "pointofsales/*/checkin", "GetCheckIn"), ("POST", "payments/prepare", "PreparePayment"),
    ("POST", "payments", "InitiatePayment"), ("GET", "payments", "QueryPaymentIds"),
    ("POST", "payments/*/ready", "PaymentReady"), ("GET", "payments/*", "QueryPayment"),
    ("POST", "payments/*/capture", "CapturePayment"), ("POST", "payments/*/cancel", "CancelPayment"),
    ("POST", "refunds", "CreateRefund"), ("GET", "refunds/*", "GetRefund"), ("GET", "refunds", "QueryRefundIds"),
    ("POST", "refunds/*/capture", "CaptureRefund"), ("POST", "refunds/*/cancel", "CancelRefund"),
]


def operation(method, path):
    parts = [p for p in path.split("?")[0].split("/") if p]
    for verb, shape, name in OPERATIONS:
        want = shape.split("/")
        if verb == method and len(want) == len(parts) and all(w in ("*", p) for w, p in zip(want, parts)):
            return name
    return None
