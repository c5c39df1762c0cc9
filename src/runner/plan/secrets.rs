//! Values of a plan as steps get them: secrets found behind their references, and remembered so that they are taken out of
//! what comes back. Never part of a plan.

use std::collections::BTreeMap;
use std::time::Duration;

use super::inputs::Settled;
use crate::model::Text;
use crate::model::plan::Value;
use crate::secret::{SecretRef, Vault, expose};

const LIMIT: Duration = Duration::from_secs(20);

/// Every value, and the secrets that are not to be had, in words.
pub(super) async fn reveal(settled: &Settled, vault: &Vault) -> (BTreeMap<String, String>, Vec<Text>) {
    let mut values = BTreeMap::new();
    let mut missing = Vec::new();
    for (name, value) in &settled.typed {
        vault.remember(&format!("input {name}"), value);
        values.insert(name.clone(), value.clone());
    }
    for (name, value) in &settled.values {
        match value {
            Value::Plain(value) => {
                values.insert(name.clone(), value.clone());
            }
            Value::Reference(reference) => match find(reference, vault).await {
                Ok(value) => {
                    values.insert(name.clone(), value);
                }
                Err(why) => missing.push(format!("input {name}: {why}").into()),
            },
            Value::Asked => {}
        }
    }
    (values, missing)
}

async fn find(reference: &str, vault: &Vault) -> Result<String, Text> {
    let reference = SecretRef::parse(reference).map_err(|e| Text::from(e.to_string()))?;
    let value = vault.reveal_within(&reference, LIMIT).await.map_err(|e| Text::from(e.to_string()))?;
    Ok(expose(&value).to_owned())
}
