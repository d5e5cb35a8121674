"""A script for mitmdump: what it has read of a file, as a line of JSON."""

import json


class Count:
    def __init__(self):
        self.flows, self.answered, self.sizes = 0, 0, []

    def request(self, flow):
        self.flows += 1
        self.answered += flow.response is not None and flow.response.status_code > 0
        self.sizes.append([len(flow.request.content or b""), len(flow.response.content or b"") if flow.response else 0])

    def done(self):
        print(json.dumps({"flows": self.flows, "answered": self.answered, "sizes": self.sizes}))


addons = [Count()]
