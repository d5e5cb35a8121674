//! A Java truststore (JKS) with the certificates of the bundle.
//!
//! JKS is the only format that every Java reads without `keytool`. It is that of `sun.security.provider.JavaKeyStore`:
//! a header, an entry for each certificate, and a SHA-1 digest of the password and everything before the digest. The
//! password protects nothing: certificates are public.

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use rustls_pki_types::CertificateDer;

/// The password, the same as that of Java's default truststore.
pub(crate) const PASSWORD: &str = "changeit";

const MAGIC: u32 = 0xfeed_feed;
const VERSION: u32 = 2;
/// The tag of a certificate entry.
const TRUSTED: u32 = 2;
/// The constant that the digest covers after the password.
const SALT: &[u8] = b"Mighty Aphrodite";

/// The bytes of the truststore. They are reproducible: entries have no creation time.
pub(super) fn jks<'a>(certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut count = 0_u32;
    for certificate in certificates {
        // A certificate too long for the length field would make the file unreadable; none exists in practice.
        let Ok(length) = u32::try_from(certificate.len()) else { continue };
        let alias = if count == 0 { "poscert".to_owned() } else { format!("system-{count}") };
        entries.extend(TRUSTED.to_be_bytes());
        text(&mut entries, &alias);
        entries.extend(0_u64.to_be_bytes());
        text(&mut entries, "X.509");
        entries.extend(length.to_be_bytes());
        entries.extend_from_slice(certificate);
        count += 1;
    }
    let mut file: Vec<u8> = [MAGIC, VERSION, count].into_iter().flat_map(u32::to_be_bytes).collect();
    file.append(&mut entries);
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    PASSWORD.encode_utf16().for_each(|unit| digest.update(&unit.to_be_bytes()));
    digest.update(SALT);
    digest.update(&file);
    file.extend_from_slice(digest.finish().as_ref());
    file
}

/// Writes a string as `DataOutput.writeUTF` does, for ASCII strings.
fn text(out: &mut Vec<u8>, text: &str) {
    out.extend(u16::try_from(text.len()).unwrap_or_default().to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truststore_has_the_jks_format() {
        let file = jks(&[CertificateDer::from(vec![0x30, 0])]);
        let entry = b"\0\0\0\x02\0\x07poscert\0\0\0\0\0\0\0\0\0\x05X.509\0\0\0\x02\x30\0";
        assert_eq!(&file[..12], b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01");
        assert_eq!(&file[12..file.len() - 20], entry);
    }
}
