//! The routes of the page.

use super::approval::{Content, Download};
use super::page_state::{PageState, Phase};
use super::security::{FILE_POLICY, Guard, POLICY, Refusal};
use super::view::stepper::STEP_NAMES;
use super::view::{self, certification, exchange, identify, read_only, selection};
use super::{actions, events, json_state, stored_exchanges};
use crate::api::form::fields;
use crate::report::html_kit::style_sheet;
use crate::sandbox::{OPENAPI, REFERENCE, Sandbox};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use http_body_util::channel::Channel;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::AsyncReadExt;

/// The longest request body, in bytes.
const LONGEST_BODY: usize = 16 * 1024;

const STYLE: &str = style_sheet!("style.css");
const SCRIPT: &str = include_str!("page.js");
const ICON: &str = include_str!("icon.svg");

/// Headers of every response: no caching, no MIME sniffing, no referrer, no framing, no cross-origin use.
const ALWAYS: [(HeaderName, &str); 6] = [
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// All routes, behind the guard.
pub(super) fn router(page_state: Arc<PageState>, guard: Guard) -> Router {
    let asset = |media: &'static str, text: &'static str| get(move || async move { whole(200, media, text) });
    let streams = events::EventStreams::default();
    Router::new()
        .route("/", get(home))
        .route("/state", get(async |State(page_state): State<Arc<PageState>>| json(&json_state::of(&page_state))))
        .route("/act", get(act))
        .route(
            "/events",
            get(async move |State(page_state), uri, headers| stream(&streams, page_state, &uri, &headers)),
        )
        .route("/step/{name}", get(step))
        .route(REFERENCE, get(reference))
        .route(OPENAPI, get(async || json(&Sandbox::openapi())))
        .route("/exchange/{number}", get(one))
        .route("/traffic", get(traffic))
        .route("/files/{name}", get(file))
        .route("/style.css", asset("text/css; charset=utf-8", STYLE))
        .route("/page.js", asset("text/javascript; charset=utf-8", SCRIPT))
        .route("/icon.svg", asset("image/svg+xml", ICON))
        .route("/check", post(async |body: Bytes| whole(200, "text/plain; charset=utf-8", actions::check(&body))))
        .route("/{action}", post(action))
        .fallback(async || error_page(404, "Not found", "The certification is at `/`."))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::new(guard), guarded))
        .with_state(page_state)
}

/// Applies the guard to each request, and adds the common headers to each response.
async fn guarded(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let let_in = guard.check(request.method(), request.uri(), request.headers());
    let opens = let_in.is_ok() && request.uri().path() == "/" && guard.is_in_address(request.uri());
    let mut response = match let_in {
        // The redirect removes the token from the address bar and the history.
        Ok(()) if opens => {
            let mut response = see_home();
            if let Ok(cookie) = HeaderValue::from_str(&guard.cookie()) {
                response.headers_mut().insert(SET_COOKIE, cookie);
            }
            response
        }
        Ok(()) => next.run(request).await,
        Err(refusal) => refused(&refusal),
    };
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    response
}

async fn home(State(page_state): State<Arc<PageState>>) -> Response {
    let (phase, identified, seen) = {
        let mut state = page_state.state();
        if let (Phase::Certification(active), false) = (&state.phase, state.visited) {
            active.director.stay();
        }
        state.visited = true;
        (state.phase.clone(), state.identified.clone(), state.exchange_count)
    };
    let (step, main) = match &phase {
        Phase::Identification => {
            let form = identify::Form { identified: &identified, elsewhere: page_state.credential_check.is_some() };
            (0, form.render(identify::Problem::None))
        }
        Phase::Selection => (1, selection::selection(&identified, page_state.rules, None)),
        Phase::Certification(active) => (2, certification::render(&page_state, active)),
        Phase::Approval(approval) => (3, view::approval::render(approval, identified.system_name.as_deref())),
    };
    html(200, view::page(Some(step), phase.name(), page_state.ms(Instant::now()), seen, &main))
}

/// A finished step, read-only; the current one is at `/`.
async fn step(State(page_state): State<Arc<PageState>>, Path(name): Path<String>) -> Response {
    let (phase, identified, seen) = {
        let state = page_state.state();
        (state.phase.clone(), state.identified.clone(), state.exchange_count)
    };
    let main = match (name.as_str(), &phase) {
        (_, Phase::Identification | Phase::Selection) => return see_home(),
        ("identification", _) => read_only::identification(&identified),
        ("selection", _) => read_only::selection(&identified, page_state.rules),
        ("certification", Phase::Approval(approval)) => read_only::certification(approval),
        _ => return see_home(),
    };
    let at = STEP_NAMES.iter().position(|step| *step == name);
    html(200, view::page(at, phase.name(), page_state.ms(Instant::now()), seen, &main))
}

/// The API reference of the embedded sandbox.
async fn reference(State(page_state): State<Arc<PageState>>) -> Response {
    let phase = page_state.state().phase.clone();
    let page = match &phase {
        Phase::Certification(active) => active.reach.reference.clone(),
        _ => None,
    };
    match page {
        // It is a document in one file: its own policy allows its own style only.
        Some(page) => with_policy(html(200, page), FILE_POLICY),
        None => {
            error_page(404, "No API reference", "It is available while a certification with the embedded sandbox runs.")
        }
    }
}

/// The page for a refused request: its style sheet is a part of it, as a separate one would be refused, too.
fn refused(refusal: &Refusal) -> Response {
    let page = html(refusal.status, view::refused_page(refusal.title, refusal.sentence));
    let policy = format!("{}; frame-ancestors 'none'", view::refused_policy());
    with_policy(page, &policy)
}

fn with_policy(mut response: Response, policy: &str) -> Response {
    if let Ok(policy) = HeaderValue::from_str(policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The command due on the till, as in the driver protocol; 204 if there is none.
async fn act(State(page_state): State<Arc<PageState>>) -> Response {
    match json_state::act(&page_state) {
        Some(line) => whole(200, "application/json", line.json()),
        None => response(204, Body::empty()),
    }
}

fn stream(streams: &events::EventStreams, page_state: Arc<PageState>, uri: &Uri, headers: &HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let after = last.or_else(|| field(uri, "after")).and_then(|text| text.parse().ok()).unwrap_or(0);
    match streams.take(page_state, after) {
        Some(body) => {
            let mut response = response(200, body);
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            response
        }
        None => error_page(503, "Too many open pages", "Close other tabs with this page, then reload."),
    }
}

async fn one(State(page_state): State<Arc<PageState>>, Path(number): Path<u64>, uri: Uri) -> Response {
    let view = match stored_exchanges::exchange(&page_state, number).await {
        Ok(view) => view,
        Err(sentence) => return error_page(404, "Cannot show this exchange", &sentence),
    };
    let ca = match &page_state.state().phase {
        Phase::Certification(active) => active.reach.ca.clone(),
        _ => "CA".to_owned(),
    };
    let main = exchange::opened(&view, &stored_exchanges::show_line(&page_state, number), &ca);
    if field(&uri, "part").is_some() {
        return html(200, main.into_string());
    }
    html(200, beside(&page_state, &maud::html! { (main) p { a href="/" { "Back to the certification" } } }))
}

async fn traffic(State(page_state): State<Arc<PageState>>, uri: Uri) -> Response {
    let before = field(&uri, "before").and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
    match stored_exchanges::exchanges(&page_state, before).await {
        Ok(views) => html(200, beside(&page_state, &stored_exchanges::list(&views))),
        Err(sentence) => error_page(503, "Cannot read the capture", &sentence),
    }
}

async fn file(State(page_state): State<Arc<PageState>>, Path(name): Path<String>) -> Response {
    let phase = page_state.state().phase.clone();
    let Phase::Approval(approval) = phase else {
        return error_page(404, "No files yet", "Files are available once there is a verdict.");
    };
    let Some(offer) = approval.files.iter().find(|offer| offer.name == name) else {
        return error_page(404, "Unknown file", "The files are listed under Downloads on the page with the verdict.");
    };
    match offered(offer).await {
        Ok(response) => response,
        Err(error) => error_page(404, "Cannot read the file", &format!("{name}: {error}")),
    }
}

async fn offered(offer: &Download) -> std::io::Result<Response> {
    let mut response = match &offer.content {
        Content::Text(text) => response(200, Body::from(text.clone())),
        Content::File(path) => streamed(tokio::fs::File::open(path).await?),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(offer.media));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY));
    Ok(response)
}

/// Streams a file: an archive can be larger than memory.
fn streamed(mut file: tokio::fs::File) -> Response {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(4);
    tokio::spawn(async move {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = file.read(&mut piece).await {
            let sent = sender.send_data(Bytes::copy_from_slice(piece.get(..length).unwrap_or_default())).await;
            if sent.is_err() {
                return;
            }
        }
    });
    response(200, Body::new(body))
}

async fn action(
    State(page_state): State<Arc<PageState>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let plain = headers.get("accept").is_some_and(|accept| accept == "text/plain");
    let text = |status, sentence: String| whole(status, "text/plain; charset=utf-8", sentence);
    match actions::take(&page_state, &name, &body).await {
        actions::CommandOutcome::Done(sentence) if plain => text(200, sentence),
        actions::CommandOutcome::Refused(sentence) if plain => text(422, sentence),
        actions::CommandOutcome::Refused(sentence) => error_page(422, "Not possible now", &sentence),
        actions::CommandOutcome::Again(step, main) => {
            let phase = page_state.state().phase.name();
            html(422, view::page(Some(step), phase, page_state.ms(Instant::now()), 0, &main))
        }
        actions::CommandOutcome::Unknown => {
            error_page(404, "Unknown command", "The commands are the buttons on the page.")
        }
        actions::CommandOutcome::Done(_) => see_home(),
    }
}

fn beside(page_state: &PageState, main: &maud::Markup) -> String {
    view::page(None, "beside", page_state.ms(Instant::now()), 0, main)
}

fn field(uri: &Uri, name: &str) -> Option<String> {
    let query = fields(uri.query().unwrap_or_default());
    query.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

fn see_home() -> Response {
    let mut response = response(303, Body::empty());
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
    response
}

fn json(value: &serde_json::Value) -> Response {
    whole(200, "application/json", value.to_string())
}

fn html(status: u16, page: String) -> Response {
    whole(status, "text/html; charset=utf-8", page)
}

fn error_page(status: u16, title: &str, sentence: &str) -> Response {
    html(status, view::error_page(title, sentence))
}

fn whole(status: u16, media: &'static str, text: impl Into<Body>) -> Response {
    let mut response = response(status, text.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

fn response(status: u16, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}
