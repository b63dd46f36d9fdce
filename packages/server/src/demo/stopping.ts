import { linesOf } from './asking.ts';
import { connectUnder } from './reading.ts';
import { found, type Figures, given, ms, shows, type Stage } from './story.ts';

const question = 'select number, status from orders order by placed_at desc limit 3';

/** Step: the log is stopped for real; nothing flows until it is back. */
export async function noLogNoRows(stage: Stage, id: string): Promise<Figures> {
  const { administrator, tell, stopwatch } = stage;
  const wire = await connectUnder(stage, id);
  try {
    given(await wire.query(question), 'expected rows while the log runs');
    await administrator('gatehouse', 'revoke insert on log.entries from gatehouse');
    let refusedAfter = 0;
    try {
      tell(
        "The log is stopped: an administrator takes away the right to write its entries (revoke insert on log.entries …). Emil's session is still open.",
      );
      const startedAt = stopwatch();
      const without = await wire.query(question);
      refusedAfter = ms(stopwatch() - startedAt);
      shows(!without.ok, 'expected no rows without a log, but rows came');
      tell(`sample=> ${question};\n${without.error.printed}`);
      tell(`Zero rows, refused after ${refusedAfter} ms: what cannot be recorded does not run.`);
    } finally {
      await administrator('gatehouse', 'grant insert on log.entries to gatehouse');
    }
    const backAt = stopwatch();
    await wire.close();
    const rows = await found(stage, 'rows after the log is back', async () => {
      const again = await connectUnder(stage, id).catch(() => null);
      if (again === null) return null;
      const answered = await again.query(question);
      await again.close();
      return answered.ok ? answered.value.rows.length : null;
    });
    const resumedAfter = ms(stopwatch() - backAt);
    shows(rows === 3, `expected 3 rows after the log is back, found ${rows}`);
    tell(`The right is given back. The log has lost nothing, and ${rows} rows flow after ${resumedAfter} ms.`);
    return { refusedAfterMilliseconds: refusedAfter, resumedAfterMilliseconds: resumedAfter, rows };
  } finally {
    await wire.close();
  }
}

/** Runs for far longer than the story: each event of acme beside each other one. */
const slow = 'select count(*) from events a cross join events b cross join events c';

/** Step: the customer revokes while a statement runs; the session dies. */
export async function revokedMidQuery(stage: Stage, id: string): Promise<Figures> {
  const { people, tell, stopwatch } = stage;
  const wire = await connectUnder(stage, id);
  try {
    const known = (await linesOf(stage, id)).length;
    const document = await people.arno.draft(id, 'revoke');
    const running = wire.query(slow);
    const intent = await found(stage, 'the running statement in the log', async () => {
      const lines = (await linesOf(stage, id)).slice(known);
      return lines.find(({ type }) => type === 'access.intent')?.seq ?? null;
    });
    tell(
      `Emil starts a statement that takes long (entry ${intent}). Arno sees it in acme's log and revokes, without giving a reason.`,
    );
    const startedAt = stopwatch();
    const cut = running.then((outcome) => ({ outcome, took: ms(stopwatch() - startedAt) }));
    const { state } = await people.arno.sendAct(id, people.arno.sign(document));
    shows(state === 'revoked', `expected the grant to be revoked, found ${state}`);
    const { outcome, took } = await cut;
    shows(
      !outcome.ok && outcome.error.sqlstate === '57P01',
      `expected the statement to be cut with 57P01, found ${outcome.ok ? 'rows' : outcome.error.printed}`,
    );
    shows(took < 5_000, `expected the cut within 5 s, found ${took} ms`);
    tell(`sample=> ${slow};\n${outcome.error.printed}`);
    await found(stage, 'the end of the session', async () => (wire.ended ? true : null));
    const again = await people.emil.credential(id).then(
      () => null,
      (cause: unknown) => cause as Error,
    );
    shows(again !== null, 'expected no token after the revocation');
    const roles = await stage.administrator(
      'sample',
      "select count(*) from pg_stat_activity where usename like 'gov\\_%' or usename like 'g\\_%'",
    );
    tell(`The session died ${took} ms after the signature was sent. No new token: ${again.message}`);
    return { milliseconds: took, intent, openSessions: Number(roles[0]?.[0] ?? 0) };
  } finally {
    await wire.close();
  }
}
