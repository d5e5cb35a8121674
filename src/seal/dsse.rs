//! DSSE envelopes, version 1 (in-toto's Dead Simple Signing Envelope): a typed payload and the signatures over both.
//!
//! In addition to what DSSE requires, each signature carries its public key, so that a reader can name the signers
//! without having their keys. Whether to trust a key is the reader's decision.

use super::sign::{Fingerprint, PublicKey, SigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// A typed payload with its signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The payload's media type.
    pub payload_type: String,
    /// The payload in base64.
    payload: String,
    /// The signatures, in the order in which they were added.
    signatures: Vec<Signed>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Signed {
    /// The key's fingerprint.
    keyid: String,
    /// The signature in base64.
    sig: String,
    /// The key's SubjectPublicKeyInfo (DER) in base64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    public_key: String,
}

impl Envelope {
    /// An envelope without signatures.
    pub fn new(payload_type: &str, payload: &[u8]) -> Envelope {
        Envelope { payload_type: payload_type.to_owned(), payload: STANDARD.encode(payload), signatures: Vec::new() }
    }

    /// Adds a signature. An earlier signature by the same key is replaced.
    ///
    /// # Errors
    /// If the payload is not base64, which cannot happen for an envelope from [`Envelope::new`].
    pub fn sign(&mut self, key: &SigningKey) -> Result<(), String> {
        let public = key.public();
        let keyid = public.fingerprint().to_string();
        let signature = key.sign(&self.signed_bytes()?);
        self.signatures.retain(|signed| signed.keyid != keyid);
        let public_key = STANDARD.encode(public.der());
        self.signatures.push(Signed { keyid, sig: STANDARD.encode(signature), public_key });
        Ok(())
    }

    /// The decoded payload.
    ///
    /// # Errors
    /// A message if it is not base64.
    pub fn payload(&self) -> Result<Vec<u8>, String> {
        STANDARD.decode(&self.payload).map_err(|error| format!("the payload of the envelope is not base64 ({error})"))
    }

    /// Verifies every signature and returns the signers without duplicates. Keys are taken from `known` and from the
    /// envelope itself.
    ///
    /// # Errors
    /// A message if a signature is invalid or its key is missing: a signature that cannot be verified is never skipped.
    pub fn signers(&self, known: &[PublicKey]) -> Result<Vec<Fingerprint>, String> {
        let message = self.signed_bytes()?;
        let mut signers = Vec::new();
        for signed in &self.signatures {
            let signer = signed.check(&message, known)?;
            if !signers.contains(&signer) {
                signers.push(signer);
            }
        }
        Ok(signers)
    }

    /// The DSSE pre-authentication encoding of type and payload.
    fn signed_bytes(&self) -> Result<Vec<u8>, String> {
        let payload = self.payload()?;
        let head = format!("DSSEv1 {} {} {} ", self.payload_type.len(), self.payload_type, payload.len());
        Ok([head.as_bytes(), &payload].concat())
    }

    /// The envelope as JSON on one line.
    pub fn json(&self) -> String {
        // All fields are strings, so serialisation cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Parses an envelope.
    ///
    /// # Errors
    /// A message that says what is wrong with the JSON.
    pub fn parse(json: &[u8]) -> Result<Envelope, String> {
        serde_json::from_slice(json).map_err(|error| format!("it contains no DSSE envelope ({error})"))
    }
}

impl Signed {
    fn check(&self, message: &[u8], known: &[PublicKey]) -> Result<Fingerprint, String> {
        let carried = STANDARD.decode(&self.public_key).ok().and_then(|der| PublicKey::from_der(&der));
        let named = |key: &&PublicKey| key.fingerprint().to_string() == self.keyid;
        let key = known.iter().find(named).or(carried.as_ref().filter(named));
        let key = key.ok_or_else(|| format!("the public key of the signature by {} is missing", self.keyid))?;
        let signature = STANDARD.decode(&self.sig).unwrap_or_default();
        if !key.verifies(message, &signature) {
            return Err(format!("the signature by {} does not match the signed content", self.keyid));
        }
        Ok(key.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_signatures_are_verified() {
        let (one, two) = (SigningKey::random().unwrap(), SigningKey::random().unwrap());
        let mut envelope = Envelope::new("text/plain", b"hello");
        assert_eq!(envelope.signers(&[]), Ok(vec![]));
        envelope.sign(&one).unwrap();
        envelope.sign(&two).unwrap();
        envelope.sign(&two).unwrap();
        let back = Envelope::parse(envelope.json().as_bytes()).unwrap();
        assert_eq!(back, envelope);
        assert_eq!(back.payload().unwrap(), b"hello");
        assert_eq!(back.signers(&[]), Ok(vec![one.public().fingerprint(), two.public().fingerprint()]));
        // A repeated signature is not another signer.
        let mut doubled = envelope.clone();
        doubled.signatures.extend(envelope.signatures.clone());
        assert_eq!(doubled.signers(&[]), envelope.signers(&[]));
    }

    #[test]
    fn signed_bytes_are_the_dsse_encoding() {
        let envelope = Envelope::new("http://example.com/HelloWorld", b"hello world");
        assert_eq!(envelope.signed_bytes().unwrap(), b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn every_change_to_an_envelope_is_detected() {
        let key = SigningKey::random().unwrap();
        let mut envelope = Envelope::new("text/plain", b"hello");
        envelope.sign(&key).unwrap();
        let changed = |change: fn(&mut Envelope)| {
            let mut other = envelope.clone();
            change(&mut other);
            other.signers(&[]).is_err()
        };
        assert!(changed(|e| e.payload = STANDARD.encode(b"hellp")));
        assert!(changed(|e| e.payload = "%".to_owned()));
        assert!(changed(|e| e.payload_type = "text/plaim".to_owned()));
        assert!(changed(|e| e.signatures[0].keyid = "0".repeat(64)));
        assert!(changed(|e| e.signatures[0].sig = STANDARD.encode([0; 64])));
        assert!(changed(|e| e.signatures[0].public_key = String::new()));
        let other = STANDARD.encode(SigningKey::random().unwrap().public().der());
        let mut swapped = envelope.clone();
        swapped.signatures[0].public_key = other;
        assert!(swapped.signers(&[]).is_err());
        // The envelope need not carry a key that the reader has.
        let mut bare = envelope.clone();
        bare.signatures[0].public_key = String::new();
        assert_eq!(bare.signers(&[key.public()]), Ok(vec![key.public().fingerprint()]));
    }
}
