//! The chains of a process: their rows, and the workers that follow them.

use std::sync::Arc;

use anyhow::Context as _;

use crate::chain;
use crate::config::{ChainConfig, Config};
use crate::index::fold::Fold;
use crate::index::indexes::Indexes;
use crate::index::live::LiveEdge;
use crate::index::load::Load;
use crate::index::probe::Probe;
use crate::index::track::{self, Track};
use crate::index::{Context, KINDS, Rules};
use crate::store::chains::{self, ChainRow};
use crate::store::pool::Pools;
use crate::store::wishes::Tracked;
use crate::store::{Pool, endpoints};
use crate::upkeep::{Progress, Prune, Purge};
use crate::work::Worker;

/// The workers of all chains, as far as the roles want them.
pub(super) async fn workers(
    config: &Config,
    pools: &Pools,
    owner: &Arc<str>,
) -> anyhow::Result<Vec<Arc<dyn Worker>>> {
    let mut workers = Vec::new();
    for chain in &config.chains {
        let made = async {
            let row = ensure(chain, &pools.work).await?;
            if !config.roles.index {
                return Ok(Vec::new());
            }
            follow(chain, &row, pools, owner).await
        };
        workers.extend(made.await.with_context(|| format!("chain {}", chain.name))?);
    }
    Ok(workers)
}

/// The chain's row, which readers need too.
async fn ensure(config: &ChainConfig, pool: &Pool) -> anyhow::Result<ChainRow> {
    let mut tx = pool.begin().await?;
    let key = chains::ensure(&mut tx, config.id, &config.name).await?;
    let row = chains::load(&mut *tx, key).await?;
    tx.commit().await?;
    Ok(row)
}

/// The chain's configured contracts and its workers.
async fn follow(
    config: &ChainConfig,
    row: &ChainRow,
    pools: &Pools,
    owner: &Arc<str>,
) -> anyhow::Result<Vec<Arc<dyn Worker>>> {
    let (pool, key) = (&pools.work, row.key);
    let context = context(config, pool, row, owner).await?;
    let wanted: Vec<Tracked> = config
        .contracts
        .iter()
        .map(|contract| Tracked {
            chain: key,
            address: contract.address,
            standard: contract.standard,
            start_block: contract.start_block,
        })
        .collect();
    track::ensure(&context, &wanted).await?;
    let mut workers: Vec<Arc<dyn Worker>> = vec![
        Arc::new(LiveEdge::new(Context { pool: pools.live.clone(), ..context.clone() })),
        Arc::new(Probe::new(context.clone())),
        Arc::new(Track::new(context.clone())),
        Arc::new(Indexes::new(context.clone())),
        Arc::new(Fold::new(context.clone())),
        Arc::new(Prune::new(pool.clone(), key, &config.name)),
        Arc::new(Purge::new(pool.clone(), key, &config.name)),
        Arc::new(Progress::new(pool.clone(), key, &config.name)),
    ];
    for which in 0..config.load_workers {
        workers.push(Arc::new(Load::new(context.clone(), which)));
    }
    Ok(workers)
}

/// What the workers of the chain share.
pub(super) async fn context(
    config: &ChainConfig,
    pool: &Pool,
    row: &ChainRow,
    owner: &Arc<str>,
) -> anyhow::Result<Context> {
    let nodes = chain::connect(config)?;
    if let Some(genesis) = row.genesis {
        nodes.expect_genesis(genesis);
    }
    nodes.remember(&endpoints::ranges(pool, row.key).await?);
    Ok(Context {
        pool: pool.clone(),
        chain: Arc::new(nodes),
        key: row.key,
        id: config.id,
        name: config.name.as_str().into(),
        owner: owner.clone(),
        rules: Rules {
            finalized_tag: config.finalized_tag,
            finality_depth: config.finality_depth,
            block_time: config.block_time,
            trust_bloom: config.trust_bloom,
            range_max: config.range_max,
        },
        kinds: KINDS,
        asked: Arc::default(),
    })
}
