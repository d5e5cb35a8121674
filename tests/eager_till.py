"""A till that never pauses: its next call leaves as soon as the last one is answered. Standard library only.

Driven by lines of JSON on standard input (contract, "Driving a till"), it finds the recorder by POSCERT_BASE_URL and
SSL_CERT_FILE. It polls far too often, which the verifier says; what it is for is to be faster than any director that
decides late.
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

lines, aborted = queue.Queue(), threading.Event()


def read_lines():
    for line in sys.stdin:
        act = json.loads(line)
        aborted.set() if act["act"] == "abort" else lines.put(act)


class Till:
    def __init__(self):
        self.connection, self.pos, self.hanging = None, None, []
        form = urllib.parse.urlencode(
            {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": "sandbox-secret-one"})
        path = "/integrator-authentication/connect/token"
        self.token = self.send("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"}, 2)[1]["access_token"]

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
        for _ in range(sends):
            answer = self.send(method, BASE.path + path, text, headers, 0.5 if method == "GET" else 2)
            if answer[0] is not None and answer[0] < 500:
                break
        return answer

    def onboard(self):
        found = self.call("GET", "/pointofsales?merchantPosId=eager")[1]["posIds"]
        if not found:
            store = self.call("GET", "/stores?" + STORE_QUERY)[1]["storeIds"][0]
            body = {"merchantPosId": "eager", "storeId": store, "name": "eager", "supportedBeaconTypes": ["QR"]}
            found = [self.call("POST", "/pointofsales", body, str(uuid.uuid4()))[1]["posId"]]
        self.pos = found[0]
        self.call("GET", "/pointofsales/" + self.pos)

    def offboard(self):
        self.call("DELETE", "/pointofsales/" + self.pos)

    def initiate(self, amount):
        body = {"posId": self.pos, "orderId": str(uuid.uuid4()), "amount": amount, "currencyCode": "DKK",
                "plannedCaptureDelay": "None"}
        key = str(uuid.uuid4())
        status, answer = self.call("POST", "/payments", body, key)
        if status == 409:
            for payment in self.call("GET", "/payments?posId=" + self.pos)[1]["paymentIds"]:
                self.call("POST", f"/payments/{payment}/cancel")
            status, answer = self.call("POST", "/payments", body, key)
        return answer["paymentId"]

    def pay(self, amount, capture):
        aborted.clear()
        payment = self.initiate(amount)
        while True:
            if aborted.is_set():
                self.call("POST", f"/payments/{payment}/cancel")
                return
            _, answer = self.call("GET", "/payments/" + payment, sends=1)
            state = (answer or {}).get("status")
            if state == "Reserved":
                wanted = capture if capture and answer["partialCapturePossible"] else amount
                return self.capture(payment, wanted)
            if state and state.startswith("Cancelled"):
                return

    def capture(self, payment, amount):
        if self.call("POST", f"/payments/{payment}/capture", {"amount": amount})[0] != 200:
            self.hanging.append((time.monotonic() + 30.5, payment, amount))

    def job(self):
        for due, payment, amount in [entry for entry in self.hanging if entry[0] <= time.monotonic()]:
            self.hanging.remove((due, payment, amount))
            self.capture(payment, amount)


def main():
    threading.Thread(target=read_lines, daemon=True).start()
    till = Till()
    while True:
        try:
            act = lines.get(timeout=0.05)
        except queue.Empty:
            till.job()
            continue
        if act["act"] == "end":
            return
        if act["act"] in ("onboard", "restart"):
            till.onboard()
        elif act["act"] == "offboard":
            till.offboard()
        elif act["act"] == "pay":
            till.pay(float(act["amount"]), float(act["capture"]) if "capture" in act else None)


main()
