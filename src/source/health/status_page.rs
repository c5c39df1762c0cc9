//! `status-page`: what a vendor says of itself on a page hosted by Statuspage or incident.io. The page is only a
//! witness: when it cannot be reached, nothing is known about the vendor.

pub mod incident_io;
pub mod report;
pub mod statuspage;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::Url;

use super::api::client::{place, under};
use super::api::{Answer, Budget, Client, Trouble, address};
use super::{Check, Context, Kind, Placement};
use crate::model::{Observation, Text};
use crate::settings::Section;
use crate::transport::dial::Way;
use report::Report;

/// The kind's row.
pub static KIND: Kind = Kind {
    name: "status-page",
    doc: "A vendor's status page (Statuspage, incident.io), all of it or some components",
    example: r#"{ status-page = "https://www.vendorstatus.example", components = ["API"] }"#,
    every: Duration::from_mins(2),
    timeout: Duration::from_secs(15),
    latency: false,
    placement: Placement::Network,
    read,
};

const EXAMPLE: &str = "https://www.vendorstatus.example";

/// Who hosts the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Statuspage,
    IncidentIo,
}

impl Format {
    fn path(self) -> &'static str {
        match self {
            Format::Statuspage => "api/v2/summary.json",
            Format::IncidentIo => "api/v1/summary",
        }
    }

    fn read(self, answer: &Answer) -> Option<Report> {
        match self {
            Format::Statuspage => statuspage::read(answer),
            Format::IncidentIo => incident_io::read(answer),
        }
    }
}

#[derive(Debug)]
struct StatusPage {
    url: Url,
    text: String,
    formats: Vec<Format>,
    components: Vec<String>,
}

fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let text = address(section, "status-page", &["https", "http"], EXAMPLE);
    let components = if section.has("components") { section.texts("components") } else { Some(Vec::new()) };
    let choices = [("statuspage", Format::Statuspage), ("incident-io", Format::IncidentIo)];
    let format = section.has("format").then(|| section.choice("format", &choices));
    let text = text?;
    let Ok(url) = Url::parse(&text) else {
        section.error("status-page", "`status-page` is not an address", format!("write status-page = \"{EXAMPLE}\""));
        return None;
    };
    let formats = match format {
        Some(format) => vec![format?],
        None => vec![Format::Statuspage, Format::IncidentIo],
    };
    Some(Box::new(StatusPage { url, text, formats, components: components? }))
}

impl Check for StatusPage {
    fn target(&self) -> String {
        self.text.clone()
    }

    fn check<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            let budget = Budget::of(context);
            match self.ask(&budget, context.way.as_ref()).await {
                Ok(report) => report.judge(&self.components).after(budget.took()),
                // The page is not the vendor.
                Err(trouble) => Observation::unknown(trouble.reason),
            }
        })
    }
}

impl StatusPage {
    /// The first format that the page speaks.
    async fn ask(&self, budget: &Budget, way: Option<&Arc<dyn Way>>) -> Result<Report, Trouble> {
        let client = Client::towards(&self.url, None).await?.by(way.cloned());
        let place = place(&self.url);
        let mut refused = String::new();
        for format in &self.formats {
            let Some(url) = under(&self.url, format.path()) else { continue };
            let answer = client.get(url, None, budget, &format!("from the status page on {place}")).await?;
            match answer.status {
                200 => {
                    if let Some(report) = format.read(&answer) {
                        return Ok(report);
                    }
                }
                status @ 300..=399 if answer.location.is_some() => {
                    let to = Text::line_at_most(answer.location.as_deref().unwrap_or_default(), 160);
                    refused = format!("{place} redirects ({status}) to {to}; write that site as the address");
                }
                404 | 410 => {}
                status => refused = format!("the status page on {place} answers {status}"),
            }
        }
        if refused.is_empty() {
            let known = "this is no page of Statuspage, nor of incident.io with its Widget API on";
            refused = format!("{place} gives no summary: {known}");
        }
        Err(Trouble::unknown(refused))
    }
}

#[cfg(test)]
mod tests;
