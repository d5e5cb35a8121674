//! Messages for TLS alerts sent by a client (RFC 8446 section 6.2): the cause, as far as known, and the next step.

use rustls::AlertDescription;

/// An alert's name as the RFCs write it.
fn name(alert: AlertDescription) -> String {
    let debug = format!("{alert:?}");
    match alert {
        AlertDescription::UnknownCA => "unknown_ca".to_owned(),
        AlertDescription::UnknownPSKIdentity => "unknown_psk_identity".to_owned(),
        AlertDescription::UnrecognisedName => "unrecognized_name".to_owned(),
        AlertDescription::Unknown(number) => format!("number {number}"),
        _ => debug.chars().fold(String::new(), |mut name, c| {
            if c.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(c.to_ascii_lowercase());
            name
        }),
    }
}

/// The connection event for an alert: its name and its message.
pub(super) fn describe(alert: AlertDescription) -> (&'static str, String) {
    use AlertDescription::*;
    let name = name(alert);
    let refused = |sentence: String| ("certificate-refused", sentence);
    let failed = |sentence: String| ("tls-failed", sentence);
    match alert {
        UnknownCA => refused(format!(
            "the client does not trust the CA: it ended TLS with alert {name}; `poscert ca` shows how to make it trust"
        )),
        CertificateExpired => refused(format!(
            "the client considers the recorder's certificate expired or not yet valid (alert {name}): compare the \
             client's clock with the recorder's"
        )),
        BadCertificate | CertificateUnknown | NoCertificate | CertificateUnobtainable => refused(format!(
            "the client refused the recorder's certificate and does not say why (alert {name}): its clock may be off, \
             the name it calls may not be in the certificate (--name), or the CA may not be trusted (`poscert ca`)"
        )),
        UnsupportedCertificate => refused(format!(
            "the client does not support this kind of certificate (alert {name}): it must support ECDSA with P-256"
        )),
        CertificateRevoked | BadCertificateStatusResponse | BadCertificateHashValue => refused(format!(
            "the client refused the recorder's certificate (alert {name}): it requires proof that the certificate is \
             not revoked, which a local CA does not provide; turn the check off in the client"
        )),
        AccessDenied => refused(format!(
            "the client refused the connection because of its own policy (alert {name}), such as a pinned certificate"
        )),
        HandshakeFailure | InsufficientSecurity => failed(format!(
            "the client found no common TLS parameters (alert {name}): the recorder supports TLS 1.2 and 1.3 with the \
             common cipher suites"
        )),
        ProtocolVersion => failed(format!(
            "the client does not accept the TLS version (alert {name}): the recorder supports TLS 1.2 and 1.3"
        )),
        NoApplicationProtocol => failed(format!(
            "the client does not accept the application protocol (alert {name}): the recorder supports HTTP/1.1 (ALPN \
             http/1.1)"
        )),
        CloseNotify => failed(format!(
            "the client closed TLS and did not say why (alert {name}); a client that does not trust the CA may do this: see `poscert ca`"
        )),
        InternalError => failed(format!("the client ended TLS because of an internal error of its own (alert {name})")),
        UserCanceled => failed(format!("the client cancelled TLS (alert {name})")),
        _ => failed(format!("the client ended TLS with alert {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_claim_only_what_the_alert_shows() {
        for number in 0..=255 {
            let (event, sentence) = describe(AlertDescription::from(number));
            assert_eq!(sentence.starts_with("the client does not trust the CA"), number == 48, "{number}: {sentence}");
            let of_certificate = matches!(number, 41..=46 | 48 | 49 | 111 | 113 | 114);
            assert_eq!(event == "certificate-refused", of_certificate, "{number}: {sentence}");
        }
        for (number, words) in [
            (40, "handshake_failure"),
            (42, "alert bad_certificate"),
            (45, "clock"),
            (46, "alert certificate_unknown"),
            (49, "access_denied"),
            (70, "TLS 1.2"),
            (80, "internal_error"),
            (90, "user_canceled"),
            (115, "unknown_psk_identity"),
            (120, "ALPN http/1.1"),
            (200, "number 200"),
        ] {
            let (_, sentence) = describe(AlertDescription::from(number));
            assert!(sentence.contains(words), "{number}: {sentence}");
        }
    }
}
