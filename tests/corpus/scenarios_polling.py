"""ALL-16, ALL-17, ALL-30: polling, with both sides of every number.

Gaps are measured from the end of an answer to the head of the next request; the walk's own margins are wide, so only
the gap that a scenario sets can be found.
"""
from expect import then


# -- ALL-16, ALL-17, ALL-30 -----------------------------------------------------------------------------

def early_poll(name, delay, gap, why, ok=False, **more):
    @then(name, "ALL-16", why, musts="" if ok else "ALL-16", hits="QueryPayment", **more)
    def _(c):
        c.be.delays = [delay]
        pid = c.initiate(68).get("paymentId")
        c.poll(pid)
        c.ready_at[pid] = c.t + gap
        c.poll(pid)
        c.cancel(pid)


early_poll("all16-2000-asked-1890-waited", 2000, 1890, "tolerance 5 % or 50 ms, whichever is more (100 ms here)")
early_poll("all16-2000-asked-1910-waited", 2000, 1910, "tolerance 5 % or 50 ms, whichever is more (100 ms here)", ok=True)
early_poll("all16-4000-asked-3790-waited", 4000, 3790, "tolerance 5 % (200 ms here)")
early_poll("all16-4000-asked-3810-waited", 4000, 3810, "tolerance 5 % (200 ms here)", ok=True)
early_poll("all16-1200-asked-1130-waited", 1200, 1130, "tolerance 5 % or 50 ms, whichever is more (60 ms here)")
early_poll("all16-1200-asked-1150-waited", 1200, 1150, "tolerance 5 % or 50 ms, whichever is more (60 ms here)", ok=True)


@then("all16-fixed-1-s-at-2500", "ALL-16", "polls at a fixed 1 s when 2.5 s were asked", musts="ALL-16", hits="QueryPayment")
def _(c):
    c.be.delays = [2500]
    pid = c.initiate(69).get("paymentId")
    for _ in range(4):
        c.poll(pid)
        c.ready_at[pid] = c.t + 1000
    c.cancel(pid)


@then("all16-checkin-too-soon", "ALL-16", "the next poll of a resource comes no sooner than pollDelayInMs", musts="ALL-16",
      hits="GetCheckIn")
def _(c):
    c.be.delays = [3000]
    c.poll(c.pos, kind="pointofsales", tail="/checkin")
    c.ready_at[c.pos] = c.t + 1500
    c.poll(c.pos, kind="pointofsales", tail="/checkin")


@then("all16-delay-changes", "ALL-16", "after the last answer to a poll of it: pollDelayInMs differs from answer to answer")
def _(c):
    c.be.delays = [1000, 3000, 1500]
    pid = c.initiate(70).get("paymentId")
    for _ in range(5):
        c.poll(pid)
    c.cancel(pid)


def failed_poll(name, waits, why, delay=3000, ok=False, **more):
    @then(name, "ALL-17", why, musts="" if ok else "ALL-17", hits="QueryPayment", free="ALL-30", **more)
    def _(c):
        c.be.delays = [delay]
        pid = c.initiate(71).get("paymentId")
        c.poll(pid)
        fault = "t"
        for wait in waits:
            c.poll(pid, fault)
            c.ready_at[pid] = c.t + wait
            fault = "5" if fault == "t" else "t"
        c.poll(pid)
        c.cancel(pid)


failed_poll("all17-at-once-after-failed-poll", [5], "never at once (under 200 ms)")
failed_poll("all17-180-ms-after-failed-poll", [180], "never at once (under 200 ms)")
failed_poll("all17-220-ms-once", [220], "a growing one begun; never at once (under 200 ms)", ok=True)
failed_poll("all17-500-ms-without-growth", [500, 500, 500, 500], "the last known delay is kept or a growing one begun")
failed_poll("all17-shrinking-delays", [2000, 1000, 500], "the last known delay is kept or a growing one begun")
failed_poll("all17-doubling-delays", [500, 1000, 2000, 4000], "a growing one begun", ok=True)
failed_poll("all17-last-delay-kept", [3000, 3000, 3000], "the last known delay is kept", ok=True)


@then("all30-300-ms-asked-and-kept", "ALL-30", "payments and check-ins are polled once a second at most, whatever the delay asked",
      shoulds="ALL-30")
def _(c):
    c.be.delays = [300]
    pid = c.initiate(72).get("paymentId")
    for _ in range(4):
        c.poll(pid)
        c.ready_at[pid] = c.t + 320
    c.cancel(pid)


@then("all30-checkin-500-ms", "ALL-30", "payments and check-ins are polled once a second at most", shoulds="ALL-30")
def _(c):
    c.be.delays = [500]
    for _ in range(4):
        c.poll(c.pos, kind="pointofsales", tail="/checkin")
        c.ready_at[c.pos] = c.t + 520


@then("all30-300-ms-asked-1-s-kept", "ALL-30", "once a second at most, whatever the delay asked")
def _(c):
    c.be.delays = [300]
    pid = c.initiate(73).get("paymentId")
    for _ in range(4):
        c.poll(pid)
    c.cancel(pid)
