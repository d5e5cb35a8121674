"""One payment of the till, initiated or prepared, from its first attempt until it is decided."""

import threading
import time
import urllib.parse

import mistakes
from duty import ACTIVE, FINAL, PAUSE, say
from memory import money

CLEAN_UPS = 3


def terms(amount, label, restrictions):
    """The common fields of InitiatePayment and PaymentReady."""
    body = {"amount": str(amount), "currencyCode": "DKK", "plannedCaptureDelay": "None",
            "merchantPaymentLabel": label}
    if restrictions:
        body["restrictions"] = restrictions
    return body


def on_the_wire(body):
    return {**body, "amount": mistakes.amount(money(body["amount"]))} if "amount" in body else body


class Sale(threading.Thread):
    def __init__(self, link, memory, duties, record):
        super().__init__(daemon=True)
        self.link, self.memory, self.duties, self.record = link, memory, duties, record
        self.wake = threading.Event()
        self.aborted = self.left = False
        self.ready_due = 0.0

    @property
    def path(self):
        return f"/payments/{self.record['id']}"

    def abort(self):
        """The cashier cancels the sale."""
        self.aborted = True
        self.wake.set()

    def leave(self):
        """The cashier serves another customer; this sale is to be cancelled."""
        self.left = True
        self.wake.set()

    def ready(self, amount, capture, restrictions):
        """The amount of a prepared payment is known."""
        self.memory.update(self.record, ready=terms(amount, "Python till", restrictions),
                           to_capture=str(capture or amount))
        self.wake.set()

    def run(self):
        if self.record["id"] or self._member_known() and self._create():
            self._follow()
        if self.record["decided"] and not self.left:
            self.duties.carry_out(self.record)

    def _member_known(self):
        """Polls the check-in until loyalty is known, if the till identifies the member first."""
        path = f"/pointofsales/{self.record['body']['posId']}/checkin"
        while self.record["member_first"]:
            answer = self.link.poll(path)
            known = answer.get("loyaltyIds") is not None or mistakes.has("early-initiate")
            if answer.get("isUserCheckedIn") is True and known:
                self.memory.update(self.record, member_first=False)
            elif self.aborted or self.left or answer.status in (403, 404):
                self.memory.update(self.record, ended="nobody came")
                return False
            else:
                self.wake.wait(self.link.wait_before(path))
                self.wake.clear()
        return True

    # --- the create -------------------------------------------------------------------------------

    def _create(self):
        record = self.record
        path = "/payments/prepare" if record["prepared"] else "/payments"
        for _ in range(CLEAN_UPS + 1):
            answer = self.link.call("POST", path, on_the_wire(record["body"]), record["key"])
            say(f"{path}: {answer}")
            if answer.ok and answer.get("paymentId"):
                self.memory.update(record, id=answer.get("paymentId"))
                return True
            if answer.failed:
                return self._find_lost(answer)
            blocked = answer.status == 409 and answer.code == "1301"
            if mistakes.has("repeats-refused"):
                continue
            if not blocked and not mistakes.has("blind-clean-up") or mistakes.has("ignores-1301"):
                break
            if not self._clean_up():
                break
        self.memory.update(record, ended=f"refused {answer}")
        return False

    def _find_lost(self, answer):
        """After all attempts failed: if one reached the backend anyway, its payment is cancelled."""
        if mistakes.has("null-id") and answer.status == 503:
            self.link.once("GET", "/payments/null")
        if mistakes.has("no-retry") or mistakes.has("null-id") or mistakes.has("hammering"):
            self.memory.update(self.record, ended="given up")
            return False
        listed = self._list({"posId": self.record["body"]["posId"],
                             "orderId": self.record["body"]["orderId"]})
        if listed:
            self.memory.update(self.record, id=listed[0], decided="cancel")
            return False
        self.memory.update(self.record, ended="given up")
        return False

    def _list(self, query):
        answer = self.link.call("GET", "/payments?" + urllib.parse.urlencode(query))
        return answer.get("paymentIds") if answer.ok else None

    def _clean_up(self):
        """Another payment is active (1301): it is looked up and cancelled."""
        listed = self._list({"posId": self.record["body"]["posId"]})
        if listed is None:
            return False
        for payment in listed:
            path = f"/payments/{payment}"
            status = self.link.poll(path).get("status")
            if status not in ACTIVE and not mistakes.has("blind-clean-up"):
                continue
            answer = self.link.call("POST", f"{path}/cancel")
            say(f"clean-up of {payment}: {answer}")
            if answer.ok:
                self.memory.ended(payment, "CancelledByClient")
            elif answer.status == 409:
                status = self.link.poll(path).get("status")
                if status in FINAL:
                    self.memory.ended(payment, status)
        return True

    # --- the polls --------------------------------------------------------------------------------

    def _follow(self):
        if mistakes.has("hunch"):
            time.sleep(4)
            self.duties.decide(self.record, "capture")
            return
        while not self.record["ended"] and not self.record["decided"]:
            if self.aborted:
                self.duties.decide(self.record, "cancel")
            elif self.left:
                if mistakes.has("walk-away"):
                    self.memory.update(self.record, ended="forgotten")
                    return
                self.memory.update(self.record, decided="cancel", failed_at=time.time())
            else:
                self._look()

    def _look(self):
        answer = self.link.poll(self.path)
        if answer.ok:
            self._judge(answer)
        elif answer.status in (403, 404):
            self.memory.update(self.record, ended=f"lost {answer}")
        if not self.record["ended"] and not self.record["decided"]:
            pause = self.link.wait_before(self.path)
            if answer.failed and mistakes.has("tight-failed-polls"):
                self.link.slots.pop(self.path, None)
                pause = 0.0
            self.wake.wait(pause)
            self.wake.clear()

    def _judge(self, answer):
        status, record = answer.get("status"), self.record
        if status in FINAL:
            say(f"payment {record['id']}: {status}")
            self.memory.update(record, ended=status)
        elif status == "Reserved":
            less = money(record["to_capture"]) < money(answer.get("amount"))
            possible = answer.get("partialCapturePossible") is True
            self.duties.decide(record, "cancel" if less and not possible else "capture")
        elif status == "Paired" and record["ready"] and not record["readied"]:
            known = answer.get("loyaltyIds") is not None or mistakes.has("early-ready")
            if known and time.monotonic() >= self.ready_due and not self.aborted and not self.left:
                self._send_ready()

    def _send_ready(self):
        answer = self.link.call("POST", f"{self.path}/ready", on_the_wire(self.record["ready"]))
        say(f"ready of {self.record['id']}: {answer}")
        if answer.ok:
            self.memory.update(self.record, readied=True)
        elif answer.failed:
            self.ready_due = time.monotonic() + PAUSE
        elif answer.status == 409:
            # The next poll shows the state; until then nothing is retried.
            self.ready_due = time.monotonic() + PAUSE
        else:
            self.duties.decide(self.record, "cancel")
