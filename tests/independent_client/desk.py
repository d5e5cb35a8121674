"""The till's registration at the backend: its store and its point of sale (pos_management)."""

import urllib.parse
import uuid

from duty import say

BRAND, LOCATION = "MPPOSCERT1", "00001"


class Desk:
    def __init__(self, link, memory, merchant_pos_id):
        self.link, self.memory, self.merchant_pos_id = link, memory, merchant_pos_id

    @property
    def pos_id(self):
        pos = self.memory.state["pos"]
        return pos["id"] if pos else None

    def look_up(self):
        """The id of the PoS with this till's merchantPosId; "" if there is none, None if unknown."""
        answer = self.link.call("GET", "/pointofsales?" + urllib.parse.urlencode(
            {"merchantPosId": self.merchant_pos_id}))
        if not answer.ok:
            return None
        ids = answer.get("posIds") or []
        return ids[0] if ids else ""

    def _store(self):
        answer = self.link.call("GET", "/stores?" + urllib.parse.urlencode(
            {"merchantBrandId": BRAND, "merchantLocationId": LOCATION}))
        ids = answer.get("storeIds") if answer.ok else None
        return ids[0] if ids else None

    def onboard(self):
        """Creates a PoS for this till; an existing one is deleted first."""
        there = self.look_up()
        if there:
            self.memory.update(self.memory.state, pos={"id": there, "key": None, "body": None})
            if not self.offboard():
                return
        store = self._store()
        if store is None:
            say("onboard: the store is not found")
            return
        self.memory.update(self.memory.state, pos={"id": None, "key": str(uuid.uuid4()), "body": {
            "merchantPosId": self.merchant_pos_id, "storeId": store, "name": "Python till",
            "supportedBeaconTypes": ["QR"], "requirePaymentBeforeCheckin": False}})
        self._create()

    def _create(self):
        pos = self.memory.state["pos"]
        answer = self.link.call("POST", "/pointofsales", pos["body"], pos["key"])
        say(f"onboard: {answer}")
        pos_id = answer.get("posId") if answer.ok else None
        if pos_id is None and (answer.failed or answer.status == 409):
            pos_id = self.look_up() or None
        if pos_id is None:
            self.memory.update(self.memory.state, pos=None)
            return
        self.memory.update(pos, id=pos_id)
        self._read()

    def _read(self):
        """The beacon id that the backend generated, for the QR code."""
        answer = self.link.call("GET", f"/pointofsales/{self.pos_id}")
        if answer.ok and answer.get("beaconId"):
            say(f"QR code: mobilepaypos://pos?id={answer.get('beaconId')}&source=qr")

    def offboard(self):
        if self.pos_id is None:
            there = self.look_up()
            if not there:
                return True
            self.memory.update(self.memory.state, pos={"id": there, "key": None, "body": None})
        answer = self.link.call("DELETE", f"/pointofsales/{self.pos_id}")
        say(f"offboard: {answer}")
        gone = answer.ok or answer.status == 404
        if gone:
            self.memory.update(self.memory.state, pos=None)
        return gone

    def after_restart(self):
        """Looks up the PoS. Creates one only if this till had one and the backend has none."""
        pos = self.memory.state["pos"]
        there = self.look_up()
        if there:
            self.memory.update(self.memory.state, pos={**(pos or {"key": None, "body": None}), "id": there})
        elif there == "" and pos and pos["key"]:
            self._create()
