//! Encoding of records: MessagePack maps keyed by field name, so a later version can add fields and still read these.

use super::Record;

/// Encodes a record.
///
/// # Errors
/// If MessagePack cannot represent it; no record of this version is affected.
pub fn encode(record: &Record) -> Result<Vec<u8>, String> {
    rmp_serde::to_vec_named(record).map_err(|error| error.to_string())
}

/// Decodes a record.
///
/// # Errors
/// The reason why the bytes are not a record.
pub fn decode(bytes: &[u8]) -> Result<Record, String> {
    let mut rest = rmp_serde::Deserializer::new(bytes);
    let record = serde::Deserialize::deserialize(&mut rest).map_err(|error| error.to_string())?;
    match rest.get_ref() {
        [] => Ok(record),
        more => Err(format!("{} unexpected bytes follow it", more.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::*;
    use super::*;
    use proptest::prelude::*;

    fn exchange() -> impl Strategy<Value = Exchange> {
        let body = (prop::collection::vec(any::<u8>(), 0..50), any::<u64>(), any::<bool>());
        let texts = (".*", ".*", prop::option::of(".*"));
        let numbers = (any::<u64>(), any::<i64>(), prop::option::of(any::<u64>()), any::<u16>());
        (body, texts, numbers).prop_map(|((bytes, length, decoded), (a, b, c), (number, wall_us, some, status))| {
            let body = Body { bytes, length, digest: a.clone(), kept: BodyRetention::Prefix, decoded };
            let claims =
                serde_json::json!({"exp": number, "iat": wall_us, "nbf": 1.5, "aud": [a, null, true, {"x": b}]});
            let claims = claims.as_object().cloned().unwrap_or_default();
            Exchange {
                number,
                connection: some,
                tls: c.clone(),
                wall_us,
                request: Request { target: a.clone(), body: body.clone(), refused: c, ..Request::default() },
                answer: some.map(|_| Answer {
                    status,
                    headers: vec![Header { name: a.clone(), value: b.clone() }],
                    body,
                    ..Answer::default()
                }),
                fault: some.map(|_| crate::api::Fault::ServerError),
                claims: [(b, claims)].into(),
                ..Exchange::default()
            }
        })
    }

    proptest! {
        #[test]
        fn encoded_record_decodes_to_itself(exchange in exchange()) {
            let record = Record::Exchange(Box::new(exchange));
            prop_assert_eq!(decode(&encode(&record).unwrap()).unwrap(), record);
        }

        #[test]
        fn decoding_arbitrary_bytes_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn truncated_record_is_an_error(exchange in exchange(), at in any::<prop::sample::Index>()) {
            let bytes = encode(&Record::Exchange(Box::new(exchange))).unwrap();
            prop_assert!(decode(&bytes[..at.index(bytes.len())]).is_err());
        }
    }

    #[test]
    fn numbers_of_claims_are_plain_messagepack() {
        let claims = serde_json::json!({"exp": 1_700_000_000}).as_object().cloned().unwrap();
        let exchange = Exchange { claims: [("t".to_owned(), claims)].into(), ..Exchange::default() };
        let bytes = encode(&Record::Exchange(Box::new(exchange))).unwrap();
        assert!(bytes.windows(8).any(|w| w == [b'e', b'x', b'p', 0xce, 0x65, 0x53, 0xf1, 0x00]));
    }

    #[test]
    fn unknown_fields_of_a_later_version_are_ignored() {
        #[derive(serde::Serialize)]
        struct Later {
            record: &'static str,
            run: u32,
            at_us: u64,
            next_number: u64,
            mood: &'static str,
        }
        let later = Later { record: "run-stop", run: 1, at_us: 2, next_number: 3, mood: "good" };
        let bytes = rmp_serde::to_vec_named(&later).unwrap();
        assert_eq!(decode(&bytes), Ok(Record::RunStop(RunStop { run: 1, at_us: 2, next_number: 3 })));
    }
    #[test]
    fn step_timeout_of_an_earlier_or_later_version_is_read() {
        #[derive(serde::Serialize)]
        struct Wait {
            record: &'static str,
            case: &'static str,
            step: u32,
            waited_ms: u64,
            after_number: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            ended: Option<&'static str>,
        }
        let (case, step, waited_ms, after_number) = ("payment/1", 1, 20_000, 4);
        let read = |ended| {
            let wait = Wait { record: "wait-over", case, step, waited_ms, after_number, ended };
            decode(&rmp_serde::to_vec_named(&wait).unwrap()).unwrap()
        };
        let plain = StepTimeout { case: case.to_owned(), step, waited_ms, after_number, ..StepTimeout::default() };
        assert_eq!(read(None), Record::StepTimeout(plain.clone()));
        assert_eq!(encode(&read(None)).unwrap().windows(5).filter(|part| part == b"calls").count(), 0);
        let other = StepTimeout { ended: Some(StepTimeoutReason::Other), ..plain.clone() };
        assert_eq!(read(Some("pre-empted")), Record::StepTimeout(other));
        let skipped = StepTimeout { calls: Some(2), ended: Some(StepTimeoutReason::Skipped), ..plain };
        let skipped = Record::StepTimeout(skipped);
        assert_eq!(decode(&encode(&skipped).unwrap()), Ok(skipped));
    }
}
