"""Client A (NPR): certified. usage: client_a.py certification | hanging | nightly"""

import json
import sys
import time

from wire import CLIENT_ID, STORE, V10, Lost, arm, call, customer, guid, pays, tell, token

FINAL = ("Captured", "CancelledByUser", "CancelledByClient", "CancelledByMobilePay", "ExpiredAndCancelled")


class Till:
    """A till of client A."""

    def __init__(self):
        self.token = token([("x-ibm-client-id", CLIENT_ID)])
        self.last_poll = {}
        self.unit, self.ticket = "5", 4711
        self.beacon = guid()
        self.pos = None

    def http(self, method, path, key, body=None):
        """Up to five attempts, with pauses of 1, 2, 3 and 4 s; only after no response and after 500."""
        headers = [
            ("accept", "application/json"),
            ("authorization", "Bearer " + self.token),
            ("x-ibm-client-id", CLIENT_ID),
            ("CorrelationId", "{" + guid().upper() + "}"),
            ("x-mobilepay-client-system-version", "1.2.0"),
            ("x-mobilepay-idempotency-key", key),
        ]
        if body is not None:
            headers.append(("content-type", "application/json"))
            body = json.dumps(body)
        for attempt in range(1, 6):
            try:
                answer = call(method, V10 + path, headers, body, timeout=5.0)
            except Lost:
                answer = None
            if answer is not None and answer.status != 500:
                return answer
            if attempt < 5:
                time.sleep(attempt)
        return answer

    def poll(self, path, key):
        """Waits for the UI's timer and for the delay that the backend last requested."""
        wait = self.last_poll.get(path, 0) - time.monotonic()
        time.sleep(max(wait, 0))
        answer = self.http("GET", path, key)
        delay = answer.json.get("pollDelayInMs", 0) / 1000 if answer else 0
        self.last_poll[path] = time.monotonic() + max(delay, 1.0)
        return answer.json.get("status") if answer else None

    def create_pos(self):
        body = {"merchantPosId": self.unit, "storeId": STORE, "name": "Kasse 5", "beaconId": self.beacon,
                "supportedBeaconTypes": ["QR", "Bluetooth"]}
        self.pos = self.http("POST", "/pointofsales", guid().upper(), body).json["posId"]

    def delete_pos(self):
        assert self.http("DELETE", "/pointofsales/" + self.pos, guid().upper()).status == 200

    def initiate(self, amount=100.0):
        """The payment's id and the key of its transaction record, which is sent with every call about it."""
        key, self.ticket = guid().upper(), self.ticket + 1
        body = {"posId": self.pos, "orderId": str(self.ticket), "amount": amount, "currencyCode": "DKK",
                "merchantPaymentLabel": f"Kasse 5 - {self.ticket}", "plannedCaptureDelay": "None"}
        answer = self.http("POST", "/payments", key, body)
        if answer.status == 409 and answer.code == "1301":
            auxiliary = guid().upper()
            ids = self.http("GET", "/payments?posId=" + self.pos, auxiliary).json["paymentIds"]
            assert len(ids) == 1, ids
            self.cancel(ids[0], auxiliary)
            answer = self.http("POST", "/payments", key, body)
        return answer.json["paymentId"], key

    def cancel(self, payment, key):
        return self.http("POST", f"/payments/{payment}/cancel", key)

    def capture(self, payment, key, amount):
        """Up to three attempts, whatever the response."""
        for _ in range(3):
            answer = self.http("POST", f"/payments/{payment}/capture", key, {"amount": amount})
            if answer is not None and answer.status == 200:
                return True
        return False

    def see_through(self, payment, key, amount=100.0, polls=60):
        for _ in range(polls):
            status = self.poll("/payments/" + payment, key)
            if status in FINAL:
                return status
            if status == "Reserved" and self.capture(payment, key, amount):
                return "Captured"
        return None

    def refund(self, payment, amount):
        key = guid().upper()
        body = {"paymentId": payment, "refundOrderId": "R" + str(self.ticket), "amount": amount, "currencyCode": "DKK"}
        return self.http("POST", "/refunds", key, body), key

    def capture_refund(self, refund, key, amount):
        """Expects a response body that never comes, so it takes three successes for failures."""
        while self.poll("/refunds/" + refund, key) != "Reserved":
            pass
        for _ in range(3):
            answer = self.http("POST", f"/refunds/{refund}/capture", key, {"amount": amount})
            assert answer.status == 200 and not answer.body
        assert self.poll("/refunds/" + refund, key) == "Captured"


def both(operation):
    return (operation, "timeout"), (operation, "500")


def certification():
    till = Till()
    key = guid().upper()
    for store in till.http("GET", "/stores", key).json["storeIds"]:
        till.http("GET", "/stores/" + store, key)
    arm(*both("CreatePos"))
    till.create_pos()
    arm(*both("DeletePos"))
    till.delete_pos()
    till.create_pos()
    # 1, complete a payment
    arm(*both("InitiatePayment"), *both("QueryPayment"), *both("CapturePayment"))
    payment, key = till.initiate()
    till.poll("/payments/" + payment, key)
    till.poll("/payments/" + payment, key)
    pays(till.beacon)
    assert till.see_through(payment, key) == "Captured"
    # 2, cancelled by the customer
    payment, key = till.initiate()
    till.poll("/payments/" + payment, key)
    customer(till.beacon, "check-in")
    customer(till.beacon, "cancel")
    assert till.see_through(payment, key) == "CancelledByUser"
    # 3, cancelled by the cashier
    payment, key = till.initiate()
    arm(*both("CancelPayment"))
    till.cancel(payment, key)
    assert till.see_through(payment, key) == "CancelledByClient"
    # 4, another payment is active
    tell(obstruct=till.beacon)
    payment, key = till.initiate()
    pays(till.beacon)
    assert till.see_through(payment, key) == "Captured"
    # 5, no partial capture
    payment, key = till.initiate(12.5)
    pays(till.beacon)
    assert till.see_through(payment, key, 12.5) == "Captured"
    # refunds: complete, cancelled, refused
    arm(*both("CreateRefund"), *both("CaptureRefund"))
    answer, key = till.refund(payment, 5.0)
    till.capture_refund(answer.json["refundId"], key, 5.0)
    answer, key = till.refund(payment, 2.5)
    arm(*both("CancelRefund"))
    till.http("POST", f"/refunds/{answer.json['refundId']}/cancel", key)
    tell(balance="0.50")
    answer, _ = till.refund(payment, 1.0)
    assert (answer.status, answer.code) == (409, "1368")


def nightly(till):
    """Between two and three o'clock: cancels every reserved payment on the PoS."""
    key = guid().upper()
    for payment in till.http("GET", "/payments?posId=" + till.pos, key).json["paymentIds"]:
        if till.http("GET", "/payments/" + payment, key).json["status"] == "Reserved":
            till.cancel(payment, key)


def hanging():
    """No capture succeeds: three rounds of five attempts, and the nightly job."""
    till = Till()
    till.create_pos()
    payment, key = till.initiate()
    pays(till.beacon)
    arm(*[("CapturePayment", "500")] * 15)
    assert till.see_through(payment, key, polls=1) is None
    time.sleep(31)
    nightly(till)


def power_cuts():
    """Two sales are paid while the till is down; the nightly job does not know their intended outcome."""
    till = Till()
    till.create_pos()
    for _ in range(2):
        payment, key = till.initiate()
        till.poll("/payments/" + payment, key)
        pays(till.beacon)
    time.sleep(2)
    nightly(till)


{"certification": certification, "hanging": hanging, "nightly": power_cuts}[sys.argv[1]]()
