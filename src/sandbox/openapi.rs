//! The sandbox's own OpenAPI 3 description, generated from the tables it uses itself: operations, body shapes,
//! responses, error codes. It follows the documentation and copies nothing from another description.

use super::api_error::is_refund;
use super::{api_texts, schema};
use crate::api::error::{self, ErrorCode};
use crate::api::shape::{self, Field, Kind};
use crate::api::{Operation, header};
use serde_json::{Map, Value, json};

const BASE: &str = "/pos/v10";
/// The documented content types of request bodies.
const CONTENT_TYPES: [&str; 4] = ["application/json", "application/json-patch+json", "text/json", "application/*+json"];

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

const WITH_PHONE: &[Field] = &[field("beaconId", Kind::Beacon), field("phoneNumber", Kind::Text)];
/// Path, operation id, summary and fields of each operation of the customer simulation API.
const SIMULATIONS: [(&str, &str, &str, &[Field]); 3] = [
    ("checkin", "UserSimulationCheckin", "Checks a customer in at a PoS", WITH_PHONE),
    ("acceptpayment", "UserSimulationAcceptPayment", "Accepts the payment issued to a customer", WITH_PHONE),
    (
        "cancelpaymentbyuser",
        "UserSimulationCancelPayment",
        "Cancels the payment on a PoS on behalf of the customer",
        &[field("beaconId", Kind::Beacon)],
    ),
];

/// The complete description.
pub(super) fn description() -> Value {
    let mut paths = Map::new();
    for operation in Operation::ALL {
        let path = format!("{BASE}{}", operation.template());
        let method = operation.method().to_ascii_lowercase();
        entry(&mut paths, path, method, described(operation));
    }
    entry(&mut paths, "/integrator-authentication/connect/token".into(), "post".into(), token());
    for (act, id, summary, fields) in SIMULATIONS {
        entry(&mut paths, format!("/pos/app/usersimulation/{act}"), "post".into(), simulation(id, summary, fields));
    }
    let schemas = named_requests(&mut paths);
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "The simulated PoS API v10",
            "description": "The API of the poscert sandbox. An operation is identified by the path after /v10, whatever the prefix.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "client": {"type": "http", "scheme": "basic"},
            },
        },
    })
}

/// Moves the request schema that several content types of an operation share to a named component, so that client
/// generators create one class instead of one for each.
fn named_requests(paths: &mut Map<String, Value>) -> Map<String, Value> {
    let mut schemas = Map::new();
    let operations = paths.values_mut().filter_map(Value::as_object_mut).flat_map(|methods| methods.values_mut());
    for operation in operations {
        let name = format!("{}Request", operation["operationId"].as_str().unwrap_or_default());
        let content = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut);
        let Some(content) = content.filter(|content| content.len() > 1) else { continue };
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        for kind in content.values_mut() {
            let schema = std::mem::replace(&mut kind["schema"], reference.clone());
            schemas.entry(name.clone()).or_insert(schema);
        }
    }
    schemas
}

fn entry(paths: &mut Map<String, Value>, path: String, method: String, operation: Value) {
    let methods = paths.entry(path).or_insert_with(|| json!({}));
    methods[method] = operation;
}

fn described(operation: Operation) -> Value {
    let mut described = json!({
        "operationId": operation.name(),
        "summary": api_texts::summary(operation),
        "parameters": parameters(operation),
        "responses": responses(operation),
        "security": [{"token": []}],
    });
    if let Some(schema) = schema::of_request(operation) {
        described["requestBody"] = request_body(&schema, &CONTENT_TYPES, &api_texts::example(shape::fields(operation)));
    }
    described
}

fn request_body(schema: &Value, content_types: &[&str], example: &Value) -> Value {
    let content = content_types.iter().map(|kind| ((*kind).to_owned(), json!({"schema": schema, "example": example})));
    let content: Map<String, Value> = content.collect();
    json!({"required": true, "content": content})
}

fn parameters(operation: Operation) -> Vec<Value> {
    let parameter = |name: &str, place: &str, required: bool, schema: Value| json!({"name": name, "in": place, "required": required, "schema": schema});
    let mut all = Vec::new();
    if let Some(name) = operation.template().split(['{', '}']).nth(1) {
        all.push(parameter(name, "path", true, json!({"type": "string", "format": "uuid"})));
    }
    for name in operation.parameters() {
        all.push(parameter(name, "query", false, query_schema(name)));
    }
    let mut header = |name: &'static str, required: bool, schema: Value| {
        let mut one = parameter(&shown(name), "header", required, schema);
        one["description"] = api_texts::why(name).into();
        all.push(one);
    };
    let vat = json!({"type": "string", "pattern": "^(DK|FI)[0-9]{8}$"});
    header(header::VAT, false, vat);
    let version = json!({"type": "string", "pattern": "^[0-9]{1,5}\\.[0-9]{1,5}\\.[0-9]{1,5}$"});
    header(header::VERSION, true, version);
    if operation.creates() {
        header(header::KEY, true, schema::text());
    }
    all
}

/// The conventional spelling of a header: `X-MobilePay-Merchant-VAT-Number`.
pub(super) fn shown(header: &str) -> String {
    let part = |part: &str| match part {
        "mobilepay" => "MobilePay".to_owned(),
        "vat" | "ibm" => part.to_ascii_uppercase(),
        other => other.get(..1).unwrap_or_default().to_ascii_uppercase() + other.get(1..).unwrap_or_default(),
    };
    header.split('-').map(part).collect::<Vec<_>>().join("-")
}

fn query_schema(name: &str) -> Value {
    match name {
        "posId" | "storeId" | "paymentId" => json!({"type": "string", "format": "uuid"}),
        "state" => json!({"type": "string", "enum": ["Captured"]}),
        _ => json!({"type": "string"}),
    }
}

fn responses(operation: Operation) -> Value {
    let error = || json!({"application/json": {"schema": schema::error(is_refund(operation))}});
    let mut all = Map::new();
    let mut done = json!({"description": "Done"});
    if let Some(schema) = schema::of_answer(schema::answer(operation)) {
        done["content"] = json!({"application/json": {"schema": schema}});
    }
    all.insert("200".into(), done);
    all.insert(
        "401".into(),
        json!({"description": "The access token is missing, malformed, expired or of another issuer"}),
    );
    if operation.template().contains('{') {
        let mut missing = json!({"description": "No resource has that id"});
        if operation == Operation::CAPTURE_REFUND {
            missing["content"] = error();
        }
        all.insert("404".into(), missing);
    }
    for status in [400, 403, 409, 500] {
        let codes: Vec<&ErrorCode> =
            error::COMMON.iter().chain(error::of_operation(operation)).filter(|code| code.status == status).collect();
        if !codes.is_empty() {
            let listed: Vec<String> = codes.iter().map(|code| format!("{} {}", code.code, code.message)).collect();
            all.insert(status.to_string(), json!({"description": listed.join("; "), "content": error()}));
        }
    }
    Value::Object(all)
}

fn token() -> Value {
    let text = || json!({"type": "string"});
    let form = json!({
        "type": "object",
        "properties": {
            "grant_type": {"type": "string", "enum": ["client_credentials"]},
            "merchant_vat": {"type": "string", "pattern": "^(DK|FI)[0-9]{8}$"},
            "client_id": text(),
            "client_secret": text(),
        },
        "required": ["grant_type"],
    });
    let granted = json!({
        "type": "object",
        "properties": {"access_token": text(), "expires_in": {"type": "integer"}, "token_type": text(), "scope": text()},
        "required": ["access_token", "expires_in", "token_type", "scope"],
        "additionalProperties": false,
    });
    let denied = json!({
        "type": "object",
        "properties": {"error": text(), "error_description": text()},
        "required": ["error"],
        "additionalProperties": false,
    });
    let answer = |description: &str, schema: &Value| json!({"description": description, "content": {"application/json": {"schema": schema}}});
    json!({
        "operationId": "GetToken",
        "summary": "Issues an access token for client credentials, sent by HTTP Basic or in the form",
        "requestBody": request_body(&form, &["application/x-www-form-urlencoded"], &json!({"grant_type": "client_credentials"})),
        "responses": {
            "200": answer("The token", &granted),
            "400": answer("The form is invalid", &denied),
            "401": answer("The client is unknown or its secret is wrong", &denied),
        },
        "security": [{"client": []}, {}],
    })
}

fn simulation(id: &str, summary: &str, fields: &[Field]) -> Value {
    json!({
        "operationId": id,
        "summary": summary,
        "requestBody": request_body(&schema::request(fields), &CONTENT_TYPES, &api_texts::example(fields)),
        "responses": {
            "200": {"description": "Done"},
            "400": {
                "description": "The action is not possible; the message says why",
                "content": {"application/json": {"schema": schema::error(false)}},
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_names_have_the_conventional_spelling() {
        assert_eq!(shown(header::VAT), "X-MobilePay-Merchant-VAT-Number");
        assert_eq!(shown(header::KEY), "X-MobilePay-Idempotency-Key");
    }

    #[test]
    fn every_operation_is_described_with_its_error_codes() {
        let description = description();
        for operation in Operation::ALL {
            let method = operation.method().to_ascii_lowercase();
            let described = &description["paths"][format!("{BASE}{}", operation.template())][method];
            assert_eq!(described["operationId"], operation.name());
            for code in error::COMMON.iter().chain(error::of_operation(operation)) {
                let text = described["responses"][code.status.to_string()]["description"].as_str();
                let listed = text.is_some_and(|text| text.contains(&code.code.to_string()));
                assert!(listed || code.status == 404, "{operation}: {}", code.code);
            }
        }
    }
}
