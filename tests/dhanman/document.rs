//! One document of `qd status --watch --json`, and what a test asks of it.

use std::fmt;

use serde_json::Value;

/// What the console knew at one moment.
#[derive(Clone, Debug)]
pub struct Document(pub Value);

/// The rows of a list.
fn rows(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().unwrap().iter()
}

fn named<'v>(list: &'v Value, name: &str) -> &'v Value {
    rows(list).find(|row| row["name"] == name).unwrap_or_else(|| panic!("there is no {name} in {list}"))
}

impl Document {
    fn environment(&self, name: &str) -> &Value {
        named(&self.0["environments"], name)
    }

    /// The host of an environment.
    pub fn host(&self, environment: &str) -> &Value {
        named(&self.environment(environment)["hosts"], "vps")
    }

    /// A service, named `ENVIRONMENT/SERVICE`.
    pub fn service(&self, id: &str) -> &Value {
        let (environment, name) = id.split_once('/').unwrap();
        named(&self.environment(environment)["services"], name)
    }

    /// The health of a service.
    pub fn health(&self, id: &str) -> &str {
        self.service(id)["health"].as_str().unwrap()
    }

    /// Why a service is not healthy.
    pub fn cause(&self, id: &str) -> &str {
        self.service(id)["cause"].as_str().unwrap_or_default()
    }

    /// A probe, named `ENVIRONMENT/SERVICE/PROBE`.
    pub fn probe(&self, id: &str) -> &Value {
        let (service, name) = id.rsplit_once('/').unwrap();
        named(&self.service(service)["probes"], name)
    }
}

impl fmt::Display for Document {
    /// A line for each host, and for each service that is not healthy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for environment in rows(&self.0["environments"]) {
            let name = &environment["name"];
            for host in rows(&environment["hosts"]) {
                writeln!(f, "{name} {} {} {}", host["name"], host["state"], host["cause"])?;
            }
            for service in rows(&environment["services"]).filter(|s| s["health"] != "healthy") {
                writeln!(f, "{name} {} {} {}", service["name"], service["health"], service["cause"])?;
            }
        }
        Ok(())
    }
}
