"""Client D (SmartSale): captures when the app says so, never polls a payment. usage: client_d.py sales | abort | loop"""

import sys
import time

from wire import CLIENT_ID, V10, Lost, arm, call, configured_pos, customer, guid, token

BEACON = "100000000000009"


class App:
    def __init__(self, pos):
        self.pos = pos
        self.token = token(timeout=2.5)

    def headers(self, kind=None, more=()):
        headers = [("X-IBM-Client-Id", CLIENT_ID), ("Authorization", "Bearer " + self.token),
                   ("X-Mobilepay-Client-System-Version", "2.1.1"), *more]
        if kind:
            headers += [("X-Mobilepay-Idempotency-Key", guid()), ("Content-Type", kind)]
        return headers + [("Accept-Encoding", "gzip"), ("User-Agent", "okhttp/4.9.0")]

    def wait_for_customer(self, comes):
        """Every four seconds; after an exception again at once."""
        for number in range(200):
            if number == comes:
                customer(BEACON, "check-in")
            try:
                answer = call("GET", f"{V10}/pointofsales/{self.pos}/checkin", self.headers(), timeout=10.0)
                if answer.json["isUserCheckedIn"]:
                    return
            except (Lost, KeyError):
                continue
            time.sleep(4)

    def initiate(self):
        body = ("{\r\n  \"posId\": \"%s\",\r\n  \"orderId\": \"Order - 1\",\r\n  \"amount\": 100.0,\r\n"
                "  \"currencyCode\": \"DKK\",\r\n  \"plannedCaptureDelay\": \"None\"\r\n}" % self.pos)
        headers = self.headers("application/json; charset=utf-8")
        return call("POST", V10 + "/payments", headers, body, timeout=10.0).json["paymentId"]

    def capture(self, payment):
        headers = self.headers("application/*+json; charset=utf-8", [("X-Mobilepay-Merchant-VAT-Number", "DK90000028")])
        headers = [header for header in headers if header[0] != "X-Mobilepay-Idempotency-Key"]
        body = '{\r\n  "amount": "100.0"\r\n}'
        assert call("POST", f"{V10}/payments/{payment}/capture", headers, body, timeout=10.0).status == 200


def sales(pos):
    for _ in range(2):
        app = App(pos)
        app.wait_for_customer(1)
        payment = app.initiate()
        customer(BEACON, "accept")
        app.capture(payment)
        time.sleep(2)


def abort(pos):
    """The customer leaves; nothing is cancelled."""
    app = App(pos)
    app.wait_for_customer(1)
    app.initiate()


def loop(pos):
    app = App(pos)
    arm(*[("GetCheckIn", "500")] * 30)
    app.wait_for_customer(30)


{"sales": sales, "abort": abort, "loop": loop}[sys.argv[1]](configured_pos("smart", BEACON))
