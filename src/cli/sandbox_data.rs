//! What a client needs to call the simulated backend: headers, test clients, stores and customers.

use crate::api::customer::{CERTIFICATION_VAT, CUSTOMERS};
use crate::api::header;
use crate::sandbox::Sandbox;
use crate::sandbox::seed_data::{self, OTHER_VAT};
use std::fmt::Write as _;

/// Headers, clients, stores and customers as text.
pub(super) fn text(sandbox: &Sandbox) -> String {
    let mut text = String::new();
    let mut line = |args: std::fmt::Arguments| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{args}");
    };
    line(format_args!("Headers of each call"));
    let client = sandbox.clients().first().map(|client| client.client_id.as_str()).unwrap_or_default();
    let vat = CERTIFICATION_VAT.first().copied().unwrap_or_default();
    for (name, value, note) in [
        ("Authorization", "Bearer TOKEN", ""),
        (header::CLIENT_ID, client, ""),
        (header::VERSION, "1.0.0", "Major.Minor.Build of the client"),
        (header::VAT, vat, "or merchant_vat in the token request"),
        (header::KEY, "a new GUID", "only calls that create something"),
    ] {
        line(format_args!("{}", format!("  {name:<34} {value:<38} {note}").trim_end()));
    }
    line(format_args!("\nTest clients: client id, secret, integrator"));
    for client in sandbox.clients() {
        line(format_args!("  {}  {:<20}  {}", client.client_id, client.client_secret, client.integrator));
    }
    line(format_args!("\nStores: store id, VAT number, merchantBrandId, merchantLocationId"));
    for store in seed_data::stores() {
        let closed = if store.active { "" } else { "  (not active)" };
        line(format_args!(
            "  {}  {}  {}  {}  {}{closed}",
            store.id, store.vat, store.brand_id, store.location_id, store.name
        ));
    }
    line(format_args!(
        "  {} belong to the certification merchant, {OTHER_VAT} to another one",
        CERTIFICATION_VAT.join(" and ")
    ));
    line(format_args!("\nCustomers"));
    for (phone, account) in CUSTOMERS {
        line(format_args!("  {phone:<14} {}", account.described()));
    }
    text
}
