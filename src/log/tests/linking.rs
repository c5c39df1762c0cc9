//! The correlation ids of lines, as services write them.

use proptest::prelude::*;

use super::super::trace;

const W3C: &str = "0af7651916cd43dd8448eb211c80319c";
const UUID: &str = "8f14e45f-ceea-467f-a9d4-1b2c3d4e5f60";

fn found(line: &str) -> Option<String> {
    trace(line.as_bytes()).map(|id| String::from_utf8(id.into_owned()).unwrap())
}

#[test]
fn an_id_is_found_by_the_names_loggers_give_it() {
    for name in [
        "trace_id",
        "traceId",
        "TraceId",
        "@tr",
        "dd.trace_id",
        "correlation_id",
        "CorrelationId",
        "correlationId",
        "request_id",
        "RequestId",
        "requestId",
        "x-request-id",
        "transaction.id",
        "trace.id",
        "X-Correlation-ID",
    ] {
        assert_eq!(found(&format!(r#"{{"msg":"x","{name}":"{W3C}"}}"#)).as_deref(), Some(W3C), "{name}");
    }
    for line in [
        format!(r#"{{"trace":{{"id":"{W3C}"}},"span":{{"id":"b7ad6b7169203331"}}}}"#),
        format!(r#"{{"Properties":{{"TraceId":"{W3C}"}}}}"#),
        format!(r#"{{"traceparent":"00-{W3C}-b7ad6b7169203331-01"}}"#),
        format!(r#"{{"logging.googleapis.com/trace":"projects/shop/traces/{W3C}"}}"#),
        format!(r#"Nov 21 18:46:24 web-1 app[7]: {{"traceId":"{W3C}"}}"#),
        format!("level=info msg=\"x\" trace_id={W3C}"),
        format!("level=info request_id=r-123456 msg=\"x\" traceID={W3C}"),
        format!(r#"{{"RequestId":"0HN5:00000001","CorrelationId":"c-123456","TraceId":"{W3C}"}}"#),
    ] {
        assert_eq!(found(&line).as_deref(), Some(W3C), "{line}");
    }
}

#[test]
fn an_id_is_found_in_text_behind_a_word_of_the_trade() {
    for (line, id) in [
        (format!("GET / 200 00-{W3C}-b7ad6b7169203331-01"), W3C),
        (format!("2026-11-21 18:46:24 INFO [corr:{UUID}] placed"), UUID),
        ("2026-11-21 18:46:24 INFO [corr:a1b2c3] placed".to_owned(), "a1b2c3"),
        (format!("order placed corr={UUID}"), UUID),
        ("order placed (trace=77aa01)".to_owned(), "77aa01"),
        (format!("request id {UUID} failed"), UUID),
        ("failed, Request-ID: req_12ab34, again".to_owned(), "req_12ab34"),
        (format!("request {UUID} failed"), UUID),
        (format!("correlation id: \"{UUID}\""), UUID),
        (format!("x INFO 7 --- [orders] [nio-8080-exec-1] [{W3C}-b7ad6b7169203331] c.e.Orders : y"), W3C),
        (format!("x INFO [orders,{W3C},b7ad6b7169203331,true] 7 --- [main] c.e.Orders : y"), W3C),
        (format!("x INFO [orders,traceId={W3C},spanId=b7ad6b7169203331] y"), W3C),
    ] {
        assert_eq!(found(&line).as_deref(), Some(id), "{line}");
    }
}

#[test]
fn no_other_number_is_taken_for_an_id() {
    for line in [
        &format!("user {UUID} signed in"),
        "trace: enabled for all",
        "request: GET /api/orders",
        "the request identity is unknown",
        "corr=ab12",
        r#"{"trace_id":"00000000000000000000000000000000"}"#,
        r#"{"trace_id":null,"span_id":"b7ad6b7169203331","id":"123456789"}"#,
        r#"{"trace_id":""}"#,
        r#"{"request":{"method":"GET"}}"#,
        "level=info msg=x requests=1234567",
        "transaction ID wrap limit is 2147484146",
        "retrace=1234567",
        "x [main,0af7651916cd43dd,of] y",
        "x [0af7651916cd43dd8448eb211c80319c-b7ad6b7169203] y",
        "",
        "{",
    ] {
        assert_eq!(found(line), None, "{line}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_looked_through(line in prop::collection::vec(any::<u8>(), 0..200)) {
        trace(&line);
    }

    #[test]
    fn what_is_found_stands_in_the_line(line in r#"[{]?("?(trace|corr|request|x)[ _]?(id)?"?[=: ]{0,2}"?[0-9a-f-]{0,12}"?[, ]){0,4}[}]?"#) {
        if let Some(id) = found(&line) {
            prop_assert!(line.contains(&id) && id.len() >= 6);
        }
    }
}
