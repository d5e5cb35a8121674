//! Raw access in expressions: a header, a query parameter or a part of a body that has no field of its own.
//!
//! `call.header('X-Trace-Id')` is read as one more name of the record, so that the evaluator looks its value up like
//! that of a field, and the rule is not exercised if the capture does not show it.

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};
use std::fmt;

/// The functions, as `poscert rules explain fields` prints them.
pub(crate) const FUNCTIONS: [(&str, &str); 6] = [
    ("call.header('X-Trace-Id')", "the value of the first request header with this name, in any letter case"),
    ("call.header_count('X-Trace-Id')", "the number of request headers with this name; known if a value is masked"),
    ("call.query('expand')", "the decoded value of the first query parameter with this name, in any letter case"),
    ("call.body('/lines/0/sku')", "the value at this JSON pointer (RFC 6901) in the request body; '' is all of it"),
    ("response.header('Retry-After')", "as for the request; there is response.header_count, too"),
    ("response.body('/status')", "as for the request; null if the client received no response"),
];

/// A part of a request or response that an expression names itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawAccess {
    /// Whether it is a part of the response.
    pub of_response: bool,
    /// The part.
    pub part: RawPart,
}

/// What an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RawPart {
    /// The value of the first header with this name, in lower case.
    Header(String),
    /// The number of headers with this name, in lower case.
    HeaderCount(String),
    /// The value of the first query parameter with this name, in lower case.
    Query(String),
    /// The value at this JSON pointer in the body.
    Body(String),
}

impl fmt::Display for RawAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = if self.of_response { "response" } else { "call" };
        let (function, argument) = match &self.part {
            RawPart::Header(name) => ("header", name),
            RawPart::HeaderCount(name) => ("header_count", name),
            RawPart::Query(name) => ("query", name),
            RawPart::Body(pointer) => ("body", pointer),
        };
        write!(f, "{root}.{function}({argument})")
    }
}

impl RawAccess {
    /// The access with this name of the record, as [`fmt::Display`] writes it.
    pub(crate) fn named(name: &str) -> Option<RawAccess> {
        let (call, argument) = name.strip_suffix(')')?.split_once('(')?;
        let (root, function) = call.split_once('.')?;
        RawAccess::new(root, function, argument).ok()
    }

    fn new(root: &str, function: &str, argument: &str) -> Result<RawAccess, String> {
        let of_response = match root {
            "call" => false,
            "response" => true,
            _ => return Err(format!("`{root}` has no functions; they are functions of `call` and `response`")),
        };
        let part = match function {
            "header" => RawPart::Header(header_name(argument)?),
            "header_count" => RawPart::HeaderCount(header_name(argument)?),
            "query" if !of_response && !argument.is_empty() => RawPart::Query(argument.to_ascii_lowercase()),
            "body" if argument.is_empty() || argument.starts_with('/') => RawPart::Body(argument.to_owned()),
            "body" => return Err(format!("`{argument}` is not a JSON pointer: it starts with `/`, as in `/amount`")),
            _ => {
                let known =
                    if of_response { "header, header_count and body" } else { "header, header_count, query and body" };
                return Err(format!("unknown function `{root}.{function}`; `{root}` has {known}, each with one name"));
            }
        };
        Ok(RawAccess { of_response, part })
    }
}

fn header_name(name: &str) -> Result<String, String> {
    // A token (RFC 9110 section 5.6.2).
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(format!("`{name}` is not a header name"));
    }
    Ok(name.to_ascii_lowercase())
}

/// What an expression reads.
#[derive(Clone, Copy, Default)]
struct Reads {
    /// It has raw access.
    raw: bool,
    /// It is a number from raw access, which is a double.
    double: bool,
}

/// Operators and functions that return a double for doubles.
const NUMERIC: [&str; 9] = ["_+_", "_-_", "_*_", "_/_", "-_", "_?_:_", "min", "max", "double"];

/// Replaces each raw access in an expression by its name; returns whether there is one. CEL has no arithmetic of whole
/// numbers with doubles, and numbers of bodies are doubles, so that whole numbers beside them become doubles, too.
///
/// # Errors
/// A function of `call` or `response` that does not exist, or whose argument is not a literal of the right form.
pub(super) fn resolve(expr: &mut IdedExpr) -> Result<bool, String> {
    Ok(reads(expr)?.raw)
}

fn reads(expr: &mut IdedExpr) -> Result<Reads, String> {
    match &mut expr.expr {
        Expr::Call(call) => {
            if let Some(Expr::Ident(root)) = call.target.as_ref().map(|target| &target.expr) {
                let argument = match call.args.as_slice() {
                    [IdedExpr { expr: Expr::Literal(LiteralValue::String(text)), .. }] => text.inner(),
                    _ => return Err(format!("`{root}.{}` takes one text in quotes", call.func_name)),
                };
                let access = RawAccess::new(root, &call.func_name, argument)?;
                let double = matches!(access.part, RawPart::Body(_) | RawPart::HeaderCount(_));
                expr.expr = Expr::Ident(access.to_string());
                return Ok(Reads { raw: true, double });
            }
            let all = all(&mut call.target.iter_mut().map(|target| &mut **target).chain(&mut call.args))?;
            let double = all.double && NUMERIC.contains(&call.func_name.as_str());
            if double {
                call.args.iter_mut().for_each(as_double);
            }
            Ok(Reads { double, ..all })
        }
        Expr::Select(select) => reads(&mut select.operand),
        Expr::List(list) => Ok(Reads { double: false, ..all(&mut list.elements.iter_mut())? }),
        Expr::Map(map) => all(&mut map.entries.iter_mut().flat_map(|entry| match &mut entry.expr {
            EntryExpr::MapEntry(entry) => vec![&mut entry.key, &mut entry.value],
            EntryExpr::StructField(field) => vec![&mut field.value],
        })),
        _ => Ok(Reads::default()),
    }
}

fn as_double(expr: &mut IdedExpr) {
    if let Expr::Literal(LiteralValue::Int(whole)) = &expr.expr {
        let double = *whole.inner() as f64;
        expr.expr = Expr::Literal(LiteralValue::Double(double.into()));
    }
}

fn all(list: &mut dyn Iterator<Item = &mut IdedExpr>) -> Result<Reads, String> {
    let mut found = Reads::default();
    for one in list {
        let one = reads(one)?;
        found = Reads { raw: found.raw || one.raw, double: found.double || one.double };
    }
    Ok(found)
}
