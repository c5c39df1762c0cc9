//! Looks at a web service: the page it is given, or the page on which the service tells its health. Every page is asked
//! for with the check that the deck will use; RabbitMQ's management and vendors' status pages are told apart.

use futures::future::{OptionFuture, join_all};
use futures::join;
use reqwest::Url;

use super::address::{Address, place, text_of};
use super::draft::{Draft, Login};
use super::finding::{Finding, certificate, fact, reason, some_of, trouble};
use super::lens::{FIRST, Lens, SECOND};
use super::page::Page;
use super::{name, service};
use crate::model::{Observation, Outcome};

/// Where services usually tell their health; the first is preferred among equals.
const PATHS: [&str; 6] = ["health", "health/ready", "healthz", "actuator/health", "api/health", "livez"];

/// Looks at an address on the web.
pub(super) async fn look(lens: &Lens, address: &Address, url: &Url) -> Finding {
    let login = address.login.as_ref();
    let secure = url.scheme() == "https";
    let place = place(&address.host, url.port_or_known_default().unwrap_or(address.port));
    let draft = Draft::new("cert", "tls", &place);
    let cert = OptionFuture::from(secure.then(|| lens.look(&draft, FIRST)));
    let (mut finding, cert) = join!(pages(lens, url, login), cert);
    // A vendor's certificate is the vendor's to watch.
    if let Some(seen) = cert.filter(|_| finding.kind != "vendor") {
        let (mut draft, words) = certificate(draft, &seen);
        if finding.words.contains(reason(&seen)) && !reason(&seen).is_empty() {
            // The page failed for the same reason, which needs to be told once.
            draft.comment = None;
        } else {
            finding.words = format!("{}, {words}", finding.words);
        }
        finding.drafts.push(draft);
    }
    finding
}

async fn pages(lens: &Lens, url: &Url, login: Option<&Login>) -> Finding {
    if let Some(base) = vendor_base(url) {
        let draft = Draft::new("live", "status-page", &base);
        let seen = lens.look(&draft, FIRST).await;
        return vendor(&draft, &seen)
            .unwrap_or_else(|| Finding::new("vendor", vec![draft.noted(&trouble(&seen))], reason(&seen)));
    }
    if url.path() != "/" || url.query().is_some() {
        let seen = ask(lens, url.as_str(), login).await;
        return written(lens, seen, login).await;
    }
    let base = text_of(url);
    let asked = std::iter::once("").chain(PATHS).map(|path| ask_path(lens, &base, path, login));
    let status = Draft::new("live", "status-page", &base);
    let (pages, vendor_seen, broker) =
        join!(join_all(asked), lens.look(&status, FIRST), service::management(lens, &base, login));
    if let Some(finding) = broker.or_else(|| vendor(&status, &vendor_seen)) {
        return finding;
    }
    let mut pages = pages;
    let root = pages.first().is_some_and(|p| p.code().is_some_and(|c| c < 300));
    // The last of equals wins, so the order is turned round to prefer the first.
    pages.reverse();
    let Some(best) = pages.iter().max_by_key(|p| p.rank(root)).cloned() else {
        return Finding::new("web", Vec::new(), "nothing was asked");
    };
    written(lens, best, login).await
}

async fn ask_path(lens: &Lens, base: &str, path: &str, login: Option<&Login>) -> Page {
    ask(lens, &format!("{base}/{path}"), login).await
}

async fn ask(lens: &Lens, url: &str, login: Option<&Login>) -> Page {
    let path = Url::parse(url).map(|u| u.path().to_owned()).unwrap_or_default();
    let draft = Draft::new(&name::of_path(&path), "http", url).with_login(login, true);
    let seen = lens.look(&draft, FIRST).await;
    Page { draft, path, seen }
}

/// The page as it will stand in the deck.
async fn written(lens: &Lens, page: Page, login: Option<&Login>) -> Finding {
    let known = login.is_some_and(|l| l.password.is_some());
    let page = match page.code() {
        Some(300..=399) => followed(lens, page).await,
        _ => page,
    };
    // A certificate that nobody trusts is an answer too.
    let answered = fact(&page.seen, "address").is_some();
    let (draft, words) = page.settled(known);
    Finding { answered, ..Finding::new("web", vec![draft], words) }
}

/// Where a redirect leads to something good, it is followed.
async fn followed(lens: &Lens, page: Page) -> Page {
    let draft = page.draft.clone().with_text("redirect", "follow");
    let seen = lens.look(&draft, SECOND).await;
    let page_there = Page { draft, path: page.path.clone(), seen };
    if page_there.code().is_some_and(|c| c < 300) { page_there } else { page }
}

/// The site whose summary a URL names.
fn vendor_base(url: &Url) -> Option<String> {
    let base = ["/api/v2/summary.json", "/api/v2/status.json", "/api/v1/summary"];
    let at = base.iter().find(|path| url.path().ends_with(*path))?;
    let before = url.as_str().split_once(at).map(|(before, _)| before.to_owned())?;
    Some(before)
}

/// A vendor's status page, if it is one.
fn vendor(draft: &Draft, seen: &Observation) -> Option<Finding> {
    if seen.outcome == Outcome::Unknown {
        return None;
    }
    let names: Vec<&str> = seen.entries.iter().map(|e| e.name.as_str()).collect();
    let comment = match names.as_slice() {
        [] => "The vendor's own word on itself".to_owned(),
        names => {
            let some = some_of(names, 4);
            format!("A status page on {some}; components = [\"…\"] picks some of them")
        }
    };
    let words = format!("a status page with {} components", names.len());
    Some(Finding::new("vendor", vec![draft.clone().noted(&comment)], words))
}
