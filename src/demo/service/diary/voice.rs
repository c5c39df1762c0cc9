//! How services write their logs: the forms of four loggers that the shop's services would use. Texts only.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::super::shop::Voice;
use super::{Author, Cause, Failure, Remark};
use crate::log::Level;

/// A remark as its author writes it, with the end of its last line.
pub fn text(author: &Author, remark: &Remark, at: Timestamp) -> String {
    match author.voice {
        Voice::Serilog => serilog(author, remark, at),
        Voice::Spring => spring(author, remark, at),
        Voice::Logfmt => logfmt(remark, at),
        Voice::Postgres => postgres(author, remark, at),
    }
}

/// Source: Serilog.Formatting.Compact, "Format details".
fn serilog(author: &Author, remark: &Remark, at: Timestamp) -> String {
    let mut event = vec![("@t", json!(format!("{at:.7}"))), ("@mt", json!(remark.text))];
    let level = match remark.level {
        Level::Trace => Some("Verbose"),
        Level::Debug => Some("Debug"),
        Level::Info => None,
        Level::Warn => Some("Warning"),
        Level::Error => Some("Error"),
        Level::Fatal => Some("Fatal"),
    };
    event.extend(level.map(|level| ("@l", json!(level))));
    if let Some(failure) = &remark.failure {
        event.push(("@x", json!(dotnet(author, failure))));
    }
    if let Some(trace) = &remark.trace {
        event.extend([("@tr", json!(trace.id())), ("@sp", json!(trace.span()))]);
    }
    event.extend(remark.values.iter().map(|(name, value)| (*name, value.clone())));
    event.push(("SourceContext", json!(format!("Shop.{}.{}", pascal(author.name), remark.logger))));
    // A map would sort them.
    let members: Vec<_> = event.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    format!("{{{}}}\n", members.join(","))
}

fn dotnet(author: &Author, failure: &Failure) -> String {
    let name = pascal(author.name);
    let (kind, frames): (_, &[&str]) = match failure.cause {
        Cause::Upstream => (
            "System.Net.Http.HttpRequestException",
            &[
                "System.Net.Http.HttpConnectionPool.SendAsync(HttpRequestMessage request)",
                "Upstream.CallAsync(Trace trace)",
            ],
        ),
        Cause::Broken => ("System.InvalidOperationException", &["Startup.Check(Release release)", "Program.Main()"]),
        Cause::Starved => {
            ("System.TimeoutException", &["Workers.TakeAsync(CancellationToken stop)", "Work.HandleAsync()"])
        }
        Cause::Crash => ("System.OutOfMemoryException", &["Cache.Grow(Int32 entries)", "Work.HandleAsync()"]),
    };
    let frames = frames.iter().enumerate().map(|(at, frame)| {
        if frame.starts_with("System.") {
            return format!("\n   at {frame}");
        }
        let file = frame.split('.').next().unwrap_or_default();
        format!("\n   at Shop.{name}.{frame} in /src/{name}/{file}.cs:line {}", 41 + at * 17)
    });
    format!("{kind}: {}{}", failure.why, frames.collect::<String>())
}

/// Source: Spring Boot reference, "Logging", "Log Format".
fn spring(author: &Author, remark: &Remark, at: Timestamp) -> String {
    let level = match remark.level {
        Level::Trace => "TRACE",
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error | Level::Fatal => "ERROR",
    };
    let place = remark.trace.as_ref().map(|t| format!(" [{}-{}]", t.id(), t.span())).unwrap_or_default();
    let thread = if remark.trace.is_some() { "nio-8080-exec-2" } else { "main" };
    let (name, process, logger) = (author.name, author.process, remark.logger);
    let head = format!("{at:.3} {level:>5} {process} --- [{name}] [{thread:>15}]{place} c.e.shop.{name}.{logger}");
    let stack = remark.failure.as_ref().map(|failure| java(author, failure)).unwrap_or_default();
    format!("{head} : {}\n{stack}", remark.said())
}

fn java(author: &Author, failure: &Failure) -> String {
    let (kind, caused) = match failure.cause {
        Cause::Upstream => ("org.springframework.web.client.ResourceAccessException", "java.net.ConnectException"),
        Cause::Broken => ("java.lang.IllegalStateException", "java.util.NoSuchElementException"),
        Cause::Starved => ("java.util.concurrent.RejectedExecutionException", "java.util.concurrent.TimeoutException"),
        Cause::Crash => ("java.lang.OutOfMemoryError", "java.lang.OutOfMemoryError"),
    };
    let (package, why) = (format!("com.example.shop.{}", author.name), &failure.why);
    format!(
        "{kind}: {why}\n\tat {package}.Upstream.call(Upstream.java:58)\n\tat {package}.Work.handle(Work.java:31)\n\
         Caused by: {caused}: {why}\n\tat java.base/java.lang.Thread.run(Thread.java:1583)\n\t... 12 more\n"
    )
}

fn logfmt(remark: &Remark, at: Timestamp) -> String {
    let mut pairs = vec![
        format!("ts={at:.3}"),
        format!("level={}", remark.level.word()),
        format!("logger={}", remark.logger),
        format!("msg={}", json!(remark.said())),
    ];
    let apart = remark.values.iter().filter(|(name, _)| !remark.text.contains(&format!("{{{name}}}")));
    pairs.extend(apart.map(|(name, value)| format!("{}={}", name.to_lowercase(), bare(value))));
    pairs.extend(remark.trace.as_ref().map(|trace| format!("trace_id={}", trace.id())));
    if let Some(failure) = &remark.failure {
        let stack = "goroutine 1 [running]:\nmain.send(0xc0001)\n\t/src/send.go:41\nmain.main()\n\t/src/main.go:17";
        pairs.extend([format!("err={}", json!(failure.why)), format!("stack={}", json!(stack))]);
    }
    pairs.join(" ") + "\n"
}

/// In quotes only where it must be.
fn bare(value: &Value) -> String {
    match value.as_str() {
        Some(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"') => text.to_owned(),
        _ => value.to_string(),
    }
}

/// Source: PostgreSQL 15, "Error Reporting and Logging", with `log_line_prefix = '%m [%p] '`; the trace as sqlcommenter
/// hands it on.
fn postgres(author: &Author, remark: &Remark, at: Timestamp) -> String {
    let level = match remark.level {
        Level::Trace | Level::Debug => "DEBUG",
        Level::Info => "LOG",
        Level::Warn => "WARNING",
        Level::Error => "ERROR",
        Level::Fatal => "PANIC",
    };
    let head = format!("{} UTC [{}]", at.strftime("%Y-%m-%d %H:%M:%S%.3f"), author.process);
    let trace = remark.trace.as_ref().map(|trace| format!(" /*traceparent='{trace}'*/")).unwrap_or_default();
    let mut lines = vec![format!("{head} {level}:  {}{trace}", remark.said())];
    if let Some(failure) = &remark.failure {
        let statement = "INSERT INTO entries (order_id, amount) VALUES ($1, $2)";
        lines.push(format!("{head} DETAIL:  {}", failure.why));
        lines.push(match failure.cause {
            Cause::Broken => format!("{head} HINT:  Put a backup back, or the release before."),
            Cause::Upstream | Cause::Starved => format!("{head} STATEMENT:  {statement}"),
            Cause::Crash => format!("{head} CONTEXT:  while writing {statement}"),
        });
    }
    lines.join("\n") + "\n"
}

/// `mail-worker` is `MailWorker`.
fn pascal(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_uppercase() + rest
    });
    words.collect()
}
