#!/usr/bin/env python3
"""A till for the PoS API v10 that shares no code with the program that judges it.

Reads driver lines (one JSON object each) from standard input and carries them out:
    POSCERT_BASE_URL=https://127.0.0.1:8443/pos/v10 SSL_CERT_FILE=ca.pem python3 till.py
Standard library only. Its state is a file (`--memory`); `restart` simulates a power cut: the process is replaced by a
new one that has only that file.
"""

import argparse
import json
import os
import sys
import threading
import time

sys.dont_write_bytecode = True  # write no cache files next to the sources

import mistakes
from desk import Desk
from duty import Duties, say
from link import Link
from memory import Memory, money
from refund import Refund, refundable
from sale import Sale, terms


def read_line():
    """One line of standard input, read byte by byte: the rest is for the next process."""
    line = bytearray()
    while True:
        byte = os.read(0, 1)
        if not byte:
            return bytes(line) or None
        if byte == b"\n":
            return bytes(line)
        line += byte


class Till:
    def __init__(self, options):
        self.options = options
        self.memory = Memory(options.memory)
        base = options.base_url or os.environ.get("POSCERT_BASE_URL")
        if not base:
            raise SystemExit("till.py: no base URL; set POSCERT_BASE_URL or give --base-url")
        self.link = Link(base, options.ca or os.environ.get("SSL_CERT_FILE"),
                         options.client_id, options.client_secret)
        self.memory.after_restart()
        self.duties = Duties(self.link, self.memory)
        self.desk = Desk(self.link, self.memory, options.merchant_pos_id)
        self.sale = self.refunding = None
        if not self.memory.fresh:
            self._resume()

    def _resume(self):
        # A till takes a moment to boot: its first request is no hasty retry of the one that the power cut ended.
        time.sleep(0.3)
        self.desk.after_restart()
        for record in self.memory.open_records():
            if record["decided"]:
                continue
            if record["resource"] == "payments":
                self.sale = Sale(self.link, self.memory, self.duties, record)
                self.sale.start()
            else:
                self.refunding = Refund(self.link, self.memory, self.duties, record, False)
                self.refunding.start()

    # --- the actions --------------------------------------------------------------------------------

    def onboard(self, line):
        self._close_sale()
        self.desk.onboard()

    def offboard(self, line):
        self._close_sale()
        self.desk.offboard()

    def restart(self, line):
        os.execv(sys.executable, [sys.executable, os.path.abspath(__file__), *sys.argv[1:]])

    def pay(self, line):
        amount = money(line["amount"])
        self._begin(prepared=False, body={
            "posId": self._pos(), "orderId": self.memory.order_id("PY"),
            **terms(amount, "Python till", line.get("restrictions"))},
            to_capture=str(money(line.get("capture", amount))), ready=None)

    def prepare(self, line):
        self._begin(prepared=True, body={
            "posId": self._pos(), "orderId": self.memory.order_id("PY")},
            to_capture=None, ready=None)

    def ready(self, line):
        if self.sale is None or not self.sale.record["prepared"]:
            say("ready: no payment is prepared")
            return
        self.sale.ready(money(line["amount"]), line.get("capture"), line.get("restrictions"))

    def abort(self, line):
        if self.sale is not None:
            self.sale.abort()

    def refund(self, line, taken_back=False):
        if self.sale is not None:
            self.sale.join(60)
        if self.refunding is not None:
            self.refunding.join(60)
        payment, left = refundable(self.memory)
        amount = money(line["amount"]) if line.get("amount") else left
        if payment is None or amount > left and not mistakes.has("over-refund"):
            say(f"refund: no captured payment has {line.get('amount')} left")
            return
        if mistakes.has("over-refund"):
            amount = left + money("0.01")
        record = self.memory.begin(resource="refunds", body={
            "paymentId": payment["id"], "refundOrderId": self.memory.order_id("RF"),
            "amount": str(amount), "currencyCode": "DKK"})
        self.refunding = Refund(self.link, self.memory, self.duties, record, taken_back)
        self.refunding.start()

    def cancel_refund(self, line):
        """Cancels the current refund; without one, creates and cancels one."""
        if self.refunding is not None and self.refunding.is_alive():
            self.refunding.take_back()
        else:
            self.refund(line, taken_back=True)

    def end(self):
        if not mistakes.has("walk-away"):
            self._close_sale()
        if self.refunding is not None:
            self.refunding.join(60)
        self.duties.settle(self.options.settle)

    # --- helpers --------------------------------------------------------------------------------------

    def _pos(self):
        if self.desk.pos_id is None:
            self.desk.onboard()
        if self.desk.pos_id is None:
            raise ValueError("the till is not onboarded")
        return self.desk.pos_id

    def _begin(self, **record):
        if self.sale is not None:
            self.sale.leave()
            self.sale.join(60)
        record = self.memory.begin(resource="payments", readied=False,
                                   member_first=self.options.member_first and not record["prepared"], **record)
        self.sale = Sale(self.link, self.memory, self.duties, record)
        self.sale.start()

    def _close_sale(self):
        if self.sale is not None:
            self.sale.abort()
            self.sale.join(60)

    def work(self):
        while (line := read_line()) is not None:
            try:
                order = json.loads(line)
                act = order["act"]
            except (ValueError, KeyError, TypeError):
                say(f"not a driver line: {line!r}")
                continue
            say(f"<- {order.get('case')} step {order.get('step')}: {act} {order.get('amount', '')}")
            if act == "end":
                break
            do = {"pay": self.pay, "abort": self.abort, "onboard": self.onboard,
                  "offboard": self.offboard, "restart": self.restart, "prepare": self.prepare,
                  "ready": self.ready, "refund": self.refund, "wait": self.wait,
                  "idle": lambda line: time.sleep(float(line["seconds"])),
                  "cancel-refund": self.cancel_refund}.get(act)
            if do is None:
                say(f"no act is called {act!r}")
                continue
            try:
                do(order)
            except (ValueError, KeyError, ArithmeticError) as error:
                say(f"{act}: {error!r}")
        self.end()

    def wait(self, line):
        """An extension (like `idle`) for our own scripts: waits until the sale and the refund are over."""
        until = time.monotonic() + float(line.get("seconds", 30))
        for thread in (self.sale, self.refunding):
            if thread is not None:
                thread.join(max(0.0, until - time.monotonic()))


def main():
    parser = argparse.ArgumentParser(description="A till for the PoS API v10, driven by lines of JSON")
    parser.add_argument("--base-url", help="default: POSCERT_BASE_URL")
    parser.add_argument("--ca", help="certificates to believe (PEM); default: SSL_CERT_FILE")
    parser.add_argument("--client-id", default="6a1d7c52-8a0e-4f0b-9a55-0c3d2f8be101")
    parser.add_argument("--client-secret", default="a-secret-of-the-python-till")
    parser.add_argument("--memory", default="till-memory.json", help="the till's memory on disk")
    parser.add_argument("--merchant-pos-id", default="PY-TILL-1")
    parser.add_argument("--member-first", action="store_true",
                        help="a payment is started when the customer is checked in and loyalty is looked up")
    parser.add_argument("--settle", type=float, default=120, help="seconds it stays for what is owed at the end")
    parser.add_argument("--mistake", help="one wrong behaviour: " + ", ".join(sorted(mistakes.KNOWN)))
    options = parser.parse_args()
    mistakes.switch_on(options.mistake)
    threading.excepthook = lambda failure: say(f"till.py: a thread failed: {failure.exc_value!r}")
    Till(options).work()


if __name__ == "__main__":
    main()
