//! Verdicts about contracts that are asked for, in place of the probe.

use herald::store::Pool;

/// Has every contract that is asked for judged at once, in place of the probe: refused with this
/// word, or accepted.
pub(crate) async fn judge(pool: &Pool, word: Option<&str>) {
    for statement in [
        "create table if not exists public.judgement (word text)",
        "delete from public.judgement",
        r"create or replace function public.judge() returns trigger language plpgsql as $$
        begin
            if new.state = 'probing' and new.probe_at is not null then
                new.refused := (select word from public.judgement);
                new.refused_detail := 'because ' || new.refused;
                new.start_block := coalesce(new.start_block, case when new.refused is null then 0 end);
                new.probe_at := null;
            end if;
            return new;
        end $$",
        r"create or replace trigger judge before insert or update on chain.contracts
            for each row execute function public.judge()",
    ] {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
    sqlx::query("insert into public.judgement values ($1)").bind(word).execute(pool).await.unwrap();
}
