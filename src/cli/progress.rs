//! How far a load is, for whoever waits: of the daemon's chains while it runs, and of one contract.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alloy::primitives::Address;
use anyhow::{Context as _, bail};
use async_trait::async_trait;

use super::shown::{Show, Shown, pace, share};
use crate::app::App;
use crate::config::Config;
use crate::store::Pool;
use crate::store::progress::{self, ContractLoad, Load};
use crate::work::{Pass, Worker};

/// Shows how far the loads of the configured chains are, while the daemon runs.
pub(super) fn watch(app: &mut App, config: &Config) {
    let show = Show::on(&config.log);
    let chains = config.chains.iter().map(|chain| chain.name.clone()).collect();
    app.beside(|pool| Arc::new(Watch { pool, chains, show, shown: Mutex::new(Shown::new(show)) }));
}

/// Shows the loads of some chains. A worker, so that the supervisor owns it like everything else.
struct Watch {
    pool: Pool,
    /// Their aliases.
    chains: Vec<String>,
    show: Show,
    shown: Mutex<Shown>,
}

#[async_trait]
impl Worker for Watch {
    fn name(&self) -> &'static str {
        "show progress"
    }

    fn every(&self) -> Duration {
        self.show.every()
    }

    async fn pass(&self) -> anyhow::Result<Pass> {
        let mut loads = progress::loads(&self.pool, None).await?;
        loads.retain(|of| self.chains.contains(&of.name));
        let lines = self.shown.lock().unwrap_or_else(PoisonError::into_inner).look(&loads);
        for line in lines {
            tracing::info!("{line}");
        }
        Ok(Pass::Idle)
    }
}

/// Waits until the ownership of a contract, of the chain with this alias, is answered, and shows how
/// far it is meanwhile.
///
/// # Errors
///
/// When the contract is not known, is refused, or is not followed any more.
pub async fn wait_ready(
    pool: &Pool,
    show: Show,
    (chain, contract): (&str, Address),
) -> anyhow::Result<()> {
    let mut shown = Shown::new(show);
    let name = contract.to_string();
    loop {
        let found = progress::of_contract(pool, chain, &contract.into_array()).await?;
        let found = found.with_context(|| {
            format!("{chain} has no contract {contract}; POST /v1/contracts adds it")
        })?;
        if let Some(why) = found.refused {
            bail!("{contract} is not followed: {why}");
        }
        match found.state.as_str() {
            "ready" => return Ok(()),
            "stopped" => bail!("{contract} is not followed any more; POST /v1/contracts adds it"),
            _ => {}
        }
        let (load, text) = of_contract(&found);
        if let Some(line) = shown.one(&name, &load, &text) {
            tracing::info!("{line}");
        }
        tokio::time::sleep(show.every()).await;
    }
}

/// How far a contract is, in hundredths of a percent, and in words. It is read at the pace of its
/// chain.
fn of_contract(of: &ContractLoad) -> (Load, String) {
    let percent = match of.state.as_str() {
        "probing" => 0.0,
        "folding" => 100.0,
        _ => of.loaded_percent.unwrap_or(0.0),
    };
    let load = Load {
        loading: true,
        blocks_done: (percent * 100.0) as i64,
        blocks_total: 10_000,
        ..of.load
    };
    let text = match of.state.as_str() {
        "probing" => "waiting to be joined to its chain".into(),
        "folding" => "loaded, its ownership is being built".into(),
        _ => format!("{} of its past loaded{}", share(percent), pace(&of.load)),
    };
    (load, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_is_told_by_its_state() {
        let load = Load {
            loading: true,
            blocks_done: 500_000,
            blocks_total: 1_000_000,
            blocks_per_s: Some(250_000.0),
        };
        let of = |state: &str, loaded_percent| {
            let of = ContractLoad { state: state.into(), refused: None, loaded_percent, load };
            let (load, text) = of_contract(&of);
            (load.percent(), text)
        };
        assert_eq!(of("probing", None), (0.0, "waiting to be joined to its chain".into()));
        let told = "99 % of its past loaded, 250,000 blocks/s, about 2 s left";
        assert_eq!(of("loading", Some(99.99)), (99.99, told.into()));
        assert_eq!(of("folding", None), (100.0, "loaded, its ownership is being built".into()));
    }
}
