"""Random requests drawn from a seed: every operation, valid and invalid, in and out of state."""

import collections
import random
import uuid

ONE = ("c0ffee00-0000-4000-8000-000000000001", "sandbox-secret-one")
TWO = ("c0ffee00-0000-4000-8000-000000000002", "sandbox-secret-two")
# name -> client id, secret, VAT header, VAT claim of the token
CALLERS = {"own": (*ONE, "DK90000028", None), "claim": (*ONE, None, "DK90000028"),
           "other-integrator": (*TWO, "DK90000028", None), "other-merchant": (*ONE, "FI90000040", None)}
STORE = "9d0a9c45-1793-4e82-9410-b0ee6779ab60"
PHONES = ["+4520031801", "+4520031802", "+4520031804", "+4520031805", "+358200318002"]
NOWHERE = "0badcafe-0000-4000-8000-00000000beef"

BAD_TEXT = [("is missing", ...), ("is null", None), ("is empty", ""), ("is 37 characters long", "x" * 37),
            ("has a control character", "a\tb"), ("is a number", 12), ("has a snowman", "\u2603"),
            ("is 36 characters long", "y" * 36), ("is Nordic", "Bl\u00e5b\u00e6r \u00f8")]
BAD_GUID = [("is missing", ...), ("is null", None), ("is no GUID", "abc"), ("is a number", 5), ("is unknown", NOWHERE)]
BAD_AMOUNT = [("is missing", ...), ("is null", None), ("is zero", 0), ("is negative", -1), ("has three decimals", 1.005),
              ("is a word", "ten"), ("is a numeric string", "12.50"), ("is true", True), ("is small", 0.01)]
BAD_CHOICE = [("is missing", ...), ("is null", None), ("is unknown", "XYZ"), ("is lower case", "dkk"), ("is a number", 1)]
BAD_FLAG = [("is a word", "yes"), ("is null", None), ("is a number", 1)]


class Walk:
    def __init__(self, seed, steps):
        self.random, self.count = random.Random(seed), steps
        self.made = collections.defaultdict(list)
        self.keys = []
        self.numbers = collections.Counter()
        self.statuses, self.operations = collections.Counter(), collections.Counter()
        self.wishes = []

    # --- random choices -----------------------------------------------------------------------------

    def steps(self):
        for _ in range(self.count):
            if self.wishes:
                yield self.wishes.pop(0)()
            else:
                yield self.random.choices(*zip(
                    (self.create_pos, 6), (self.initiate, 14), (self.prepare, 7), (self.ready, 8),
                    (self.capture, 12), (self.cancel, 6), (self.query, 10), (self.list_payments, 5),
                    (self.customer, 16), (self.create_refund, 10), (self.on_refund, 10), (self.list_refunds, 3),
                    (self.on_pos, 7), (self.list_poses, 4), (self.stores, 4), (self.unknown, 2)))[0]()

    def happened(self, step, statuses):
        """Gives a resource a name after both backends have created it."""
        self.statuses[statuses[0]] += 1
        self.operations[step["operation"]] += 1
        name = step.get("makes")
        if name and statuses == [200, 200]:
            self.made[name.rstrip("0123456789")].append(name)
            if step["operation"] == "InitiatePayment" and self.random.random() < 0.5:
                self.wishes = [lambda: self.act("checkin"), lambda: self.act("acceptpayment"),
                               lambda: self.capture(plain=True)]
            elif step["operation"] == "PreparePayment" and self.random.random() < 0.6:
                self.wishes = [lambda: self.act("checkin"), lambda: self.ready(plain=True),
                               lambda: self.act("acceptpayment")]

    def name(self, kind):
        self.numbers[kind] += 1
        return f"{kind}{self.numbers[kind]}"

    def some(self, kind):
        """A resource of a kind, usually a recent one; sometimes its id in capitals, unknown, or not a GUID."""
        drawn = self.random.random()
        if not self.made[kind] or drawn < 0.04:
            return NOWHERE
        if drawn < 0.06:
            return "not-a-guid"
        late = self.made[kind][-3:] if drawn < 0.85 else self.made[kind]
        return ("$^" if drawn > 0.97 else "$") + self.random.choice(late)

    def step(self, operation, method, path, body=None, query=None, makes=None, plain=False):
        step = {"operation": operation, "method": method, "path": path, "body": body, "query": query,
                "makes": makes, "caller": "own", "what": operation}
        drawn = 1.0 if plain else self.random.random()
        if drawn < 0.10:
            step["caller"] = self.random.choice(["claim", "other-integrator", "other-merchant"])
            step["what"] += f" by {step['caller']}"
        client, _, vat, _ = CALLERS[step["caller"]]
        headers = {"Authorization": ["Bearer $token"], "X-IBM-Client-Id": [client],
                   "X-MobilePay-Client-System-Version": ["1.0.0"]}
        if vat:
            headers["X-MobilePay-Merchant-VAT-Number"] = [vat]
        if body is not None:
            headers["Content-Type"] = [self.random.choice(
                ["application/json"] * 5 + ["application/json; charset=utf-8", "text/json",
                                            "application/json-patch+json", "application/*+json"])]
        if makes:
            self.key(step, headers)
        if 0.10 <= drawn < 0.17:
            self.spoil_headers(step, headers)
        elif 0.17 <= drawn < 0.19 and body is not None:
            step["what"] += ", the body is broken"
            step["raw"] = self.random.choice(["{", "[]", "null", "\"text\"", "", "{\"amount\": 1"])
        step["headers"] = [(n, v) for n, values in headers.items() for v in values]
        return step

    def key(self, step, headers):
        drawn, keys = self.random.random(), [str(uuid.UUID(int=self.random.getrandbits(128)))]
        if drawn < 0.08 and self.keys:
            keys, was = self.random.choice(self.keys)
            step["what"] += ", an old key"
            if self.random.random() < 0.5 and was["operation"] == step["operation"]:
                step.update(body=was["body"])
                step["what"] += " with its body"
        elif drawn < 0.12:
            keys = self.random.choice([[], [""], ["k" * 37], keys * 2, ["4711-" + keys[0][:8]], [keys[0].upper()]])
            step["what"] += f", keys {[len(k) for k in keys]}"
        if len(keys) == 1 and 0 < len(keys[0]) < 37 and step["makes"]:
            self.keys.append((keys, step))
        headers["X-MobilePay-Idempotency-Key"] = keys

    def spoil_headers(self, step, headers):
        vat, version = "X-MobilePay-Merchant-VAT-Number", "X-MobilePay-Client-System-Version"
        what, name, values = self.random.choice([
            ("no VAT", vat, []), ("two VATs", vat, ["DK90000028"] * 2), ("VAT without country", vat, ["90000028"]),
            ("VAT of Sweden", vat, ["SE90000028"]), ("no version", version, []), ("two versions", version, ["1.0.0"] * 2),
            ("version 1.0", version, ["1.0"]), ("version 1.0.0-beta", version, ["1.0.0-beta"]),
            ("no token", "Authorization", []), ("a wrong token", "Authorization", ["Bearer abc"]),
            ("Basic", "Authorization", ["Basic abc"]), ("two tokens", "Authorization", ["Bearer $token"] * 2)])
        headers[name] = values
        step["what"] += f", {what}"

    def spoiled(self, step, fields):
        """Sometimes makes one field of the body invalid, or adds a field."""
        if step["body"] is None or self.random.random() > 0.22 or step["what"].endswith("its body"):
            return step
        name, ways = self.random.choice(fields)
        what, value = self.random.choice(ways)
        body = dict(step["body"])
        if value is ...:
            body.pop(name, None)
        else:
            body[name] = value
        if self.random.random() < 0.05:
            body["unknownField"], what = 1, what + ", unknownField 1"
        step.update(body=body, what=f"{step['what']}, {name} {what}")
        return step

    # --- the operations -----------------------------------------------------------------------------

    def amount(self):
        return self.random.choice([1, 5.5, 10, 10, 10, 12.5, 20, 99.95, 100.0])

    def terms(self):
        terms = {"amount": self.amount(), "currencyCode": "DKK", "plannedCaptureDelay": self.random.choice(
            ["None", "LessThan24Hours", "LessThan14Days"])}
        if self.random.random() < 0.1:
            terms["currencyCode"] = "EUR"
        if self.random.random() < 0.3:
            terms["merchantPaymentLabel"] = "A label"
        if self.random.random() < 0.2:
            terms["restrictions"] = self.random.choice([
                {"debitCardDisallowed": True}, {"creditCardDisallowed": True}, {},
                {"debitCardDisallowed": False, "creditCardDisallowed": None}])
        return terms

    TERMS = [("amount", BAD_AMOUNT), ("currencyCode", BAD_CHOICE), ("plannedCaptureDelay", BAD_CHOICE),
             ("merchantPaymentLabel", BAD_TEXT[1:]),
             ("restrictions", [("is a list", []), ("is null", None), ("has a word", {"debitCardDisallowed": "no"})])]

    def create_pos(self):
        name = self.name("pos")
        taken = self.random.random() < 0.1
        body = {"merchantPosId": "till-1" if taken else f"till-{name}", "storeId": STORE, "name": "A till",
                "supportedBeaconTypes": self.random.choice([["QR"], ["QR", "NFC", "Bluetooth"]])}
        if self.random.random() < 0.3:
            body["beaconId"] = self.random.choice([None, f"{self.random.randrange(10 ** 14, 10 ** 14 + 4)}",
                                                   str(uuid.UUID(int=self.random.getrandbits(128)))])
        if self.random.random() < 0.2:
            body["callbackAlias"] = "alias"
        return self.spoiled(self.step("CreatePos", "POST", "/pointofsales", body, makes=name), [
            ("merchantPosId", BAD_TEXT), ("name", BAD_TEXT), ("storeId", BAD_GUID), ("callbackAlias", BAD_TEXT[1:]),
            ("beaconId", [("is no beacon", "abc"), ("has 14 digits", "1" * 14), ("is a number", 123456789012345)]),
            ("supportedBeaconTypes", [("is missing", ...), ("is empty", []), ("is old", ["BluetoothMP1"]),
                                      ("is a word", "QR"), ("is doubled", ["QR", "QR"]), ("is null", None)]),
            ("requirePaymentBeforeCheckin", BAD_FLAG)])

    def initiate(self):
        body = {"posId": self.some("pos"), "orderId": self.name("order"), **self.terms()}
        return self.spoiled(self.step("InitiatePayment", "POST", "/payments", body, makes=self.name("payment")),
                            [("posId", BAD_GUID), ("orderId", BAD_TEXT), *self.TERMS])

    def prepare(self):
        body = {"posId": self.some("pos"), "orderId": self.name("order")}
        return self.spoiled(self.step("PreparePayment", "POST", "/payments/prepare", body, makes=self.name("payment")),
                            [("posId", BAD_GUID), ("orderId", BAD_TEXT)])

    def ready(self, plain=False):
        payment = "$" + self.made["payment"][-1] if plain else self.some("payment")
        step = self.step("PaymentReady", "POST", f"/payments/{payment}/ready", self.terms(), plain=plain)
        return step if plain else self.spoiled(step, self.TERMS)

    def capture(self, plain=False):
        payment = "$" + self.made["payment"][-1] if plain else self.some("payment")
        step = self.step("CapturePayment", "POST", f"/payments/{payment}/capture", {"amount": self.amount()}, plain=plain)
        return step if plain else self.spoiled(step, [("amount", BAD_AMOUNT)])

    def cancel(self):
        return self.step("CancelPayment", "POST", f"/payments/{self.some('payment')}/cancel")

    def query(self):
        return self.step("QueryPayment", "GET", f"/payments/{self.some('payment')}")

    def list_payments(self):
        query = self.random.choice([
            {}, {"posId": self.some("pos")}, {"orderId": f"order{self.random.randrange(1, 30)}"},
            {"posId": self.some("pos"), "orderId": f"order{self.random.randrange(1, 30)}"},
            {"posId": self.some("pos"), "state": "Captured"}, {"posId": self.some("pos"), "state": "Reserved"},
            {"state": "Captured"}, {"posId": ""}])
        return self.step("QueryPaymentIds", "GET", "/payments", query=query)

    def customer(self):
        return self.act(self.random.choices(["checkin", "acceptpayment", "cancelpaymentbyuser"], [5, 4, 2])[0])

    def act(self, what):
        pos = self.random.choice(self.made["pos"][-3:]) if self.made["pos"] else "pos1"
        body = {"beaconId": f"$beacon-{pos}"}
        if what != "cancelpaymentbyuser":
            body["phoneNumber"] = self.random.choice(PHONES)
        return self.step("Customer", "POST", f"/{what}", body, plain=True)

    def create_refund(self):
        body = {"paymentId": self.some("payment"), "refundOrderId": self.name("back"), "amount": self.amount(),
                "currencyCode": "EUR" if self.random.random() < 0.1 else "DKK"}
        return self.spoiled(self.step("CreateRefund", "POST", "/refunds", body, makes=self.name("refund")),
                            [("paymentId", BAD_GUID), ("refundOrderId", BAD_TEXT), ("amount", BAD_AMOUNT),
                             ("currencyCode", BAD_CHOICE)])

    def on_refund(self):
        refund = self.some("refund")
        return self.random.choice([
            lambda: self.step("GetRefund", "GET", f"/refunds/{refund}"),
            lambda: self.step("CaptureRefund", "POST", f"/refunds/{refund}/capture"),
            lambda: self.step("CancelRefund", "POST", f"/refunds/{refund}/cancel")])()

    def list_refunds(self):
        return self.step("QueryRefundIds", "GET", "/refunds", query=self.random.choice(
            [{}, {"paymentId": self.some("payment")}, {"paymentId": self.some("payment")},
             {"posId": self.some("pos")}, {"paymentId": ""}]))

    def on_pos(self):
        pos = self.some("pos")
        return self.random.choice([
            lambda: self.step("GetPos", "GET", f"/pointofsales/{pos}"),
            lambda: self.step("GetPos", "GET", f"/pointofsales/{pos}"),
            lambda: self.step("GetCheckIn", "GET", f"/pointofsales/{pos}/checkin"),
            lambda: self.step("DeletePos", "DELETE", f"/pointofsales/{pos}")])()

    def list_poses(self):
        pos = self.random.choice(self.made["pos"] or ["pos1"])
        return self.step("GetPosWithFilter", "GET", "/pointofsales", query=self.random.choice([
            {}, {"storeId": STORE}, {"storeId": NOWHERE}, {"beaconId": f"$beacon-{pos}"}, {"merchantPosId": f"till-{pos}"},
            {"merchantPosId": ""}, {"merchantPosId": f"till-{pos}", "storeId": STORE}, {"storeId": "not-a-guid"}]))

    def stores(self):
        query = self.random.choice([
            {}, {"merchantBrandId": "MPPOSCERT1", "merchantLocationId": "00001"}, {"merchantBrandId": "MPPOSCERT1"},
            {"merchantLocationId": "00001"}, {"merchantBrandId": "abc", "merchantLocationId": "00001"},
            {"merchantBrandId": "MPPOSCERT1", "merchantLocationId": "1"},
            {"merchantBrandId": "POSDK12345", "merchantLocationId": "00001"}])
        return self.random.choice([
            lambda: self.step("GetStores", "GET", "/stores", query=query),
            lambda: self.step("GetDetailedStores", "GET", "/stores/detailed", query=query),
            lambda: self.step("GetStore", "GET", f"/stores/{self.random.choice([STORE, NOWHERE, 'abc'])}")])()

    def unknown(self):
        return self.random.choice([
            lambda: self.step("none", "GET", "/nothing"), lambda: self.step("none", "DELETE", "/payments/" + NOWHERE),
            lambda: self.step("none", "POST", f"/payments/{NOWHERE}/nothing"),
            lambda: self.step("none", "PUT", "/pointofsales")])()
