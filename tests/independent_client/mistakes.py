"""Mistakes of public clients, enabled one at a time by `--mistake NAME`.

Each is implemented next to the correct behaviour; this file selects one and says what it changes.
"""

import math
import uuid
from decimal import Decimal

KNOWN = {
    "new-key": "a new idempotency key inside each attempt",
    "hammering": "the same request again and again, at once, while the backend answers 500",
    "fifteen-captures": "a capture that fails is sent fifteen times in one go",
    "fixed-poll": "polls once a second, whatever pollDelayInMs says",
    "minor-units": "the amount times one hundred, in binary floating point",
    "int-capture": "the amount cut to an integer on capture",
    "hunch": "captures without ever having polled",
    "blind-clean-up": "any error of initiate is cleaned up by cancelling what is listed",
    "null-id": "503 without a body is taken for success",
    "shown-as-paid": "a capture that timed out is shown as paid and forgotten",
    "no-timeout": "no time-out at all",
    "no-retry": "nothing is ever sent again",
    "two-versions": "the version header twice",
    "walk-away": "an active payment is left behind and forgotten",
    "ignores-1301": "an active payment in the way is not cleaned up",
    "over-refund": "refunds more than was captured",
    "tight-failed-polls": "polls again at once when a poll failed",
    "repeats-refused": "repeats a refused request unchanged",
    "early-initiate": "starts a payment after a check-in before loyalty was looked up",
    "early-ready": "readies a paired payment before loyalty was looked up",
}

_on = None


def switch_on(name):
    global _on
    if name is not None and name not in KNOWN:
        raise SystemExit(f"till.py: no mistake is called {name!r}; there are: {', '.join(sorted(KNOWN))}")
    _on = name


def has(name):
    return _on == name


def key(right):
    return str(uuid.uuid4()) if has("new-key") else right


def sends(path, right):
    if has("no-retry") or has("null-id"):
        return 1
    if has("shown-as-paid") and path.endswith("/capture"):
        return 1
    if has("fifteen-captures") and path.endswith("/capture"):
        return 15
    return 40 if has("hammering") else right


def retry_delay(right):
    return 0.0 if has("hammering") else right


def poll_delay(right):
    return 1.0 if has("fixed-poll") else right


def amount(right):
    return Decimal(repr(float(right) * 100)) if has("minor-units") else right


def capture(right):
    return Decimal(math.floor(right)) if has("int-capture") else right
