//! The access token: fetched once, used until shortly before it expires or until it is refused
//! (pos_integratorauthentication).

use super::{ClientError, Till, timing::Next, timing::Sent};
use crate::api::Operation;
use base64::Engine as _;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use serde::Deserialize;
use std::time::{Duration, Instant};

/// The cached token.
pub(crate) struct Tokens {
    token: Option<String>,
    until: Option<Instant>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: u64,
}

impl Tokens {
    /// Starts with a token of an earlier run, if any: it is used until it is refused.
    pub(crate) fn new(first: Option<String>) -> Tokens {
        Tokens { token: first, until: None }
    }

    /// The token, unless it is about to expire.
    fn usable(&self, now: Instant) -> Option<&str> {
        let fresh = self.until.is_none_or(|until| now < until);
        self.token.as_deref().filter(|_| fresh)
    }

    /// Drops a token that was refused.
    pub(crate) fn refused(&mut self, token: &str) {
        if self.token.as_deref() == Some(token) {
            self.token = None;
        }
    }
}

/// How long a token that is valid for `expires_in` is used: until a minute before it expires, but at least half its
/// lifetime.
pub(crate) fn lifetime(expires_in: Duration) -> Duration {
    expires_in.saturating_sub(Duration::from_secs(60)).max(expires_in / 2)
}

impl Till {
    /// The cached token, for another till of the same integrator.
    pub fn token_at_hand(&self) -> Option<&str> {
        self.tokens.usable(Instant::now())
    }

    /// A valid token, from the cache or from the endpoint.
    pub(super) async fn token(&mut self) -> Result<String, ClientError> {
        if let Some(token) = self.tokens.usable(Instant::now()) {
            return Ok(token.to_owned());
        }
        let granted = self.fetch_token().await?;
        let life = lifetime(Duration::from_secs(granted.expires_in));
        self.tokens = Tokens { token: Some(granted.access_token.clone()), until: Some(Instant::now() + life) };
        Ok(granted.access_token)
    }

    async fn fetch_token(&self) -> Result<Granted, ClientError> {
        // Token requests are retried like a POST that may be repeated.
        let like = Operation::CANCEL_PAYMENT;
        for attempts in 1.. {
            let outcome = self.http_client.exchange(self.token_request()?, Some(self.config.pace.timeout)).await;
            let sent = outcome.as_ref().map_or(Sent::NoResponse, |answer| Sent::Answered(answer.status.as_u16(), None));
            match (self.config.pace.next(like, sent, attempts, true, None), outcome) {
                (Next::Again(pause), _) => tokio::time::sleep(pause).await,
                (Next::Take, Ok(answer)) => {
                    return serde_json::from_slice(&answer.body).map_err(|_| {
                        ClientError::Token(format!("the response of {} has no access_token", self.config.token_url))
                    });
                }
                (_, Ok(answer)) => {
                    let status = answer.status.as_u16();
                    let url = &self.config.token_url;
                    return Err(ClientError::Token(format!(
                        "{url} issued no token (status {status}): check client id and secret"
                    )));
                }
                (_, Err(why)) => {
                    return Err(ClientError::Token(format!("no token from {}: {why}", self.config.token_url)));
                }
            }
        }
        Err(ClientError::Token("no token".to_owned()))
    }

    fn token_request(&self) -> Result<Request<Full<Bytes>>, ClientError> {
        let credentials = format!("{}:{}", self.config.client_id, self.config.client_secret);
        let basic = base64::engine::general_purpose::STANDARD.encode(credentials);
        Request::post(&self.config.token_url)
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(Full::new(Bytes::from_static(b"grant_type=client_credentials")))
            .map_err(|error| ClientError::Setup(format!("cannot build a token request: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_used_until_shortly_before_it_expires() {
        let seconds = Duration::from_secs;
        assert_eq!(lifetime(seconds(3700)), seconds(3640));
        assert_eq!(lifetime(seconds(60)), seconds(30));
        assert_eq!(lifetime(seconds(0)), seconds(0));
        let now = Instant::now();
        let tokens = Tokens { token: Some("t".into()), until: Some(now + seconds(1)) };
        assert_eq!(tokens.usable(now), Some("t"));
        assert_eq!(tokens.usable(now + seconds(2)), None);
    }

    #[test]
    fn only_the_refused_token_is_dropped() {
        let mut tokens = Tokens::new(Some("new".into()));
        tokens.refused("old");
        assert_eq!(tokens.usable(Instant::now()), Some("new"));
        tokens.refused("new");
        assert_eq!(tokens.usable(Instant::now()), None);
    }
}
