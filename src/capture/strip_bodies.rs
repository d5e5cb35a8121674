//! Removal of bodies from a capture before it is shared. Length and keyed digest stay, so equal bodies remain
//! recognisable; requirements that need a body's content are not exercised.

use super::record::{Body, BodyRetention, Exchange};

/// Removes the bytes of both bodies.
pub(super) fn strip_bodies(exchange: &mut Exchange) {
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
    fn length_and_digest_stay_and_empty_bodies_stay_known() {
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
