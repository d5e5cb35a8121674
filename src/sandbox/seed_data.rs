//! The merchants and their stores: the certification merchant of the API's documentation, and a second one to test
//! refused access.

use super::api_error::Refusal;
use crate::api::customer::{CERTIFICATION_BRAND, CERTIFICATION_LOCATION, CERTIFICATION_VAT};
use crate::api::{Amount, Guid, Route, error};
use serde_json::{Value, json};

/// A store of a merchant.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub id: Guid,
    /// The VAT number of its merchant.
    pub vat: String,
    /// The store's name.
    pub name: &'static str,
    /// Street, zip code, city.
    pub address: [&'static str; 3],
    /// The brand's name.
    pub brand: &'static str,
    /// `merchantBrandId`.
    pub brand_id: &'static str,
    /// `merchantLocationId`.
    pub location_id: &'static str,
    /// Whether payments can be made in the store.
    pub active: bool,
    /// The amount it can refund; `None`: no limit.
    pub balance: Option<Amount>,
}

/// The VAT number of the second merchant.
pub(crate) const OTHER_VAT: &str = "DK10000001";

type Row =
    (&'static str, &'static str, &'static str, [&'static str; 3], &'static str, &'static str, &'static str, bool);

/// id, VAT, name, address, brand, brand id, location id, active.
const STORES: [Row; 4] = [
    (
        "9d0a9c45-1793-4e82-9410-b0ee6779ab60",
        CERTIFICATION_VAT[0],
        "Certification Copenhagen",
        ["Vester Søgade 10", "1601", "København V"],
        "Certification",
        CERTIFICATION_BRAND,
        CERTIFICATION_LOCATION,
        true,
    ),
    (
        "5c4f7c0e-5f0b-4f0e-9a52-4f0d6d3d1f02",
        CERTIFICATION_VAT[1],
        "Certification Helsinki",
        ["Keskuskatu 4", "00100", "Helsinki"],
        "Certification",
        CERTIFICATION_BRAND,
        CERTIFICATION_LOCATION,
        true,
    ),
    (
        "77b9a1d4-2c3e-4b55-8f61-0a9e5d7c1103",
        OTHER_VAT,
        "Other Merchant, open",
        ["Nørregade 1", "8000", "Aarhus C"],
        "Other Merchant",
        "POSDK10001",
        "10001",
        true,
    ),
    (
        "77b9a1d4-2c3e-4b55-8f61-0a9e5d7c1104",
        OTHER_VAT,
        "Other Merchant, closed",
        ["Nørregade 2", "8000", "Aarhus C"],
        "Other Merchant",
        "POSDK10001",
        "10002",
        false,
    ),
];

/// The stores of a new sandbox.
pub(crate) fn stores() -> Vec<Store> {
    let store = |(id, vat, name, address, brand, brand_id, location_id, active): Row| {
        let vat = vat.to_owned();
        Some(Store { id: Guid::parse(id)?, vat, name, address, brand, brand_id, location_id, active, balance: None })
    };
    STORES.into_iter().filter_map(store).collect()
}

impl Store {
    /// The store as the body of a response.
    pub(crate) fn answer(&self) -> Value {
        let [street, zip_code, city] = self.address;
        json!({
            "storeId": self.id.as_str(),
            "storeName": self.name,
            "storeStreet": street,
            "storeZipCode": zip_code,
            "storeCity": city,
            "brandName": self.brand,
            "merchantBrandId": self.brand_id,
            "merchantLocationId": self.location_id,
        })
    }
}

/// The brand and location in the query: both, or `None` if neither is present; otherwise the error code.
pub(crate) fn filter(route: &Route) -> Result<Option<(&str, &str)>, Refusal> {
    let given = |name| route.parameter(name).filter(|value| !value.is_empty());
    let (brand, location) = (given("merchantBrandId"), given("merchantLocationId"));
    if let Some(brand) = brand.filter(|brand| !is_brand_id(brand)) {
        return Err(Refusal::Code(
            error::BRAND_ID,
            format!("{brand:?} is not MPPOS, POSDK or POSFI and five characters"),
        ));
    }
    if let Some(location) = location.filter(|location| !is_location_id(location)) {
        return Err(Refusal::Code(error::LOCATION_ID, format!("{location:?} is not five characters long")));
    }
    match (brand, location) {
        (None, None) => Ok(None),
        (Some(brand), Some(location)) => Ok(Some((brand, location))),
        _ => Err(error::STORE_FILTER.into()),
    }
}

fn is_brand_id(text: &str) -> bool {
    let rest = ["MPPOS", "POSDK", "POSFI"].into_iter().find_map(|prefix| text.strip_prefix(prefix));
    rest.is_some_and(|rest| rest.len() == 5 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn is_location_id(text: &str) -> bool {
    text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_store_has_a_valid_id() {
        assert_eq!(stores().len(), STORES.len());
        assert!(stores().iter().all(|store| is_brand_id(store.brand_id) && is_location_id(store.location_id)));
    }

    #[test]
    fn filter_needs_both_brand_and_location_or_neither() {
        let of = |query: &str| {
            filter(&crate::profile::pos_v10().route("GET", &format!("/v10/stores?{query}"))).map(|f| f.is_some())
        };
        let code = |query: &str| of(query).err().and_then(|refusal| refusal.code());
        assert_eq!(of(""), Ok(false));
        assert_eq!(of("merchantBrandId=MPPOSCERT1&merchantLocationId=00001"), Ok(true));
        assert_eq!(code("merchantBrandId=MPPOSCERT1"), Some(1122));
        assert_eq!(code("merchantLocationId=00001"), Some(1122));
        assert_eq!(code("merchantBrandId=CERT1&merchantLocationId=00001"), Some(1119));
        assert_eq!(code("merchantBrandId=MPPOSCERT1&merchantLocationId=1"), Some(1120));
    }
}
