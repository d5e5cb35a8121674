"""Pending decisions: the capture or cancel of a payment or refund, until it is done.

Includes the periodic job (payment_flows, hanging payments): half a minute after a failed attempt, the decision is
retried.
"""

import sys
import threading
import time

import mistakes
from memory import money

ACTIVE = {"Prepared", "Paired", "Initiated", "IssuedToUser"}
FINAL = {"Captured", "CancelledByUser", "CancelledByClient", "CancelledByMobilePay",
         "ExpiredAndCancelled", "ExpiredAndCaptured", "RejectedByMobilePayDueToAgeRestrictions"}
PAUSE = 32.0


def say(text):
    print(text, file=sys.stderr, flush=True)


class Duties:
    def __init__(self, link, memory):
        self.link, self.memory = link, memory
        threading.Thread(target=self._job, daemon=True).start()

    def decide(self, record, what):
        """Saves a decision before it is carried out."""
        self.memory.update(record, decided=what)

    def carry_out(self, record):
        """One attempt to carry out the decision; True when it is settled."""
        with self.memory.lock:
            if record["ended"] or record["working"]:
                return bool(record["ended"])
            record["working"] = True
        try:
            done = self._go(record)
        finally:
            self.memory.update(record, working=False)
        if not done:
            self.memory.update(record, failed_at=time.time())
        return done

    def _go(self, record):
        what, path = record["decided"], f"/{record['resource']}/{record['id']}"
        if what == "capture" and record["resource"] == "payments":
            answer = self.link.call("POST", f"{path}/capture",
                                    {"amount": mistakes.capture(money(record["to_capture"]))})
        else:
            answer = self.link.call("POST", f"{path}/{what}")
        say(f"{what} of {path}: {answer}")
        if answer.ok:
            self.memory.update(record, ended="Captured" if what == "capture" else "CancelledByClient")
            return True
        if answer.failed:
            if mistakes.has("shown-as-paid"):
                self.memory.update(record, ended="Captured")
            return bool(record["ended"])
        if answer.status == 404:
            self.memory.update(record, ended="gone")
            return True
        return self._ask(record, path, answer)

    def _ask(self, record, path, refusal):
        """After a refusal, the resource is queried, and its state at the backend is authoritative."""
        seen = self.link.poll(path)
        status = seen.get("status")
        if status in FINAL:
            self.memory.update(record, ended=status)
            return True
        if status == "Reserved" and record["decided"] == "capture" and refusal.code in ("1305", "1308"):
            self.decide(record, "cancel")
            return self._go(record)
        return False

    def _job(self):
        while True:
            time.sleep(0.5)
            for record in self.memory.open_records():
                due = (record["failed_at"] or time.time()) + PAUSE
                if record["decided"] and record["id"] and time.time() >= due:
                    say(f"periodic job: {record['decided']} of {record['id']}")
                    self.carry_out(record)

    def settle(self, limit):
        """Waits until no decision is pending, at most `limit` seconds."""
        until = time.monotonic() + limit
        while time.monotonic() < until:
            if not [r for r in self.memory.open_records() if r["decided"] and r["id"]]:
                return
            time.sleep(0.2)
