"""The backend's refunds: several per payment, in total never more than was captured."""

import time

from checks import Refused, is_guid
from backend_state import new_id, total

HELD = ("Initiated", "Reserved", "Captured", "ExpiredAndCaptured")
REFUNDABLE_FOR, EXPIRES_AFTER = 90 * 86400.0, 86400.0
POLL_DELAY = 100


class Repay:
    def __init__(self, backend_state):
        self.backend_state = backend_state

    def create(self, who, fields):
        payment = self.backend_state.payments.get(fields["paymentId"])
        if payment is None:
            raise Refused(409, "1001", "no such payment")
        self.backend_state.own(payment, who, "1401", "1401")
        if payment["status"] != "Captured":
            raise Refused(409, "1354", "the payment is not captured")
        if fields["currencyCode"] != payment["currencyCode"]:
            raise Refused(409, "1365", "another currency")
        if time.monotonic() - payment["captured_at"] > REFUNDABLE_FOR:
            raise Refused(409, "1366", "captured too long ago")
        held = total(r["amount"] for r in self.backend_state.refunds.values()
                     if r["paymentId"] == payment["paymentId"] and self.age(r)["status"] in HELD)
        if held + fields["amount"] > payment["captured"]:
            raise Refused(409, "1367", "more than is left of what was captured")
        if self.backend_state.low_balance:
            raise Refused(409, "1368", "the store's balance is too low")
        refund = {**fields, **who, "refundId": new_id(), "status": "Initiated", "touched": time.monotonic()}
        self.backend_state.refunds[refund["refundId"]] = refund
        return {"refundId": refund["refundId"]}

    def get(self, who, refund_id, code=None):
        refund = self.backend_state.refunds.get(refund_id)
        if refund is None:
            raise Refused(404, code, "no such refund")
        self.backend_state.own(refund, who, "1402", "1402")
        return self.age(refund)

    def age(self, refund):
        """A refund is reserved shortly after its creation, and captured automatically after a day."""
        since = time.monotonic() - refund["touched"]
        if refund["status"] == "Initiated" and since > 0.3:
            refund["status"], refund["touched"] = "Reserved", time.monotonic()
        elif refund["status"] == "Reserved" and since > EXPIRES_AFTER:
            refund["status"] = "ExpiredAndCaptured"
        return refund

    def show(self, refund):
        return {**{n: refund[n] for n in ("refundId", "paymentId", "refundOrderId", "amount",
                                          "currencyCode", "status")}, "pollDelayInMs": POLL_DELAY}

    def find(self, who, query):
        if not query.get("paymentId"):
            raise Refused(400, "1110", "paymentId is needed")
        if not is_guid(query["paymentId"]):
            raise Refused(400, "1099", "paymentId is not a GUID")
        wanted = query["paymentId"].lower()
        return [r["refundId"] for r in self.backend_state.refunds.values() if r["paymentId"] == wanted
                and (r["client"], r["vat"]) == (who["client"], who["vat"])]

    def capture(self, refund):
        if refund["status"] == "Captured":
            return
        if refund["status"] != "Reserved":
            raise Refused(409, "1351", "the refund is not reserved")
        refund["status"] = "Captured"

    def cancel(self, refund):
        if refund["status"] == "CancelledByClient":
            return
        if refund["status"] not in ("Initiated", "Reserved"):
            raise Refused(409, "1352", "not cancellable now")
        refund["status"] = "CancelledByClient"
