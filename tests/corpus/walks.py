"""The right client's walks through Prepared Payment, Refund, Loyalty and Payment Restrictions.

Kept apart from client.py so that each stays short; the client mixes them in.
"""

DEBIT = {"debitCardDisallowed": True, "creditCardDisallowed": False}


class MoreWalks:
    # -- helpers --------------------------------------------------------------------------------------
    def until_known(self, pid, limit=10):
        """Polls until the look-up of loyalty is done."""
        for _ in range(limit):
            answer = self.poll(pid)
            if "loyaltyIds" in answer.body:
                return answer
        raise AssertionError("loyaltyIds never came")

    def paired(self, faults=(), **more):
        """A prepared payment whose customer checked in; where Loyalty is chosen, looked up too."""
        pid = self.prepare(faults, **more).get("paymentId")
        self.poll(pid)
        self.be.checkin(pid)
        if "loyalty" in self.features:
            if self.be.loyalty is None:
                self.be.loyalty = []
            self.until_known(pid)
        else:
            self.poll(pid)
        return pid

    def finish_prepared(self, pid, amount, faults=(), capture_faults=(), **more):
        self.make_ready(pid, amount, faults, **more)
        self.poll_until(pid, {"Reserved"}, ["accept"])
        self.capture(pid, amount, capture_faults)

    def refund_body(self, pid, amount, order=None, **more):
        self.refund_orders = getattr(self, "refund_orders", 0) + 1
        return dict({"paymentId": pid, "refundOrderId": order or "R-%s-%d" % (self.name.replace(" ", ""), self.refund_orders),
                     "amount": amount, "currencyCode": self.currency}, **more)

    def create_refund(self, pid, amount=20, faults=(), key=None, body=None, **more):
        return self.call("POST", "/refunds", body or self.refund_body(pid, amount, **more), key or self.new_key(), faults)

    def poll_refund(self, rid, wanted=("Reserved",), limit=20):
        for _ in range(limit):
            if self.poll(rid, kind="refunds").get("status") in wanted:
                return
        raise AssertionError("refund never %s" % (wanted,))

    def capture_refund(self, rid, faults=(), body=None, sends=None):
        return self.call("POST", "/refunds/%s/capture" % rid, body, faults=faults, sends=sends)

    def cancel_refund(self, rid, faults=(), sends=None):
        return self.call("POST", "/refunds/%s/cancel" % rid, faults=faults, sends=sends)

    def refunds_of(self, pid):
        return self.call("GET", "/refunds", query={"paymentId": pid}).get("refundIds")

    def refund(self, pid, amount=20):
        rid = self.create_refund(pid, amount).get("refundId")
        self.poll_refund(rid)
        self.capture_refund(rid)
        return rid

    def captured(self, amount=100):
        """A captured payment to refund, after a pause that keeps look-ups of it from being early polls."""
        pid = self.pay(amount)
        self.sleep(1500)
        return pid

    # -- prepared payment -----------------------------------------------------------------------------
    def prepared_1(self):
        pid = self.paired(["t", "5"])
        self.finish_prepared(pid, 200, ["t", "5"], ["t", "5"])

    def prepared_2(self):
        pid = self.prepare().get("paymentId")
        self.poll_until(pid, {"CancelledByUser"}, ["checkin", "user_cancel"])

    def prepared_3(self):
        pid = self.prepare().get("paymentId")
        self.poll(pid)
        self.cancel(pid, ["t", "5"])

    def prepared_4(self):
        self.prepare()
        self.sleep(5000)
        key, body = self.new_key(), {"posId": self.pos, "orderId": self.new_order()}
        refused = self.prepare(key=key, body=body)
        assert refused.code == "1301", refused.body
        self.clean_up()
        pid = self.paired(key=key, body=body)
        self.finish_prepared(pid, 201)

    # -- refund ---------------------------------------------------------------------------------------
    def refund_1(self):
        self.paid = self.captured(100)
        rid = self.create_refund(self.paid, 30, ["t", "5"]).get("refundId")
        self.poll_refund(rid)
        self.capture_refund(rid, ["t", "5"])

    def refund_2(self):
        pid = self.captured(90)
        rid = self.create_refund(pid, 20).get("refundId")
        self.cancel_refund(rid, ["t", "5"])

    def refund_3(self):
        pid = self.captured(80)
        self.be.next_refusal["CreateRefund"] = (409, 1368)
        assert self.create_refund(pid, 10).code == "1368"
        self.sleep(300)
        self.refunds_of(pid)
        self.poll(pid)

    # -- loyalty --------------------------------------------------------------------------------------
    def loyalty_1(self):
        self.be.loyalty = ["LOYAL-1"]
        pid = self.paired()
        self.finish_prepared(pid, 210)
        self.be.loyalty = None

    def loyalty_2(self):
        self.be.loyalty = []
        pid = self.paired()
        self.finish_prepared(pid, 211)
        self.be.loyalty = None

    # -- payment restrictions -------------------------------------------------------------------------
    def restrictions_1(self):
        pid = self.reserved(220, restrictions=DEBIT)
        self.capture(pid, 220)

    def restrictions_2(self):
        pid = self.initiate(221, restrictions=DEBIT).get("paymentId")
        self.poll_until(pid, {"CancelledByMobilePay"}, ["checkin", "backend_cancel"])

    def restrictions_3(self):
        pid = self.paired()
        self.finish_prepared(pid, 222, restrictions=DEBIT)
