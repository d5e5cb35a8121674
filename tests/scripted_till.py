"""A till of its own, for the tests of `certify`: one that never pauses, one that is slow, or one that gets cases wrong.

Standard library only. Driven by lines of JSON on standard input (contract, "Driving a till"), it finds the recorder by
POSCERT_BASE_URL and SSL_CERT_FILE. SCRIPTED_PACE is `eager` (the next call leaves as soon as the last one is answered, which
breaks the rules on polling), `slow` (everything takes seconds) or nothing. SCRIPTED_WRONG names the cases that it gets
wrong, with commas. SCRIPTED_ALIAS is the callbackAlias of its PoS.
"""

import http.client
import json
import os
import queue
import ssl
import sys
import threading
import time
import urllib.parse
import uuid

BASE = urllib.parse.urlsplit(os.environ["POSCERT_BASE_URL"])
CONTEXT = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
CLIENT = "c0ffee00-0000-4000-8000-000000000001"
STORE_QUERY = "merchantBrandId=MPPOSCERT1&merchantLocationId=00001"
PACE = os.environ.get("SCRIPTED_PACE", "")
WRONG = os.environ.get("SCRIPTED_WRONG", "").split(",")
ALIAS = os.environ.get("SCRIPTED_ALIAS")
# Before an act, before a retry, between polls beside the delay that was asked, time-outs of POST and GET; in seconds.
START, RETRY, POLL, POST, GET = {"eager": (0, 0, None, 2, 0.5), "slow": (5, 2, 4, 8, 3)}.get(PACE, (0, 0.2, 0, 2, 0.5))

lines, ready, aborted, refund_off = queue.Queue(), queue.Queue(), threading.Event(), threading.Event()


def read_lines():
    line = None
    for line in sys.stdin:
        act = json.loads(line)
        if act["act"] == "abort":
            aborted.set()
        elif act["act"] == "cancel-refund":
            refund_off.set()
        elif act["act"] == "ready":
            ready.put(act)
        else:
            lines.put(act)
    if line is None or json.loads(line)["act"] != "end":
        # Whoever told it what to do is gone.
        os._exit(1)


class Till:
    def __init__(self):
        self.connection, self.pos, self.case = None, None, ""
        self.hanging, self.open, self.captured = [], [], []
        form = urllib.parse.urlencode(
            {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": "sandbox-secret-one"})
        path = "/integrator-authentication/connect/token"
        self.token = self.send("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"}, 10)[1]["access_token"]

    def wrong(self, case):
        return self.case == case and case in WRONG

    def send(self, method, path, body, headers, patience):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPSConnection(BASE.hostname, BASE.port, timeout=patience, context=CONTEXT)
            if self.connection.sock is not None:
                self.connection.sock.settimeout(patience)
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            return None, None

    def call(self, method, path, body=None, key=None, sends=6):
        headers = {
            "Authorization": "Bearer " + self.token,
            "X-MobilePay-Client-System-Version": "2.1.0",
            "X-MobilePay-Merchant-VAT-Number": "DK90000028",
            "X-IBM-Client-Id": CLIENT,
        }
        if key:
            headers["X-MobilePay-Idempotency-Key"] = key
        text = None
        if body is not None:
            text, headers["Content-Type"] = json.dumps(body), "application/json"
        for attempt in range(sends):
            if attempt:
                time.sleep(RETRY)
            answer = self.send(method, BASE.path + path, text, headers, GET if method == "GET" else POST)
            if answer[0] is not None and answer[0] < 500:
                break
        return answer

    def rest(self, answer, last):
        """Until the next poll; the delay that was asked, or the last one known. Gives that."""
        delay = (answer or {}).get("pollDelayInMs", last)
        if POLL is not None:
            time.sleep(delay / 1000 * 1.1 + POLL)
        return delay

    # Points of sale.

    def onboard(self):
        found = self.call("GET", "/pointofsales?merchantPosId=scripted")[1]["posIds"]
        if not found or (self.case == "onboarding/4" and self.wrong("onboarding/4")):
            store = self.call("GET", "/stores?" + STORE_QUERY)[1]["storeIds"][0]
            body = {"merchantPosId": "scripted", "storeId": store, "name": "scripted", "supportedBeaconTypes": ["QR"]}
            if ALIAS:
                body["callbackAlias"] = ALIAS
            # Nor does it do better at the restart that follows.
            keyless = "onboarding/3" in WRONG and self.case in ("onboarding/3", "onboarding/4")
            key = None if keyless else str(uuid.uuid4())
            sends = 1 if self.wrong("onboarding/1") else 6
            status, answer = self.call("POST", "/pointofsales", body, key, sends)
            if status == 200:
                found = [answer["posId"]]
        if found:
            self.pos = found[0]
            self.call("GET", "/pointofsales/" + self.pos)

    def offboard(self):
        if self.pos:
            self.call("DELETE", "/pointofsales/" + self.pos, sends=1 if self.wrong("onboarding/2") else 6)
            self.pos = None

    # Payments.

    def start(self, path, body):
        """Starts a payment; with another one in the way, cancels that first. Its id, if it was started."""
        key = str(uuid.uuid4())
        status, answer = self.call("POST", path, body, key)
        if status == 409 and not self.wrong("payment/4") and not self.wrong("prepared-payment/4"):
            for payment in self.call("GET", "/payments?posId=" + self.pos)[1]["paymentIds"]:
                self.call("POST", f"/payments/{payment}/cancel")
            status, answer = self.call("POST", path, body, key)
        if status != 200:
            return None
        self.open.append(answer["paymentId"])
        return answer["paymentId"]

    def terms(self, act):
        terms = {"amount": float(act["amount"]), "currencyCode": "DKK", "plannedCaptureDelay": "None"}
        if act.get("restrictions") and not self.wrong("payment-restrictions/3"):
            terms["restrictions"] = act["restrictions"]
        return terms

    def pay(self, act):
        payment = self.start("/payments", {"posId": self.pos, "orderId": str(uuid.uuid4()), **self.terms(act)})
        if payment:
            self.see_through(payment, act)

    def prepare(self):
        while not ready.empty():
            ready.get()
        payment = self.start("/payments/prepare", {"posId": self.pos, "orderId": str(uuid.uuid4())})
        delay = 1000
        while payment:
            if aborted.is_set():
                aborted.clear()
                return self.cancel(payment)
            _, answer = self.call("GET", "/payments/" + payment, sends=1)
            state = (answer or {}).get("status", "")
            if state.startswith("Cancelled"):
                return self.ended(payment)
            known = "loyaltyIds" in (answer or {}) or self.wrong("loyalty/1")
            if state == "Paired" and known and not ready.empty():
                act = ready.get()
                self.case = act.get("case", "")
                sends = 1 if self.wrong("prepared-payment/1") else 6
                if self.call("POST", f"/payments/{payment}/ready", self.terms(act), sends=sends)[0] != 200:
                    return None
                return self.see_through(payment, act)
            delay = self.rest(answer, delay)

    def see_through(self, payment, act):
        amount, delay = float(act["amount"]), 1000
        while True:
            if aborted.is_set():
                aborted.clear()
                return self.cancel(payment)
            _, answer = self.call("GET", "/payments/" + payment, sends=1)
            state = (answer or {}).get("status", "")
            if state == "Reserved":
                if self.wrong("loyalty/2") or self.wrong("payment-restrictions/1"):
                    return None
                less = act.get("capture") and answer["partialCapturePossible"] and not self.wrong("payment/7")
                wanted = float(act["capture"]) if less else amount
                return self.capture(payment, wanted - 1 if self.wrong("payment/5") else wanted)
            if state.startswith("Cancelled"):
                return self.ended(payment)
            delay = self.rest(answer, delay)

    def ended(self, payment):
        """Nothing more is to be done; who gets it wrong polls on."""
        self.open.remove(payment)
        if any(self.wrong(case) for case in ("payment/2", "prepared-payment/2", "payment-restrictions/2")):
            for _ in range(3):
                time.sleep(0.3)
                self.call("GET", "/payments/" + payment)

    def capture(self, payment, amount):
        once = self.wrong("payment/1")
        status, _ = self.call("POST", f"/payments/{payment}/capture", {"amount": amount}, sends=1 if once else 6)
        if status == 200:
            self.open.remove(payment)
            self.captured.append(payment)
        elif self.wrong("payment/5") or self.wrong("payment/6"):
            # It walks away: a cancel, whenever it comes, would be right.
            self.open.remove(payment)
        elif (status is None or status >= 500) and not once:
            self.hanging.append((time.monotonic() + 30.5, payment, amount))

    def cancel(self, payment):
        once = self.wrong("payment/3") or self.wrong("prepared-payment/3")
        status, _ = self.call("POST", f"/payments/{payment}/cancel", sends=1 if once else 6)
        if status == 409:
            self.call("GET", "/payments/" + payment)
        if status in (200, 409):
            self.open.remove(payment)

    def tidy(self):
        """The cashier cancels what is open."""
        self.case = ""
        hanging = [payment for _, payment, _ in self.hanging]
        for payment in [payment for payment in self.open if payment not in hanging]:
            self.cancel(payment)

    def job(self):
        for due, payment, amount in [entry for entry in self.hanging if entry[0] <= time.monotonic()]:
            self.hanging.remove((due, payment, amount))
            self.capture(payment, amount)

    # Refunds.

    def refund(self, act):
        if not self.captured:
            return
        payment = self.captured[-1]
        body = {"paymentId": payment, "refundOrderId": str(uuid.uuid4()), "amount": float(act["amount"]), "currencyCode": "DKK"}
        key = str(uuid.uuid4())
        status, answer = self.call("POST", "/refunds", body, key)
        if status == 409 and self.wrong("refund/3"):
            for _ in range(3):
                time.sleep(0.2)
                self.call("POST", "/refunds", body, key)
        if status != 200:
            return
        refund, delay = answer["refundId"], 100
        while True:
            if refund_off.is_set():
                if self.call("POST", f"/refunds/{refund}/cancel", sends=1 if self.wrong("refund/2") else 6)[0] == 200:
                    return
                time.sleep(14)
                self.call("POST", f"/refunds/{refund}/cancel")
                return
            _, answer = self.call("GET", "/refunds/" + refund)
            if (answer or {}).get("status") == "Reserved":
                break
            delay = self.rest(answer, delay)
        self.captured.remove(payment)
        if self.call("POST", f"/refunds/{refund}/capture", sends=1 if self.wrong("refund/1") else 6)[0] != 200:
            time.sleep(14)
            self.call("POST", f"/refunds/{refund}/capture")


def main():
    threading.Thread(target=read_lines, daemon=True).start()
    till = Till()
    while True:
        try:
            act = lines.get(timeout=0.05)
        except queue.Empty:
            if aborted.is_set():
                aborted.clear()
                till.tidy()
            till.job()
            continue
        if act["act"] == "end":
            return
        if aborted.is_set():
            aborted.clear()
            till.tidy()
        time.sleep(START)
        till.case = act.get("case", "")
        if act["act"] in ("onboard", "restart"):
            till.onboard()
        elif act["act"] == "offboard":
            till.offboard()
        elif act["act"] == "pay":
            till.pay(act)
        elif act["act"] == "prepare":
            till.prepare()
        elif act["act"] == "refund":
            refund_off.clear()
            till.refund(act)


main()
