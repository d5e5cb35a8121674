//! The check-in notification to the client's callback (notification_service): a POST over HTTPS, and three more where it
//! is not answered 200.

use super::credentials::Access;
use super::director::Director;
use super::http_client::HttpClient;
use super::pos_registry::PosEntry;
use crate::api::customer::{CERTIFICATION_BRAND, CERTIFICATION_LOCATION};
use crate::capture::record::Notification;
use crate::capture::{Record, Writer};
use crate::proxy::{Trust, Upstream};
use http::{Method, Uri};
use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// How often it is tried again.
const RETRIES: usize = 3;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// The header that carries the head of the capture's chain: who keeps it is a witness of all that was recorded until then.
const CHAIN_HEAD: &str = "x-poscert-chain-head";

/// The client's callback.
#[derive(Clone)]
pub struct Callback {
    url: String,
    http_client: HttpClient,
}

impl Callback {
    /// A callback at a URL. `more`: certificates believed there, beside the system's.
    ///
    /// # Errors
    /// A sentence where it is none.
    pub fn new(url: &str, more: Vec<CertificateDer<'static>>) -> Result<Callback, String> {
        let origin = origin(url)?;
        let http_client = HttpClient::to(&Upstream::parse(&origin, Trust::Roots(more))?, PATIENCE)?;
        Ok(Callback { url: url.to_owned(), http_client })
    }

    /// Sends it, with the head of the chain, until it is answered 200, four times at most; the status of each try, 0 where none came, and why the
    /// last one brought no answer.
    pub async fn notify(&self, body: &Value, head: &str) -> (Vec<u16>, Option<String>) {
        let headers = [("content-type", "application/json"), (CHAIN_HEAD, head)];
        let (mut statuses, mut trouble) = (Vec::new(), None);
        while statuses.len() <= RETRIES {
            if !statuses.is_empty() {
                tokio::time::sleep(PAUSE).await;
            }
            match self.http_client.send(Method::POST, &self.url, &headers, body.to_string()).await {
                Ok(reply) => {
                    statuses.push(reply.status);
                    if reply.status == 200 {
                        break;
                    }
                }
                Err(no) => {
                    statuses.push(0);
                    trouble = Some(no.why);
                }
            }
        }
        (statuses, trouble)
    }
}

/// Scheme, host and port of a callback's URL.
///
/// # Errors
/// A sentence where it is no URL of a callback.
pub fn origin(url: &str) -> Result<String, String> {
    let wrong = |what: &str| format!("callback-url: {what}; give one like https://till.example.com/checkin");
    let uri: Uri = url.parse().map_err(|error| wrong(&format!("it is not a URL ({error})")))?;
    let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?.as_str();
    match uri.scheme_str() {
        _ if authority.contains('@') => Err(wrong("it holds a user's name, and nothing secret is sent there")),
        Some("https") => Ok(format!("https://{authority}")),
        _ => Err(wrong("notifications are sent over HTTPS alone")),
    }
}

/// Sends notifications and writes them into the capture.
#[derive(Clone)]
pub struct Notifier {
    /// Where to, if that is known.
    pub callback: Option<Callback>,
    /// Only to a PoS with this alias; any, where none is said.
    pub alias: Option<String>,
    /// Access to the backend, which knows the store's brand and location.
    pub access: Option<Access>,
    /// Knows the PoS.
    pub director: Arc<Director>,
    /// The capture.
    pub writer: Writer,
}

impl Notifier {
    /// Notifies the client of a check-in at the PoS it works with: what the page's button and the keyboard's command
    /// do. What became of it, in a sentence.
    ///
    /// # Errors
    /// A sentence where nothing can be sent, or the capture cannot be written.
    pub async fn send(&self) -> Result<String, String> {
        let callback = self.callback.as_ref().ok_or("no callback URL is known: give one with --callback-url")?;
        let point = self.director.point().ok_or("the client has no point of sale yet: onboard one first")?;
        if point.alias.is_none() {
            return Err("the point of sale has no callbackAlias: the backend would notify nobody".to_owned());
        }
        let body = self.body(&point).await;
        let wall_us = self.writer.wall_us();
        let head = self.writer.head().to_string();
        let (statuses, trouble) = callback.notify(&body, &head).await;
        let sent = Notification { wall_us, statuses, after_number: self.director.last_number() };
        self.director.notified(&sent);
        let tries = sent.statuses.len();
        let answered = sent.statuses.last() == Some(&200);
        self.writer.append(Record::Notification(sent)).await.map_err(|error| error.to_string())?;
        Ok(match (answered, trouble) {
            (true, _) => format!("check-in notification answered 200, at try {tries}"),
            (false, None) => format!("check-in notification not answered 200 in {tries} tries"),
            (false, Some(why)) => format!("check-in notification not answered 200 in {tries} tries ({why})"),
        })
    }

    /// The same, for a button.
    pub fn for_people(self) -> Notify {
        Arc::new(move || {
            let notifier = self.clone();
            Box::pin(async move { notifier.send().await })
        })
    }

    /// Whether the backend would notify the client of a check-in at this PoS.
    pub fn is_due(&self, point: &PosEntry) -> bool {
        let wanted = |alias: &String| self.alias.as_ref().is_none_or(|told| told == alias);
        self.callback.is_some() && point.alias.as_ref().is_some_and(wanted)
    }

    async fn body(&self, point: &PosEntry) -> Value {
        let store = match &self.access {
            Some(access) if !point.store_id.is_empty() => access.store(&point.store_id).await,
            _ => None,
        };
        let certification = || (CERTIFICATION_BRAND.to_owned(), CERTIFICATION_LOCATION.to_owned());
        let (brand, location) = store.unwrap_or_else(certification);
        json!({
            "MerchantId": point.vat,
            "MerchantBrandId": brand,
            "MerchantLocationId": location,
            "MerchantPosId": point.merchant_pos_id,
            "PosId": point.id,
        })
    }
}

/// Sends the check-in notification.
pub type Notify = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<String, String>> + Send>> + Send + Sync>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_an_https_url() {
        assert_eq!(origin("https://till.example:8443/a?b=c").unwrap(), "https://till.example:8443");
        for (url, wanted) in [
            ("http://till.example/", "HTTPS alone"),
            ("till.example", "HTTPS alone"),
            ("/checkin", "names no host"),
            ("https://user:word@till.example/", "a user's name"),
            ("https://a b/", "is not a URL"),
        ] {
            let sentence = origin(url).unwrap_err();
            assert!(sentence.contains(wanted) && sentence.contains("like https://"), "{url}: {sentence}");
            assert!(!sentence.contains("word"), "{sentence}");
        }
        assert!(Callback::new("https://[::1]:9/x", Vec::new()).is_ok());
    }
}
