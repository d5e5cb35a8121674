//! The check-in notification to the client's callback (notification_service): a POST over HTTPS, with up to three
//! retries until it returns 200.

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

/// The number of retries.
const RETRIES: usize = 3;
/// The timeout of one attempt.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_secs(1);
/// The header with the capture's chain head. A receiver who keeps it can prove later what was recorded until then.
const CHAIN_HEAD: &str = "x-poscert-chain-head";

/// The client's callback.
#[derive(Clone)]
pub(crate) struct Callback {
    url: String,
    http_client: HttpClient,
}

impl Callback {
    /// A callback at a URL. `more`: trusted certificates in addition to those of the system.
    ///
    /// # Errors
    /// The URL is not a valid callback URL, or TLS cannot be set up.
    pub(crate) fn new(url: &str, more: Vec<CertificateDer<'static>>) -> Result<Callback, String> {
        let origin = origin(url)?;
        let http_client = HttpClient::to(&Upstream::parse(&origin, Trust::Roots(more))?, TIMEOUT)?;
        Ok(Callback { url: url.to_owned(), http_client })
    }

    /// Sends the notification with the chain head, at most four times, until it returns 200. Returns the status of each
    /// attempt (0: no response) and the error of the last attempt without a response.
    pub(crate) async fn notify(&self, body: &Value, head: &str) -> (Vec<u16>, Option<String>) {
        let headers = [("content-type", "application/json"), (CHAIN_HEAD, head)];
        let (mut statuses, mut last_error) = (Vec::new(), None);
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
                    last_error = Some(no.why);
                }
            }
        }
        (statuses, last_error)
    }
}

/// Scheme, host and port of a callback's URL.
///
/// # Errors
/// The URL is not a valid callback URL.
pub(crate) fn origin(url: &str) -> Result<String, String> {
    let wrong = |what: &str| format!("callback-url: {what}; use a URL like https://till.example.com/checkin");
    let uri: Uri = url.parse().map_err(|error| wrong(&format!("it is not a URL ({error})")))?;
    let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?.as_str();
    match uri.scheme_str() {
        _ if authority.contains('@') => Err(wrong("credentials in the URL are not supported")),
        Some("https") => Ok(format!("https://{authority}")),
        _ => Err(wrong("notifications are sent over HTTPS only")),
    }
}

/// Sends notifications and writes them into the capture.
#[derive(Clone)]
pub(crate) struct Notifier {
    /// The callback, if configured.
    pub callback: Option<Callback>,
    /// Notify only a PoS with this alias; `None`: any PoS.
    pub alias: Option<String>,
    /// Access to the backend, for the store's brand and location.
    pub access: Option<Access>,
    /// The source of the client's PoS.
    pub director: Arc<Director>,
    /// The capture.
    pub writer: Writer,
}

impl Notifier {
    /// Notifies the client of a check-in at its current PoS and records the result. Returns a message for the log; also
    /// used by the button on the page and the keyboard command.
    ///
    /// # Errors
    /// No callback or PoS is known, or the capture cannot be written.
    pub(crate) async fn send(&self) -> Result<String, String> {
        let callback = self.callback.as_ref().ok_or("no callback URL; pass --callback-url")?;
        let point = self.director.point().ok_or("the client has no point of sale yet; onboard first")?;
        if point.alias.is_none() {
            return Err("the point of sale has no callbackAlias, so the backend sends no notification".to_owned());
        }
        let body = self.body(&point).await;
        let wall_us = self.writer.wall_us();
        let head = self.writer.head().to_string();
        let (statuses, last_error) = callback.notify(&body, &head).await;
        let sent = Notification { wall_us, statuses, after_number: self.director.last_number() };
        self.director.notified(&sent);
        let tries = sent.statuses.len();
        let answered = sent.statuses.last() == Some(&200);
        self.writer.append(Record::Notification(sent)).await.map_err(|error| error.to_string())?;
        Ok(match (answered, last_error) {
            (true, _) => format!("check-in notification returned 200 on attempt {tries}"),
            (false, None) => format!("check-in notification did not return 200 in {tries} attempts"),
            (false, Some(why)) => format!("check-in notification did not return 200 in {tries} attempts ({why})"),
        })
    }

    /// [`Notifier::send`] as a callback for the page.
    pub(crate) fn for_people(self) -> Notify {
        Arc::new(move || {
            let notifier = self.clone();
            Box::pin(async move { notifier.send().await })
        })
    }

    /// Whether the backend would notify the client of a check-in at this PoS.
    pub(crate) fn is_due(&self, point: &PosEntry) -> bool {
        let wanted = |alias: &String| self.alias.as_ref().is_none_or(|expected| expected == alias);
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
pub(crate) type Notify = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<String, String>> + Send>> + Send + Sync>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_an_https_url() {
        assert_eq!(origin("https://till.example:8443/a?b=c").unwrap(), "https://till.example:8443");
        for (url, wanted) in [
            ("http://till.example/", "HTTPS only"),
            ("till.example", "HTTPS only"),
            ("/checkin", "has no host"),
            ("https://user:word@till.example/", "credentials in the URL"),
            ("https://a b/", "is not a URL"),
        ] {
            let sentence = origin(url).unwrap_err();
            assert!(sentence.contains(wanted) && sentence.contains("like https://"), "{url}: {sentence}");
            assert!(!sentence.contains("word"), "{sentence}");
        }
        assert!(Callback::new("https://[::1]:9/x", Vec::new()).is_ok());
    }
}
