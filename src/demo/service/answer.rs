//! The paths that a service answers: `/health`, `/health/live`, `/work` and, for the console alone, the control path. A report
//! says what was really found: dependencies are called for each one.

use std::time::Duration;

use futures::future::join_all;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::Instant;

use super::super::call::{self, loopback};
use super::super::programme::{Condition, FaultKind};
use super::super::wire::{FAULT_PATH, TOKEN_HEADER, TRACE_HEADER, WORK_PATH};
use super::report::{self, Body, Finding, Verdict};
use super::state::State;
use super::trace::Trace;
use super::work::{self, Order};

/// How long a service waits for one that it depends on: less than the time limits of the deck, so that its own report
/// still arrives and names the culprit.
const PATIENCE: Duration = Duration::from_millis(800);

/// Answers a request; a hung service never does, except to the console.
pub async fn to<B>(state: &State, request: &Request<B>) -> Response<Full<Bytes>> {
    if request.uri().path() == FAULT_PATH {
        return response(control(state, request));
    }
    if state.condition() == Condition::Hung {
        // Dropped with its connection when the caller gives up.
        std::future::pending::<()>().await;
    }
    let header = request.headers().get(TRACE_HEADER).and_then(|h| h.to_str().ok());
    let handed = header.and_then(Trace::of);
    let trace = handed.unwrap_or_else(|| state.diary.trace());
    if request.uri().path() == WORK_PATH && request.method() == Method::POST {
        return response(match Order::of(request.uri().query(), trace) {
            Some(order) => plain(work::work(state, order).await, "done, or not"),
            None => plain(StatusCode::BAD_REQUEST, "say order=NUMBER&within=MILLISECONDS"),
        });
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return response(plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here"));
    }
    response(match request.uri().path() {
        "/health" => health(state, trace).await,
        "/health/live" => {
            if handed.is_some() {
                work::greeted(state, trace);
            }
            plain(StatusCode::OK, "Healthy")
        }
        _ => plain(StatusCode::NOT_FOUND, "there are /health and /health/live"),
    })
}

async fn health(state: &State, trace: Trace) -> Body {
    let began = Instant::now();
    let own = async {
        tokio::time::sleep(state.next_latency()).await;
        parts(state, began)
    };
    let (mut findings, others) = tokio::join!(own, dependencies(state, trace));
    findings.extend(others);
    if let Some((name, detail)) = state.trouble() {
        let verdict = Verdict::Down;
        findings.insert(0, Finding { name: name.to_owned(), verdict, detail, took: began.elapsed() });
    }
    let took = began.elapsed();
    let body = report::write(state.role.report, &state.release.version, &findings, took);
    let degraded = findings.iter().any(|f| f.verdict != Verdict::Well);
    work::reported(state, body.status, degraded, took, trace);
    body
}

fn parts(state: &State, began: Instant) -> Vec<Finding> {
    let degraded = state.condition() == Condition::Degraded;
    let (sore, complaint) = state.role.complaint;
    let parts = state.role.parts.iter().map(|(name, detail)| {
        let (verdict, detail) =
            if degraded && *name == sore { (Verdict::Degraded, complaint) } else { (Verdict::Well, *detail) };
        Finding { name: (*name).to_owned(), verdict, detail: detail.to_owned(), took: began.elapsed() }
    });
    parts.collect()
}

async fn dependencies(state: &State, trace: Trace) -> Vec<Finding> {
    let ask = async |(nth, name): (usize, &&'static str)| {
        let header = trace.next(nth).to_string();
        let began = Instant::now();
        let (verdict, detail) = match state.peers.get(*name) {
            None => (Verdict::Down, format!("nobody said where {name} is")),
            Some(port) => {
                match call::call(Method::GET, *port, "/health/live", &[(TRACE_HEADER, &*header)], PATIENCE).await {
                    Ok(status) if status.is_success() => (Verdict::Well, format!("{} answered", loopback(*port))),
                    Ok(status) => (Verdict::Down, format!("{} answered {status}", loopback(*port))),
                    Err(error) => (Verdict::Down, error.to_string()),
                }
            }
        };
        Finding { name: (*name).to_owned(), verdict, detail, took: began.elapsed() }
    };
    join_all(state.role.depends.iter().enumerate().map(ask)).await
}

fn control<B>(state: &State, request: &Request<B>) -> Body {
    let token = request.headers().get(TOKEN_HEADER).map(HeaderValue::as_bytes);
    if token != Some(state.token.as_bytes()) {
        return plain(StatusCode::FORBIDDEN, "only the console that started this service may do that");
    }
    if request.method() != Method::POST {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only POST is answered here");
    }
    let kind = request.uri().query().and_then(|query| query.strip_prefix("kind="));
    match kind.unwrap_or_default().parse::<FaultKind>() {
        Ok(kind) => {
            state.take(kind);
            plain(StatusCode::ACCEPTED, kind.word())
        }
        Err(error) => plain(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

fn plain(status: StatusCode, text: &str) -> Body {
    Body { status, media: "text/plain", text: text.to_owned() }
}

fn response(body: Body) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.text)));
    *response.status_mut() = body.status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(body.media));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
