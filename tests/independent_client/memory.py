"""The till's state file: started payments and pending decisions survive a power cut.

A record is written before its first attempt, so that a create with a lost response is retried with the same key and
body, and a decision (capture, cancel) is carried out after a restart.
"""

import json
import os
import threading
import time
import uuid
from decimal import Decimal


def money(text):
    """An amount from a driver line, exact, with two decimals."""
    return Decimal(str(text)).quantize(Decimal("0.01"))


class Memory:
    def __init__(self, path):
        self.path = path
        self.lock = threading.RLock()
        try:
            with open(path, encoding="utf-8") as file:
                self.state = json.load(file)
            self.fresh = False
        except FileNotFoundError:
            self.state = {"run": uuid.uuid4().hex[:8], "orders": 0, "pos": None, "owed": []}
            self.fresh = True

    def save(self):
        with self.lock:
            beside = f"{self.path}.new"
            with open(beside, "w", encoding="utf-8") as file:
                json.dump(self.state, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self.path)

    def update(self, record, **changes):
        with self.lock:
            record.update(changes)
            self.save()

    def order_id(self, prefix):
        """An order id that no other payment of this till has."""
        with self.lock:
            self.state["orders"] += 1
            self.save()
            return f"{prefix}-{self.state['run']}-{self.state['orders']}"

    def begin(self, **record):
        """A new payment or refund, saved before anything is sent."""
        record = {"key": str(uuid.uuid4()), "id": None, "decided": None, "ended": None,
                  "failed_at": None, "working": False, **record}
        with self.lock:
            self.state["owed"].append(record)
            self.save()
        return record

    def records(self, resource):
        with self.lock:
            return [r for r in self.state["owed"] if r["resource"] == resource]

    def open_records(self):
        with self.lock:
            return [r for r in self.state["owed"] if not r["ended"]]

    def ended(self, resource_id, how):
        """Records how a payment ended."""
        with self.lock:
            for record in self.state["owed"]:
                if record["id"] == resource_id and not record["ended"]:
                    record["ended"] = how
            self.save()

    def after_restart(self):
        """Decisions interrupted by the power cut are due again in half a minute."""
        with self.lock:
            for record in self.state["owed"]:
                record["working"] = False
                if record["decided"] and not record["ended"]:
                    record["failed_at"] = time.time()
            self.save()
