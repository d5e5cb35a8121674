//! A certificate as a file: the statement in a DSSE envelope, signed.

use super::statement::{PAYLOAD_TYPE, PREDICATE, STATEMENT, Statement};
use crate::seal::{Digest, Envelope, Fingerprint, SigningKey};
use serde_json::Value;

/// How many hex digits of the statement's digest name a certificate.
const ID_DIGITS: usize = 12;
/// What an id begins with.
const ID_PREFIX: &str = "pc-";
/// The longest file that is read, in bytes.
pub const LONGEST: u64 = 4 * 1024 * 1024;

/// A certificate that was given or read.
#[derive(Clone, Debug)]
pub struct Certificate {
    bytes: Vec<u8>,
    envelope: Envelope,
    payload: Value,
    /// Of the statement's bytes.
    stated: Digest,
    /// What it states.
    pub statement: Statement,
}

impl Certificate {
    /// Signs a statement. The same statement and key give the same bytes.
    ///
    /// # Errors
    /// A sentence where the statement cannot be written down.
    pub fn give(statement: &Statement, key: &SigningKey) -> Result<Certificate, String> {
        let json = serde_json::to_string(statement).map_err(|error| format!("the certificate has no JSON: {error}"))?;
        let mut envelope = Envelope::new(PAYLOAD_TYPE, json.as_bytes());
        envelope.sign(key)?;
        Certificate::read(format!("{}\n", envelope.json()).as_bytes())
    }

    /// Reads a certificate's file. Whether its signatures fit is another question: [`Certificate::signers`].
    ///
    /// # Errors
    /// In words, where it is none.
    pub fn read(bytes: &[u8]) -> Result<Certificate, String> {
        let envelope = Envelope::parse(bytes)?;
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err(format!("it holds {:?}, which is no in-toto statement", envelope.payload_type));
        }
        let json = envelope.payload()?;
        let payload: Value =
            serde_json::from_slice(&json).map_err(|error| format!("its statement is no JSON ({error})"))?;
        let of_type = |key: &str| payload.get(key).and_then(Value::as_str).unwrap_or_default();
        if of_type("_type") != STATEMENT {
            return Err(format!("its statement is of type {:?}, and not {STATEMENT}", of_type("_type")));
        }
        if of_type("predicateType") != PREDICATE {
            return Err(format!(
                "it states {:?}, and this version reads {PREDICATE}; another version may",
                of_type("predicateType")
            ));
        }
        let statement =
            serde_json::from_slice(&json).map_err(|error| format!("its statement is not of that form ({error})"))?;
        Ok(Certificate { bytes: bytes.to_vec(), envelope, payload, stated: Digest::of(&json), statement })
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Of the file: what `sha256sum` prints.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// What names it: `pc-` and 12 hex digits of the digest of what is signed. The envelope around it can be written in many
    /// ways, by anybody, and the certificate stays the one that stands in the ledger.
    pub fn id(&self) -> String {
        let digest = self.stated.to_string();
        format!("{ID_PREFIX}{}", digest.get(..ID_DIGITS).unwrap_or(&digest))
    }

    /// The statement as it was signed, also what this version does not know of it.
    pub fn payload(&self) -> &Value {
        &self.payload
    }

    /// By which keys it is signed.
    ///
    /// # Errors
    /// A sentence where a signature does not fit.
    pub fn signers(&self) -> Result<Vec<Fingerprint>, String> {
        self.envelope.signers(&[])
    }
}

/// Whether a text has the form of an id.
pub fn is_id(text: &str) -> bool {
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
    fn the_id_is_of_the_statement_however_it_is_wrapped() {
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
    fn what_is_no_certificate_is_said() {
        let read = |payload_type: &str, payload: &str| {
            let mut envelope = Envelope::new(payload_type, payload.as_bytes());
            envelope.sign(&SigningKey::random().unwrap()).unwrap();
            Certificate::read(envelope.json().as_bytes()).unwrap_err()
        };
        let json = serde_json::to_string(&sample::statement()).unwrap();
        assert!(read("text/plain", &json).contains("no in-toto statement"));
        assert!(read(PAYLOAD_TYPE, "{").contains("no JSON"));
        assert!(read(PAYLOAD_TYPE, &json.replace("Statement/v1", "Statement/v0")).contains("Statement/v1"));
        assert!(read(PAYLOAD_TYPE, &json.replace(PREDICATE, "urn:poscert:certificate:2")).contains("another version"));
        assert!(read(PAYLOAD_TYPE, &json.replace("\"date\"", "\"dates\"")).contains("not of that form"));
        assert!(read(PAYLOAD_TYPE, &json.replace("\"date\":", "\"date\":\"\",\"date\":")).contains("not of that form"));
        assert!(Certificate::read(b"hello").unwrap_err().contains("no DSSE envelope"));
    }
}
