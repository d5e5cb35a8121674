"""One refund: created, polled until Reserved, then captured or cancelled (payment_flows#refunds)."""

import threading
import time

import mistakes
from duty import FINAL, say
from memory import money

SECOND_LOOK = 1.5


def refundable(memory):
    """(payment, amount left) of the last captured payment with something left to refund."""
    for payment in reversed(memory.records("payments")):
        if payment["ended"] == "Captured":
            left = money(payment["to_capture"]) - sum(
                (money(r["body"]["amount"]) for r in memory.records("refunds")
                 if r["body"]["paymentId"] == payment["id"]
                 and r["ended"] not in ("CancelledByClient", "CancelledByMobilePay", "refused")), money(0))
            if left > 0 or mistakes.has("over-refund"):
                return payment, left
    return None, None


class Refund(threading.Thread):
    def __init__(self, link, memory, duties, record, taken_back):
        super().__init__(daemon=True)
        self.link, self.memory, self.duties, self.record = link, memory, duties, record
        self.taken_back = taken_back
        self.wake = threading.Event()

    @property
    def path(self):
        return f"/refunds/{self.record['id']}"

    def take_back(self):
        self.taken_back = True
        self.wake.set()

    def run(self):
        if self.record["id"] or self._create():
            self._follow()
        if self.record["decided"]:
            self.duties.carry_out(self.record)

    def _create(self):
        record = self.record
        body = {**record["body"], "amount": money(record["body"]["amount"])}
        answer = self.link.call("POST", "/refunds", body, record["key"])
        say(f"/refunds: {answer}")
        if answer.ok and answer.get("refundId"):
            self.memory.update(record, id=answer.get("refundId"))
            return True
        if answer.failed:
            return self._find_lost()
        if mistakes.has("repeats-refused"):
            for _ in range(3):
                self.link.call("POST", "/refunds", body, record["key"])
        self.memory.update(record, ended="refused")
        if answer.status == 409:
            # Query the refunds that this payment already has.
            self._list()
        return False

    def _list(self):
        answer = self.link.call("GET", f"/refunds?paymentId={self.record['body']['paymentId']}")
        return answer.get("refundIds") if answer.ok else None

    def _find_lost(self):
        known = {r["id"] for r in self.memory.records("refunds")}
        for refund in self._list() or []:
            if refund not in known:
                self.memory.update(self.record, id=refund, decided="cancel")
                return False
        self.memory.update(self.record, ended="refused")
        return False

    def _follow(self):
        reserved_since = None
        while not self.record["ended"] and not self.record["decided"]:
            if self.taken_back:
                self.duties.decide(self.record, "cancel")
                return
            if reserved_since is None:
                answer = self.link.poll(self.path)
                if answer.get("status") == "Reserved":
                    reserved_since = time.monotonic()
                elif answer.get("status") in FINAL:
                    self.memory.update(self.record, ended=answer.get("status"))
                elif answer.status in (403, 404):
                    self.memory.update(self.record, ended="gone")
                self.wake.wait(self.link.wait_before(self.path))
            elif time.monotonic() - reserved_since >= SECOND_LOOK:
                self.duties.decide(self.record, "capture")
            else:
                self.wake.wait(SECOND_LOOK / 4)
            self.wake.clear()
