"""Mutations of single requests while they are sent (hooks), and of single entries of a finished HAR (bend_entries)."""
import json
from datetime import datetime, timedelta

from wire import guid, har_of


def request_hooks(dice):
    return [dice.choice(HOOKS) for _ in range(dice.choice([1, 1, 2]))]


def rarely(change):
    def hook(c, method, path, headers, text):
        if c.dice.random() < 0.06:
            return change(c, method, path, list(headers), text)
        return method, path, headers, text
    return hook


def header_change(name, *values):
    """Changes one header: another value, None to remove it, or a pair to send it twice."""
    def change(c, method, path, headers, text):
        value = c.dice.choice(values)
        same = [v for n, v in headers if n.lower() == name]
        if not same:
            return method, path, headers, text
        headers = [h for h in headers if h[0].lower() != name]
        if value == "twice":
            headers += [(name, same[0])] * 2
        elif value is not None:
            headers.append((name, value))
        return method, path, headers, text
    return rarely(change)


def body_change(change):
    def bend(c, method, path, headers, text):
        if not text or not text.startswith("{"):
            return method, path, headers, text
        return method, path, headers, change(c, text)
    return rarely(bend)


def twice(c, text):
    body = json.loads(text)
    name = c.dice.choice(sorted(body))
    spelled = c.dice.choice([name, name, "\\u%04x%s" % (ord(name[0]), name[1:])])
    value = c.dice.choice([body[name], "x", 1])
    return text[:-1] + ', "%s": %s}' % (spelled, json.dumps(value))


def reform(c, text):
    body = json.loads(text)
    kind = c.dice.choice(["bom", "number-text", "unknown", "nulls", "crlf", "missing", "long", "exponent", "zeros", "array", "cut"])
    if kind == "bom":
        return "\ufeff" + text
    if kind == "crlf":
        return json.dumps(body, indent=2).replace("\n", "\r\n")
    if kind == "array":
        return "[%s]" % text
    if kind == "cut":
        return text[:-3]
    if kind == "unknown":
        body["description"] = "x"
    if kind == "missing":
        body.pop(c.dice.choice(sorted(body)))
    if kind == "long":
        name = next((n for n in ("orderId", "name", "refundOrderId") if n in body), None)
        if name:
            body[name] = "x" * 37
    if "amount" in body:
        amount = body["amount"]
        if kind == "number-text":
            body["amount"] = "%.2f" % amount
        if kind in ("exponent", "zeros"):
            body["amount"] = "@"
            written = "%se0" % amount if kind == "exponent" else "%.3f" % amount
            return json.dumps(body).replace('"@"', written)
    return json.dumps(body)


def bad_amount(c, text):
    body = json.loads(text)
    if "amount" not in body:
        return text
    body["amount"] = c.dice.choice([0, -5, body["amount"] + 0.001, "abc", None, True, str(body["amount"]), 99.999])
    return json.dumps(body)


def path_change(c, method, path, headers, text):
    kind = c.dice.choice(["undocumented", "no-guid", "token", "query", "base"])
    if kind == "undocumented":
        return method, "/payments/%s/refund" % guid("x"), headers, text
    if kind == "no-guid" and path.count("/") >= 2 and "prepare" not in path:
        parts = path.split("/")
        parts[2] = "12345"
        return method, "/".join(parts), headers, text
    if kind == "token":
        return method, path + ("&" if "?" in path else "?") + "access_token=abc", headers, text
    if kind == "query":
        return method, path + ("&" if "?" in path else "?") + "foo=bar", headers, text
    return method, path, headers, text


HOOKS = [
    header_change("authorization", None, "twice", "Bearer ", "Basic abc"),
    header_change("x-mobilepay-client-system-version", None, "twice", "1.2", "1.2.9", "1.3.0", "v1.2.3"),
    header_change("x-mobilepay-merchant-vat-number", None, "twice", "90000028", "FI90000040", "DKDK90000028"),
    header_change("x-ibm-client-id", None, "abc", "5D2F1B7C-3C1E-4C5A-9A55-0F2F1F8E2A10", guid("other client")),
    header_change("x-mobilepay-idempotency-key", None, "twice", "", "x" * 37, "4711"),
    body_change(twice), body_change(reform), body_change(reform), body_change(bad_amount), rarely(path_change),
]


def shifted(entry, ms):
    at = datetime.fromisoformat(entry["startedDateTime"].replace("Z", "+00:00")) + timedelta(milliseconds=ms)
    return dict(entry, startedDateTime=at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z")


def answered(entry, status, text="", took=None):
    response = dict(entry["response"], status=status, bodySize=len(text) if status else -1, httpVersion="HTTP/1.1" if status else "",
                    content={"size": len(text), "mimeType": "application/json", "text": text},
                    headers=[{"name": "Content-Length", "value": str(len(text))}] if status else [])
    return dict(entry, response=response, time=took if took is not None else entry["time"])


def bend_entries(har, dice):
    entries, said = har["log"]["entries"], []
    for _ in range(dice.choice([1, 1, 2])):
        at = dice.randrange(2, len(entries))
        kind = dice.choice(["drop", "drop", "repeat", "fail", "lose", "refuse", "amount", "empty"])
        entry = entries[at]
        text = entry["request"].get("postData", {}).get("text") or ""
        if kind == "drop":
            del entries[at]
        elif kind == "repeat":
            entries.append(shifted(entry, entry["time"] + dice.choice([150, 2500, 40000])))
        elif kind == "fail":
            entries[at] = answered(entry, dice.choice([500, 500, 503]), "")
        elif kind == "lose":
            entries[at] = answered(entry, 0, "")
        elif kind == "refuse":
            code = dice.choice(["1301", "1000"] if entry["request"]["url"].endswith(("/payments", "/prepare")) else ["1304", "1307"])
            entries[at] = answered(entry, 409, '{"code": "%s", "message": "x", "correlationId": "c"}' % code)
        elif kind == "empty":
            entries[at] = answered(entry, 200, dice.choice(["", "{}", "null"]))
        elif kind == "amount" and '"amount"' in text:
            body = json.loads(text) if text.startswith("{") else {}
            if isinstance(body.get("amount"), (int, float)) and not isinstance(body.get("amount"), bool):
                body["amount"] = round(body["amount"] + dice.choice([-1, 1, 0.001, 40]), 3)
                entry["request"]["postData"]["text"] = json.dumps(body)
                entry["request"]["bodySize"] = len(json.dumps(body))
        said.append("%s@%d" % (kind, at + 1))
    entries.sort(key=lambda e: e["startedDateTime"])
    return har_of(entries), said
