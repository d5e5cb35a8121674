//! Idempotency keys: the same key and the same request return the first response again (api_principles#error_handling).
//!
//! Only a create that was carried out stores its key; a refused one leaves it usable. Keys belong to a client id.

use super::body::Body;
use super::clock::Moment;
use crate::api::id;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// How long a key is remembered; the documentation guarantees at least 24 hours.
pub(super) const KEPT: Duration = Duration::from_secs(48 * 3600);

/// A request as compared for idempotency: its merchant and its parsed body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The merchant's VAT number.
    pub vat: String,
    /// The body; its variant is the operation.
    pub body: Body,
}

/// The result of looking up a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// The key is unknown: carry out the request.
    New,
    /// The key was used for the same request, which got this response.
    Same(Value),
    /// The key was used for another request.
    Other,
}

/// The client id, and the key (a GUID in lower case).
type Name = (String, String);

/// The remembered keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    kept: HashMap<Name, (Request, Value, Moment)>,
    oldest_first: VecDeque<(Name, Moment)>,
}

impl Keys {
    /// Looks up a client's key at that moment.
    pub(super) fn find(&self, client_id: &str, key: &str, request: &Request, now: Moment) -> Found {
        match self.kept.get(&name(client_id, key)) {
            Some((_, _, since)) if now.saturating_sub(*since) >= KEPT => Found::New,
            Some((first, answer, _)) if first == request => Found::Same(answer.clone()),
            Some(_) => Found::Other,
            None => Found::New,
        }
    }

    /// Stores the response to a request with that key, and drops expired keys.
    pub(super) fn keep(&mut self, client_id: &str, key: &str, request: Request, answer: Value, now: Moment) {
        while let Some((name, since)) = self.oldest_first.front() {
            if now.saturating_sub(*since) < KEPT {
                break;
            }
            if self.kept.get(name).is_some_and(|(_, _, at)| at == since) {
                self.kept.remove(name);
            }
            self.oldest_first.pop_front();
        }
        let name = name(client_id, key);
        self.oldest_first.push_back((name.clone(), now));
        self.kept.insert(name, (request, answer, now));
    }
}

fn name(client_id: &str, key: &str) -> Name {
    (client_id.to_owned(), id::canonical(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Amount, Guid};
    use crate::sandbox::body::NewPayment;
    use proptest::prelude::*;

    fn request(order: u8) -> Request {
        let pos_id = Guid::parse("9d0a9c45-1793-4e82-9410-b0ee6779ab60").unwrap();
        Request { vat: "DK90000028".into(), body: Body::Prepare(NewPayment { pos_id, order_id: order.to_string() }) }
    }

    #[test]
    fn guid_keys_ignore_case_and_merchant_and_operation_are_compared() {
        let mut keys = Keys::default();
        keys.keep("c", "AAAAAAAA-0000-4000-8000-000000000001", request(1), 1.into(), Moment::ZERO);
        let find = |client: &str, request: &Request| {
            keys.find(client, "aaaaaaaa-0000-4000-8000-000000000001", request, Moment::ZERO)
        };
        assert_eq!(find("c", &request(1)), Found::Same(1.into()));
        assert_eq!(find("c", &request(2)), Found::Other);
        assert_eq!(find("d", &request(1)), Found::New);
        assert_eq!(find("c", &Request { vat: "FI90000040".into(), ..request(1) }), Found::Other);
        assert_eq!(find("c", &Request { body: Body::Capture(Amount(1)), ..request(1) }), Found::Other);
    }

    proptest! {
        /// Compares with a model that remembers everything: a key stored within a day is found, with its first
        /// response.
        #[test]
        fn key_returns_its_first_response_for_a_day(acts in prop::collection::vec((0u8..3, 0u8..4, 0u8..3, 0u64..90_000), 1..60)) {
            let mut keys = Keys::default();
            let mut model: HashMap<(u8, u8), (u8, usize, Moment)> = HashMap::new();
            let mut now = Moment::ZERO;
            for (number, (client, key, order, wait)) in acts.into_iter().enumerate() {
                now += Duration::from_secs(wait);
                let (client_name, key_name) = (client.to_string(), key.to_string());
                let found = keys.find(&client_name, &key_name, &request(order), now);
                let known = model.get(&(client, key)).filter(|(_, _, since)| now.checked_sub(*since).unwrap() < KEPT);
                match known {
                    Some((first, answer, _)) if *first == order => prop_assert_eq!(found, Found::Same((*answer).into())),
                    Some(_) => prop_assert_eq!(found, Found::Other),
                    None => {
                        prop_assert_eq!(found, Found::New);
                        keys.keep(&client_name, &key_name, request(order), number.into(), now);
                        model.insert((client, key), (order, number, now));
                    }
                }
                prop_assert!(keys.kept.len() <= 12 && keys.oldest_first.len() >= keys.kept.len());
            }
        }
    }
}
