"""Compares the sandbox's own OpenAPI description with a reference one: operations, parameters, fields, types, required.

    python compare_openapi.py REFERENCE.yaml OURS.json

Prints one line per difference and exits 1 if there is any. What the sandbox documents beyond the reference (its token
endpoint, the answers that say why a simulated customer did nothing) is listed below, and is no difference.
"""
import json
import sys

import yaml

EXTRA_OPERATIONS = {("post", "/integrator-authentication/connect/token")}
METHODS = {"get", "post", "put", "delete", "patch"}


def resolve(document, schema):
    """A schema without `$ref` and `allOf`."""
    schema = dict(schema)
    if "$ref" in schema:
        target = document
        for part in schema.pop("$ref").removeprefix("#/").split("/"):
            target = target[part]
        schema = {**resolve(document, target), **schema}
    for part in schema.pop("allOf", []):
        schema = {**resolve(document, part), **schema}
    return schema


def kind(schema):
    """The type of a schema: what a client that is generated from it would distinguish."""
    text = schema.get("type", "any")
    if schema.get("format") in ("uuid", "date-time"):
        text += f":{schema['format']}"
    if "enum" in schema:
        text += ":" + "|".join(sorted(str(name) for name in schema["enum"] if name is not None))
    if schema.get("uniqueItems"):
        text += ":set"
    return text


def fields(document, schema, path, found):
    """Each field of a schema by its path, with type and whether it is required."""
    schema = resolve(document, schema)
    if schema.get("type") == "array":
        items = resolve(document, schema.get("items", {}))
        found[path + "[]"] = kind(items)
        fields(document, items, path + "[]", found)
    if schema.get("type") == "object" and schema.get("additionalProperties", True) is not False:
        found[path + " (open)"] = "takes unknown fields"
    for name, inner in schema.get("properties", {}).items():
        inner = resolve(document, inner)
        here = f"{path}.{name}"
        found[here] = kind(inner) + (", required" if name in schema.get("required", []) else "")
        fields(document, inner, here, found)
    return found


def contents(document, holder, path, found):
    for content_type, media in holder.get("content", {}).items():
        schema = resolve(document, media.get("schema", {}))
        found[f"{path} {content_type}"] = kind(schema)
        fields(document, schema, f"{path} {content_type}", found)


def operation_facts(document, operation):
    """All facts of an operation that are compared, by name."""
    found = {"operationId": operation.get("operationId")}
    for parameter in operation.get("parameters", []):
        required = ", required" if parameter.get("required") else ""
        found[f"{parameter['in']} {parameter['name'].lower()}"] = kind(resolve(document, parameter["schema"])) + required
    # OpenAPI 3 has tools ignore a parameter `Authorization`: a security scheme says the same.
    if any("token" in way for way in operation.get("security", [])):
        found["header authorization"] = "string, required"
    body = operation.get("requestBody", {})
    if body:
        found["body"] = "required" if body.get("required") else "optional"
        contents(document, body, "body", found)
    for status, response in operation["responses"].items():
        found[f"answer {status}"] = "documented"
        contents(document, response, f"answer {status}", found)
    return found


def operations(document):
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def ours_alone_is_fine(key, operation):
    """Answers that the reference leaves out, though the documentation's table of codes or the sandbox has them."""
    _, path = operation
    return (
        ("/usersimulation/" in path and key.startswith("answer 400"))
        or (path.endswith("/refunds/{refundid}/capture") and key.startswith("answer 404 application/json"))
    )


def theirs_alone_is_fine(key, operation):
    """The customer simulation of the sandbox asks for no token and has no errors of its own."""
    return "/usersimulation/" in operation[1] and key in ("answer 401", "answer 500")


def differences(reference, ours):
    left, right = operations(reference), operations(ours)
    for operation in sorted(left.keys() | right.keys()):
        name = " ".join(operation)
        if operation not in right:
            yield f"{name}: only in the reference"
        elif operation not in left:
            if operation not in EXTRA_OPERATIONS:
                yield f"{name}: only in ours"
        else:
            wanted = operation_facts(reference, left[operation])
            given = operation_facts(ours, right[operation])
            for key in sorted(wanted.keys() | given.keys()):
                if wanted.get(key) == given.get(key):
                    continue
                if key not in wanted and ours_alone_is_fine(key, operation):
                    continue
                if key not in given and theirs_alone_is_fine(key, operation):
                    continue
                yield f"{name}: {key}: reference {wanted.get(key, 'has none')!r}, ours {given.get(key, 'has none')!r}"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        reference = yaml.safe_load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        ours = json.load(file)
    found = list(differences(reference, ours))
    for line in found:
        print(line)
    print(f"{len(operations(ours))} operations compared, {len(found)} differences")
    sys.exit(1 if found else 0)


main()
