"""Client B (Saldi), both revisions: a PoS per sale, no delay before any retry.

usage: client_b.py sale1 | flood | dkdk | taken | session | sale2 | any-error | lost-capture
"""

import json
import random
import sys
import time

from wire import STORE, V10, Lost, arm, call, guid, pays, token

BEACON = "100000000000007"
ELSEWHERE = "/pos-self-certification-api/pos/v10"


class Sale:
    """One sale: a token, a PoS, a payment."""

    def __init__(self, revision, vat="DK90000028"):
        self.revision = revision
        self.token = token(vat=vat)
        self.pos = None

    def headers(self, key=None):
        headers = [("Accept", "*/*"), ("Content-Type", "application/json"), ("Authorization", "Bearer " + self.token),
                   ("X-MobilePay-Client-System-Version", "4.1.0")]
        return headers + ([("X-MobilePay-Idempotency-Key", key)] if key else [])

    def attempts(self, method, path, key=None, body=None, attempts=3, any_error=False, before=0.0, **more):
        """Retries at once after 500 and after no response; or after anything except 200."""
        headers, answer = self.headers(key), None
        for _ in range(attempts):
            time.sleep(before)
            try:
                answer = call(method, path, headers, body, **more)
            except Lost:
                answer = None
                continue
            if answer.status == 200 or (answer.status != 500 and not any_error):
                break
        return answer

    def key(self):
        return guid().upper()

    def create_pos(self):
        body = json.dumps({"merchantPosId": str(random.randrange(10**9)), "storeId": STORE, "name": "Kasse",
                           "beaconId": BEACON, "supportedBeaconTypes": ["QR"]})
        return self.key(), body

    def open(self):
        key, body = self.create_pos()
        answer = self.attempts("POST", V10 + "/pointofsales", key, body)
        self.pos = answer.json["posId"]

    def loop(self, limit):
        """Retries an error with a code forever, without a pause. The limit is ours: one of them stopped after 2658."""
        key, body = self.create_pos()
        for _ in range(limit):
            answer = self.attempts("POST", V10 + "/pointofsales", key, body)
            if answer.status == 200:
                self.pos = answer.json["posId"]
                return

    def payment(self, amount):
        return json.dumps({"posId": self.pos, "orderId": str(random.randrange(10**9)), "amount": amount,
                           "currencyCode": "DKK", "plannedCaptureDelay": "None"})

    def initiate(self, amount):
        answer = self.attempts("POST", V10 + "/payments", self.key(), self.payment(amount))
        return answer.json["paymentId"]

    def status(self, payment):
        """getStatus.php: up to three GETs, at once."""
        answer = self.attempts("GET", f"{V10}/payments/{payment}")
        return answer.json.get("status") if answer and answer.status == 200 else None

    def watch(self, payment):
        """The browser's timer."""
        while self.status(payment) != "Reserved":
            time.sleep(1.1)

    def cancel(self, payment):
        if self.revision == 1:
            return self.attempts("POST", f"{ELSEWHERE}/payments/{payment}/cancel", empty_chunks=True)
        return self.attempts("POST", f"{V10}/payments/{payment}/cancel", empty_chunks=True, any_error=True,
                             before=1.0, timeout=2.0)

    def capture(self, payment, amount):
        body = json.dumps({"amount": amount})
        return self.attempts("POST", f"{V10}/payments/{payment}/capture", None, body, any_error=self.revision == 2)

    def close(self):
        key = self.key() if self.revision == 1 else None
        self.attempts("DELETE", f"{V10}/pointofsales/{self.pos}", key, any_error=self.revision == 2)


def sale1():
    """Paid, and captured with an unset variable; then a sale that the cashier cancels, at another host."""
    sale = Sale(1)
    sale.open()
    arm(("InitiatePayment", "timeout"), ("InitiatePayment", "500"), ("QueryPayment", "500"), ("QueryPayment", "500"))
    payment = sale.initiate("100.00")
    pays(BEACON)
    sale.watch(payment)
    assert sale.capture(payment, None).status == 400
    sale.close()
    sale = Sale(1)
    sale.open()
    payment = sale.initiate(100)
    assert sale.cancel(payment).status == 200
    sale.close()


def flood():
    """The backend returns an error with a code: sixty requests in a second, until it recovers."""
    arm(*[("CreatePos", "500")] * 60)
    sale = Sale(1)
    sale.loop(40)
    sale.close()


def dkdk():
    """The VAT number already has its prefix, and gets another one."""
    Sale(1, vat="DKDK90000028").loop(25)


def taken():
    """The beacon belongs to another PoS, and the session that knew it is lost."""
    Sale(1).open()
    Sale(1).loop(25)


def session():
    """The beacon belongs to another PoS known to the session: it is deleted, and the create repeated."""
    first = Sale(1)
    first.open()
    sale = Sale(1)
    key, body = sale.create_pos()
    answer = sale.attempts("POST", V10 + "/pointofsales", key, body)
    assert (answer.status, answer.code) == (409, "1202")
    first.close()
    answer = sale.attempts("POST", V10 + "/pointofsales", key, body)
    sale.pos = answer.json["posId"]
    payment = sale.initiate(99.95)
    assert sale.cancel(payment).status == 200
    sale.close()


def sale2():
    """99.95 is paid, and (int) truncates it to 99."""
    sale = Sale(2)
    sale.open()
    payment = sale.initiate(99.95)
    pays(BEACON)
    sale.watch(payment)
    assert sale.capture(payment, int(99.95)).code == "1308"
    sale.close()


def any_error():
    """An amount that the backend refuses is "cleaned up" by cancelling the sale that is being paid."""
    sale = Sale(2)
    sale.open()
    sale.initiate("100.00")
    key, body = sale.key(), sale.payment("0.00")
    answer = sale.attempts("POST", V10 + "/payments", key, body)
    for _ in range(3):
        if not answer.code:
            break
        ids = sale.attempts("GET", f"{V10}/payments?posId={sale.pos}").json["paymentIds"]
        sale.cancel(ids[0] if ids else "")
        answer = sale.attempts("POST", V10 + "/payments", key, body)
    sale.close()


def lost_capture():
    """No capture gets a response: the PoS is deleted, and the page shows "success"."""
    sale = Sale(2)
    sale.open()
    payment = sale.initiate(100)
    pays(BEACON)
    sale.watch(payment)
    arm(*[("CapturePayment", "timeout")] * 3)
    assert sale.capture(payment, 100) is None
    sale.close()


{"sale1": sale1, "flood": flood, "dkdk": dkdk, "taken": taken, "session": session, "sale2": sale2,
 "any-error": any_error, "lost-capture": lost_capture}[sys.argv[1]]()
