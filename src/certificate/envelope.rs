//! The certificate file: the statement in a signed DSSE envelope.

use super::statement::{PAYLOAD_TYPE, PREDICATE, STATEMENT, Statement};
use crate::seal::{Digest, Envelope, Fingerprint, SigningKey};
use serde_json::Value;

/// The number of hex digits in an id.
const ID_DIGITS: usize = 12;
/// The prefix of an id.
const ID_PREFIX: &str = "pc-";
/// The longest file that is read, in bytes.
pub(crate) const LONGEST: u64 = 4 * 1024 * 1024;

/// A certificate.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    bytes: Vec<u8>,
    envelope: Envelope,
    payload: Value,
    /// The digest of the statement's bytes.
    stated: Digest,
    pub statement: Statement,
}

impl Certificate {
    /// Signs a statement. The same statement and key give the same bytes.
    ///
    /// # Errors
    /// The statement cannot be serialized or signed.
    pub(crate) fn give(statement: &Statement, key: &SigningKey) -> Result<Certificate, String> {
        let json =
            serde_json::to_string(statement).map_err(|error| format!("cannot serialize certificate: {error}"))?;
        let mut envelope = Envelope::new(PAYLOAD_TYPE, json.as_bytes());
        envelope.sign(key)?;
        Certificate::read(format!("{}\n", envelope.json()).as_bytes())
    }

    /// Parses a certificate file. Signatures are not checked here but by [`Certificate::signers`].
    ///
    /// # Errors
    /// The file is not a certificate.
    pub(crate) fn read(bytes: &[u8]) -> Result<Certificate, String> {
        let envelope = Envelope::parse(bytes)?;
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err(format!("payload type {:?} is not an in-toto statement", envelope.payload_type));
        }
        let json = envelope.payload()?;
        let payload: Value =
            serde_json::from_slice(&json).map_err(|error| format!("the statement is not valid JSON ({error})"))?;
        let of_type = |key: &str| payload.get(key).and_then(Value::as_str).unwrap_or_default();
        if of_type("_type") != STATEMENT {
            return Err(format!("statement type is {:?}, expected {STATEMENT}", of_type("_type")));
        }
        if of_type("predicateType") != PREDICATE {
            return Err(format!(
                "predicate type is {:?}, this version supports {PREDICATE}; use another version of poscert",
                of_type("predicateType")
            ));
        }
        let statement = serde_json::from_slice(&json).map_err(|error| format!("the statement is invalid ({error})"))?;
        Ok(Certificate { bytes: bytes.to_vec(), envelope, payload, stated: Digest::of(&json), statement })
    }

    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the file, as `sha256sum` prints it.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// The id: `pc-` and 12 hex digits of the digest of the signed statement. It does not depend on the encoding of the
    /// envelope, which anyone can change.
    pub(crate) fn id(&self) -> String {
        let digest = self.stated.to_string();
        format!("{ID_PREFIX}{}", digest.get(..ID_DIGITS).unwrap_or(&digest))
    }

    /// The statement as signed, with fields unknown to this version.
    pub(crate) fn payload(&self) -> &Value {
        &self.payload
    }

    /// The keys that signed it.
    ///
    /// # Errors
    /// A signature is invalid.
    pub(crate) fn signers(&self) -> Result<Vec<Fingerprint>, String> {
        self.envelope.signers(&[])
    }
}

/// Whether a text has the form of an id.
pub(crate) fn is_id(text: &str) -> bool {
    let digits = text.strip_prefix(ID_PREFIX).unwrap_or_default();
    digits.len() == ID_DIGITS && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_same_statement_and_key_give_the_same_bytes() {
        let key = SigningKey::random().unwrap();
        let one = Certificate::give(&sample::statement(), &key).unwrap();
        let two = Certificate::give(&sample::statement(), &key).unwrap();
        assert_eq!((one.bytes(), one.id()), (two.bytes(), two.id()));
        assert!(is_id(&one.id()) && !is_id("pc-12") && !is_id("pc-ABCDEFABCDEF"));
        assert_eq!(one.statement, sample::statement());
        assert_eq!(one.signers(), Ok(vec![key.public().fingerprint()]));
    }

    #[test]
    fn id_does_not_depend_on_the_envelope() {
        let key = SigningKey::random().unwrap();
        let one = Certificate::give(&sample::statement(), &key).unwrap();
        let mut envelope: Value = serde_json::from_slice(one.bytes()).unwrap();
        envelope["note"] = Value::from("not signed");
        let twice = envelope["signatures"][0].clone();
        envelope["signatures"].as_array_mut().unwrap().push(twice);
        let wrapped = Certificate::read(format!("{envelope:#}").as_bytes()).unwrap();
        assert_eq!((wrapped.id(), wrapped.signers()), (one.id(), one.signers()));
        assert_ne!(wrapped.digest(), one.digest());
        let mut statement = sample::statement();
        statement.predicate.client.integrator_id.push('x');
        assert_ne!(Certificate::give(&statement, &key).unwrap().id(), one.id());
    }

    #[test]
    fn files_that_are_not_certificates_are_rejected() {
        let read = |payload_type: &str, payload: &str| {
            let mut envelope = Envelope::new(payload_type, payload.as_bytes());
            envelope.sign(&SigningKey::random().unwrap()).unwrap();
            Certificate::read(envelope.json().as_bytes()).unwrap_err()
        };
        let json = serde_json::to_string(&sample::statement()).unwrap();
        assert!(read("text/plain", &json).contains("not an in-toto statement"));
        assert!(read(PAYLOAD_TYPE, "{").contains("not valid JSON"));
        assert!(read(PAYLOAD_TYPE, &json.replace("Statement/v1", "Statement/v0")).contains("Statement/v1"));
        assert!(read(PAYLOAD_TYPE, &json.replace(PREDICATE, "urn:poscert:certificate:2")).contains("another version"));
        assert!(read(PAYLOAD_TYPE, &json.replace("\"date\"", "\"dates\"")).contains("is invalid"));
        assert!(read(PAYLOAD_TYPE, &json.replace("\"date\":", "\"date\":\"\",\"date\":")).contains("is invalid"));
        assert!(Certificate::read(b"hello").unwrap_err().contains("no DSSE envelope"));
    }
}
