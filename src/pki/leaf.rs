//! Leaf certificates: their names and contents.

use super::PkiError;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 60 * 60;
/// The validity of a leaf. With the backdating it stays below 90 days, which every client accepts.
const VALID: Duration = Duration::from_secs(60 * DAY);
/// The clocks of tills may be slow.
const BACKDATED: Duration = Duration::from_secs(2 * DAY);

/// The subject of a leaf: a DNS name in lower case, or an IP address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// A DNS name in the SAN.
    Dns(String),
    /// An IP address in the SAN.
    Ip(IpAddr),
}

impl Name {
    /// Parses a host from a URL, a CONNECT target or an option; IPv6 with or without brackets.
    pub fn parse(host: &str) -> Option<Name> {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if let Ok(ip) = bare.parse() {
            return Some(Name::Ip(ip));
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        let label = |label: &str| {
            (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_*".contains(&b))
        };
        let fits = host.len() <= 253 && host.split('.').all(label);
        fits.then(|| Name::Dns(host.to_ascii_lowercase()))
    }

    fn san(&self) -> Result<SanType, PkiError> {
        Ok(match self {
            Name::Ip(ip) => SanType::IpAddress(*ip),
            Name::Dns(name) => {
                let name = name.as_str().try_into();
                SanType::DnsName(name.map_err(|e| PkiError(format!("`{self}` is invalid in a certificate: {e}")))?)
            }
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Dns(name) => f.write_str(name),
            Name::Ip(ip) => write!(f, "{ip}"),
        }
    }
}

/// Issues a leaf with a new key.
pub(super) fn make(
    names: &[Name],
    issuer: &Issuer<'_, KeyPair>,
) -> Result<(CertificateDer<'static>, PrivatePkcs8KeyDer<'static>), PkiError> {
    let failed = |e: rcgen::Error| PkiError(format!("cannot create a certificate for {}: {e}", listed(names)));
    let mut params = CertificateParams::default();
    params.subject_alt_names = names.iter().map(Name::san).collect::<Result<_, _>>()?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "poscert");
    params.distinguished_name.push(DnType::CommonName, common_name(names));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.is_ca = rcgen::IsCa::ExplicitNoCa;
    params.serial_number = Some(serial()?);
    valid(&mut params, BACKDATED, VALID);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.signed_by(&key, issuer).map_err(failed)?;
    Ok((certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der())))
}

/// Sets the validity from `before` ago until `after` from now.
pub(super) fn valid(params: &mut CertificateParams, before: Duration, after: Duration) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(now.saturating_sub(before).as_secs());
    params.not_after = epoch + Duration::from_secs(now.saturating_add(after).as_secs());
}

/// A random, positive serial number of 16 bytes (RFC 5280 section 4.1.2.2).
pub(super) fn serial() -> Result<SerialNumber, PkiError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| PkiError(format!("the system provides no random numbers: {e}")))?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

/// The common name, which is limited to 64 characters; clients read only the SAN.
fn common_name(names: &[Name]) -> String {
    names.first().map(Name::to_string).filter(|name| name.len() <= 64).unwrap_or_else(|| "poscert".to_owned())
}

fn listed(names: &[Name]) -> String {
    names.iter().map(Name::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_parsed_as_names() {
        assert_eq!(Name::parse("[::1]"), Some(Name::Ip("::1".parse().unwrap())));
        assert_eq!(Name::parse("::1"), Some(Name::Ip("::1".parse().unwrap())));
        assert_eq!(Name::parse("127.0.0.1"), Some(Name::Ip("127.0.0.1".parse().unwrap())));
        assert_eq!(Name::parse("API.Example."), Some(Name::Dns("api.example".to_owned())));
        for wrong in ["", "a..b", "a b", "a/b", "ø.dk", "[::1", "a:1"] {
            assert_eq!(Name::parse(wrong), None, "{wrong}");
        }
    }
}
