//! Bodies left out of a capture that is handed on: their length and keyed digest stay, so equal ones can still be told
//! to be equal. What a body would have shown cannot be judged any more.

use super::record::{Body, BodyRetention, Exchange};

/// Takes the bytes of both bodies out.
pub fn strip_bodies(exchange: &mut Exchange) {
    strip(&mut exchange.request.body);
    if let Some(answer) = &mut exchange.answer {
        strip(&mut answer.body);
    }
}

fn strip(body: &mut Body) {
    if body.bytes.is_empty() {
        return;
    }
    *body = Body {
        length: body.length,
        digest: std::mem::take(&mut body.digest),
        kept: BodyRetention::Digest,
        ..Body::default()
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_digest_stay_and_an_empty_body_is_still_known_to_be_empty() {
        let body = Body { bytes: b"{}".to_vec(), length: 2, digest: "ab".into(), decoded: true, ..Body::default() };
        let mut exchange = Exchange::default();
        exchange.request.body = body;
        exchange.answer = Some(super::super::record::Answer::default());
        strip_bodies(&mut exchange);
        let left = &exchange.request.body;
        assert_eq!((left.bytes.len(), left.length, left.digest.as_str()), (0, 2, "ab"));
        assert_eq!(
            (left.kept, left.decoded, exchange.answer.unwrap().body.kept),
            (BodyRetention::Digest, false, BodyRetention::Whole)
        );
    }
}
