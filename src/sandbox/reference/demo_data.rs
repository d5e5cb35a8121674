//! The test data of the sandbox in the reference: clients, stores and customers.

use super::super::ClientCredentials;
use super::super::seed_data::{self, OTHER_VAT};
use crate::api::customer::{CERTIFICATION_VAT, CUSTOMERS};
use maud::{Markup, html};

/// The section with the test data.
pub(super) fn render(clients: &[ClientCredentials]) -> Markup {
    html! {
        section #data {
            h2 { "Test clients, stores and customers" }
            h3 { "Clients" }
            table {
                thead { tr { th { "Client id" } th { "Secret" } th { "Integrator" } } }
                tbody {
                    @for client in clients {
                        tr { td { code { (client.client_id) } } td { code { (client.client_secret) } } td { (client.integrator) } }
                    }
                }
            }
            h3 { "Stores" }
            p.dim { (CERTIFICATION_VAT.join(" and ")) " belong to the certification merchant, " (OTHER_VAT) " to another one." }
            table {
                thead { tr { th { "Store id" } th { "VAT number" } th { "Brand, location" } th { "Name" } } }
                tbody {
                    @for store in seed_data::stores() {
                        tr {
                            td { code { (store.id.as_str()) } } td { code { (store.vat) } }
                            td { code { (store.brand_id) } ", " code { (store.location_id) } }
                            td { (store.name) @if !store.active { span.dim { " (not active)" } } }
                        }
                    }
                }
            }
            h3 { "Customers" }
            table {
                thead { tr { th { "Phone number" } th { "Account" } } }
                tbody { @for (phone, account) in CUSTOMERS { tr { td { code { (phone) } } td { (account.described()) } } } }
            }
        }
    }
}
