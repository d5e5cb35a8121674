"""Changes of a HAR that no verdict may notice: the traps of certification.md, put on every scenario.

"Key letter case and header order are not content", "names are case-insensitive", a HAR "of other tools too" is
"read as it is": each function takes a HAR and returns another one that tells the same story.
"""
import base64
import copy
import gzip
import json
import random
import re
from datetime import datetime, timedelta, timezone

GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def each_entry(change):
    def applied(har):
        har = copy.deepcopy(har)
        for n, entry in enumerate(har["log"]["entries"]):
            change(entry, n)
        return har
    return applied


def header_case(entry, n):
    styles = [str.lower, str.upper, str.title]
    for side in ("request", "response"):
        for h in entry[side].get("headers", []):
            h["name"] = styles[n % 3](h["name"])


def header_order(entry, n):
    entry["request"]["headers"].reverse()


def guid_case(entry, n):
    """GUIDs in requests: upper case on every other send (values of headers, path, query, body)."""
    if n % 2:
        return
    upper = lambda text: GUID.sub(lambda m: m.group(0).upper(), text)
    req = entry["request"]
    req["url"] = upper(req["url"])
    for h in req["headers"]:
        if h["name"].lower() != "authorization":
            h["value"] = upper(h["value"])
    for q in req["queryString"]:
        q["value"] = upper(q["value"])
    if "postData" in req:
        req["postData"]["text"] = upper(req["postData"]["text"])


def shuffle_entries(har):
    """Another order in the file, except among sends of the same millisecond (the file's order counts there)."""
    har = copy.deepcopy(har)
    entries = har["log"]["entries"]
    groups = {}
    for e in entries:
        groups.setdefault(instant(e), []).append(e)
    order = list(groups)
    random.Random(7).shuffle(order)
    har["log"]["entries"] = [e for at in order for e in groups[at]]
    return har


def instant(entry):
    return datetime.fromisoformat(entry["startedDateTime"].replace("Z", "+00:00"))


def shift(days, hours, minutes):
    """All times moved by days, told in another time zone."""
    zone = timezone(timedelta(hours=hours, minutes=minutes))

    def change(entry, n):
        moved = (instant(entry) + timedelta(days=days, hours=3, milliseconds=123)).astimezone(zone)
        text = moved.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        sign = "-" if hours < 0 else "+"
        entry["startedDateTime"] = "%s%s%02d:%02d" % (text, sign, abs(hours), abs(minutes))
    return change


def mixed_zones(entry, n):
    """Every entry told in another time zone than the one before."""
    shift(0, (n * 5) % 25 - 12, 0)(entry, n)


def rewrite_json(dump):
    def change(entry, n):
        post = entry["request"].get("postData")
        if post:
            post["text"] = again(post["text"], dump)
        content = entry["response"]["content"]
        if content.get("text"):
            content["text"] = again(content["text"], dump)
    return change


def again(text, dump):
    """Other white space, the same tokens: numbers stay as they were written."""
    try:
        value = json.loads(text, parse_float=Literal, parse_int=Literal)
    except ValueError:
        return text
    marks = {}

    def mark(v):
        if isinstance(v, Literal):
            marks['"@%d@"' % len(marks)] = str(v)
            return "@%d@" % (len(marks) - 1)
        if isinstance(v, dict):
            return {k: mark(x) for k, x in v.items()}
        return [mark(x) for x in v] if isinstance(v, list) else v
    out = dump(mark(value))
    for name, literal in marks.items():
        out = out.replace(name, literal)
    return out


class Literal(str):
    pass


def extra_headers(entry, n):
    entry["request"]["headers"] += [{"name": "User-Agent", "value": "till/7"},
                                    {"name": "CorrelationId", "value": "{%08X-0000-4000-8000-000000000000}" % n},
                                    {"name": "Connection", "value": "keep-alive"}]
    entry["response"].setdefault("headers", []).append({"name": "Server", "value": "x"})


def base64_answers(entry, n):
    content = entry["response"]["content"]
    if content.get("text"):
        content["text"] = base64.b64encode(content["text"].encode()).decode()
        content["encoding"] = "base64"


def gzip_answers(entry, n):
    """A tool that kept the bytes of the wire: gzip, in base64, with the Content-Encoding header."""
    content = entry["response"]["content"]
    if content.get("text"):
        raw = gzip.compress(content["text"].encode(), mtime=0)
        content["text"] = base64.b64encode(raw).decode()
        content["encoding"] = "base64"
        entry["response"]["headers"].append({"name": "Content-Encoding", "value": "gzip"})


def decoded_gzip(entry, n):
    """A browser: the header says gzip, the text is decoded already."""
    if entry["response"]["content"].get("text"):
        entry["response"]["headers"].append({"name": "Content-Encoding", "value": "gzip"})


def bare(entry, n):
    """Only what a reader cannot do without."""
    for name in ("cache", "timings", "serverIPAddress", "connection", "pageref", "comment"):
        entry.pop(name, None)
    for side in ("request", "response"):
        for name in ("cookies", "headersSize", "bodySize", "redirectURL", "statusText"):
            entry[side].pop(name, None)
    entry["request"].pop("queryString", None)
    if not entry["response"].get("headers"):
        entry["response"].pop("headers", None)
    entry["response"]["content"].pop("size", None)


def trimmed_fractions(har):
    """Times with and without fractions: trailing zeros left out. Where more times are round than chance explains, a
    coarser clock may have written them, and no requirement about time is broken by less than its step."""
    har = copy.deepcopy(har)
    times = [e["startedDateTime"] for e in har["log"]["entries"]]
    if sum(text.endswith("0Z") for text in times) * 4 > len(times):
        return har
    for e in har["log"]["entries"]:
        text = e["startedDateTime"]
        if text.endswith("Z") and "." in text:
            e["startedDateTime"] = text[:-1].rstrip("0").rstrip(".") + "Z"
    return har


def browser_clock(har):
    """What Chromium writes: starts cut to whole milliseconds, durations with fractions. The calls themselves stay one
    after another. Where a request follows an answer within two milliseconds, such a clock does not tell their order."""
    har = copy.deepcopy(har)
    entries = har["log"]["entries"]
    spans = sorted((instant(e), instant(e) + timedelta(milliseconds=e["time"])) for e in entries)
    if not entries or any(abs(b[0] - a[1]) < timedelta(milliseconds=2) for a, b in zip(spans, spans[1:])):
        return har
    first = min(instant(e) for e in entries)
    for e in entries:
        start = (instant(e) - first).total_seconds() * 1000
        true_start, true_end = start * 1.000037, (start + e["time"]) * 1.000037
        moved = first + timedelta(milliseconds=int(true_start + 1e-6))
        e["startedDateTime"] = moved.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        e["time"] = round(true_end - true_start, 6)
        e["timings"] = {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0.1, "wait": e["time"] - 0.1, "receive": 0}
    return har


def finer_times(entry, n):
    """Times to the microsecond, as mitmproxy writes them."""
    moved = instant(entry) + timedelta(microseconds=417)
    entry["startedDateTime"] = moved.strftime("%Y-%m-%dT%H:%M:%S.%f") + "+00:00"


def protocol_case(entry, n):
    """Chromium writes http/1.1."""
    for side in ("request", "response"):
        entry[side]["httpVersion"] = entry[side]["httpVersion"].lower()


def browser_like(har):
    """Pages, page references, unknown fields; finer time stamps."""
    har = each_entry(lambda e, n: e.update(pageref="page_1", _priority="High",
                                           startedDateTime=e["startedDateTime"][:-1] + "000Z"))(har)
    har["log"]["pages"] = [{"startedDateTime": har["log"]["entries"][0]["startedDateTime"] if har["log"]["entries"]
                            else "2026-01-01T00:00:00Z", "id": "page_1", "title": "till", "pageTimings": {}}]
    har["log"]["browser"] = {"name": "Firefox", "version": "140"}
    return har


VARIATIONS = {
    "header-case": each_entry(header_case), "header-order": each_entry(header_order), "guid-case": each_entry(guid_case),
    "shuffled": shuffle_entries, "shifted-east": each_entry(shift(100, 5, 30)), "shifted-west": each_entry(shift(-400, -8, 0)),
    "mixed-zones": each_entry(mixed_zones),
    "pretty": each_entry(rewrite_json(lambda v: json.dumps(v, indent=4, ensure_ascii=False))),
    "crlf": each_entry(rewrite_json(lambda v: json.dumps(v, indent=2).replace("\n", "\r\n"))),
    "compact": each_entry(rewrite_json(lambda v: json.dumps(v, separators=(",", ":"), ensure_ascii=True))),
    "extra-headers": each_entry(extra_headers), "base64": each_entry(base64_answers), "gzip": each_entry(gzip_answers),
    "decoded-gzip": each_entry(decoded_gzip), "bare": each_entry(bare), "browser": browser_like,
    "trimmed-fractions": trimmed_fractions, "finer-times": each_entry(finer_times),
    "browser-clock": browser_clock, "protocol-case": each_entry(protocol_case),
}
