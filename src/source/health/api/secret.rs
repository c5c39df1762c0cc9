//! Secrets for a check, looked up before the time of the target begins: a slow password manager is neither the target's
//! failure nor its latency. Never decides what a secret is for.

use futures::future::OptionFuture;
use secrecy::SecretString;

use super::Trouble;
use crate::secret::SecretRef;
use crate::source::health::Context;

/// The secret behind a reference, for which there is as much time as for the check itself. To be called before
/// [`super::Budget::of`]; what goes wrong leaves the target unknown.
pub async fn secret(context: &Context, reference: &SecretRef) -> Result<SecretString, Trouble> {
    Ok(context.vault.reveal_within(reference, context.timeout).await?)
}

/// The same for a secret that a deck may leave out.
pub async fn secret_if_any(context: &Context, reference: Option<&SecretRef>) -> Result<Option<SecretString>, Trouble> {
    OptionFuture::from(reference.map(|r| secret(context, r))).await.transpose()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::fixture::context;
    use super::*;

    #[tokio::test]
    async fn a_secret_that_does_not_come_leaves_the_target_unknown() {
        let slow = SecretRef::parse("command:sleep 9").unwrap();
        let trouble = secret_if_any(&context(Duration::from_millis(200)), Some(&slow)).await.unwrap_err();
        assert_eq!(trouble, Trouble::unknown("secret command:sleep did not answer within 200ms"));
        assert!(secret_if_any(&context(Duration::from_millis(200)), None).await.unwrap().is_none());
    }
}
