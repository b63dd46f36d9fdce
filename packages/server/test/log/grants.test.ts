import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { steeredClock } from '../../src/clock.ts';
import type { Database } from '../../src/db/index.ts';
import type { Log } from '../../src/log/index.ts';
import { aDataDir, aDatabase, aLog, anActivation, anIntent, appended, aRef, codeOf, startOfTest } from './kit.ts';

const dataDir = aDataDir();
const clock = steeredClock(startOfTest);
let database: Database;
let log: Log;
let id: string;

beforeAll(async () => {
  database = await aDatabase(dataDir.path);
  log = await aLog(database, dataDir.path, { clock });
  id = await log.openTenantLog();
});
afterAll(async () => {
  await log.stop();
  await database.close();
  dataDir.remove();
});

const refused = (reason: string) => ({ kind: 'refused', reason });

describe('the order of intents and ends', () => {
  it('refuses an intent of a grant that was never activated', async () => {
    expect(await log.append(id, anIntent(aRef()))).toEqual(refused('grant_unknown'));
  });

  it.each(['access.revoked', 'access.expired', 'access.completed', 'access.withdrawn', 'access.close_failed'])(
    'refuses every intent after %s, in the same batch too',
    async (type) => {
      const ref = aRef();
      await appended(log, id, anActivation(ref));
      await appended(log, id, anIntent(ref)); // from here on nothing waits for a sealing key, so these come in this order
      const answers = await Promise.all([
        log.append(id, anIntent(ref)),
        log.append(id, { type, ref, person: 'maria.ortiz', payload: { why: 'the end' } }),
        log.append(id, anIntent(ref)),
      ]);
      expect(answers).toMatchObject([{ kind: 'appended' }, { kind: 'appended' }, refused('grant_ended')]);
      expect(await log.append(id, anIntent(ref))).toEqual(refused('grant_ended'));
    },
  );

  it('takes an intent one millisecond before the end of the grant, and none at the end', async () => {
    const ref = aRef();
    const notAfter = clock.now() + 60_000;
    await appended(log, id, anActivation(ref, notAfter));
    clock.set(notAfter - 1);
    expect(await log.append(id, anIntent(ref))).toMatchObject({ kind: 'appended' });
    clock.set(notAfter);
    expect(await log.append(id, anIntent(ref))).toEqual(refused('not_after'));
    clock.set(notAfter + 1);
    expect(await log.append(id, anIntent(ref))).toEqual(refused('not_after'));
  });

  it('takes intents up to the new end of an extended grant, and does not extend one that is over', async () => {
    const ref = aRef();
    const notAfter = clock.now() + 60_000;
    await appended(log, id, anActivation(ref, notAfter));
    const extension = { type: 'access.extended', ref, grant: { notAfter: notAfter + 60_000 } };
    await appended(log, id, extension);
    clock.set(notAfter);
    expect(await log.append(id, anIntent(ref))).toMatchObject({ kind: 'appended' });
    clock.set(notAfter + 60_000);
    expect(await log.append(id, anIntent(ref))).toEqual(refused('not_after'));
    expect(await log.append(id, { ...extension, grant: { notAfter: notAfter + 120_000 } })).toEqual(
      refused('not_after'),
    );
  });

  it('activates a grant once, and not at all after its end or at its end time', async () => {
    const [live, revoked] = [aRef(), aRef()];
    await appended(log, id, anActivation(live, clock.now() + 1));
    expect(await log.append(id, anActivation(live, clock.now() + 1_000))).toEqual(refused('grant_ended'));
    await appended(log, id, { type: 'access.revoked', ref: revoked });
    expect(await log.append(id, anActivation(revoked, clock.now() + 1_000))).toEqual(refused('grant_ended'));
    expect(await log.append(id, anActivation(aRef(), clock.now()))).toEqual(refused('not_after'));
  });

  it('does not take a grant of one log for the same ref in another', async () => {
    const other = await log.openTenantLog();
    const ref = aRef();
    await appended(log, id, anActivation(ref, clock.now() + 60_000));
    expect(await log.append(other, anIntent(ref))).toEqual(refused('grant_unknown'));
  });

  it('writes the end of a grant into the entry, so that an offline verifier can check it', async () => {
    const { seq } = await appended(log, id, anActivation(aRef(), Date.parse('2026-03-02T18:00:00.000Z')));
    expect((await log.entries(id, seq, seq + 1))[0]?.entry).toMatchObject({ notAfter: '2026-03-02T18:00:00.000Z' });
  });

  it('ends each intent once, under its own grant', async () => {
    const ref = aRef();
    await appended(log, id, anActivation(ref, clock.now() + 60_000));
    const { seq: intent } = await appended(log, id, anIntent(ref));
    const outcome = { type: 'access.outcome', ref, intent, outcome: 'ok', payload: { rows: 6 } } as const;
    expect(await codeOf(log.append(id, { ...outcome, ref: aRef() }))).toBe('LOG_DRAFT_INVALID');
    await appended(log, id, { type: 'access.revoked', ref });
    await appended(log, id, outcome);
    expect(await codeOf(log.append(id, outcome))).toBe('LOG_DRAFT_INVALID');
  });
});
