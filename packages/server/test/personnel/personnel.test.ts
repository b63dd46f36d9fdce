import { instant } from '@gatehouse/terms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accepted, aPerson, codeOf, entryText, openWorld, type World } from '../identity/world.ts';

const setup = { kind: 'setup' } as const;
let world: World;

beforeAll(async () => {
  world = await openWorld();
  for (const id of ['head@operator.example', 'lead@operator.example', 'other@operator.example']) {
    const manager = id.startsWith('head') ? null : 'head@operator.example';
    accepted(await world.personnel.add({ person: aPerson(id, { roles: ['manager'], manager }), by: setup }));
  }
  accepted(
    await world.personnel.add({
      person: aPerson('officer@operator.example', { roles: ['security_officer'] }),
      by: setup,
    }),
  );
});
afterAll(async () => await world.close());

describe('personnel records', () => {
  it('hold a person from the time of the entry in the operator’s log, and not before', async () => {
    world.clock.advance(1000);
    const added = accepted(await world.personnel.add({ person: aPerson('new@operator.example'), by: setup }));
    const { recordedAt, recordedSeq } = added.facts;
    expect(recordedAt).toBe(world.now());
    expect(await world.personnel.factsAbout('new@operator.example', instant(recordedAt - 1))).toBeNull();
    expect((await world.personnel.factsAbout('new@operator.example', recordedAt))?.person.employed).toBe(true);
    const text = await entryText(world, 'operator', recordedSeq);
    expect(JSON.parse(text)).toMatchObject({ seq: recordedSeq, type: 'person.enrolled' });
    expect(text).not.toContain('new@');
    expect(text).not.toContain('Some Body');
  });

  it('INV-31: answer who was in whose line before and after a reorganisation', async () => {
    const id = 'mover@operator.example';
    accepted(await world.personnel.add({ person: aPerson(id, { manager: 'lead@operator.example' }), by: setup }));
    const before = world.now();
    world.clock.advance(60_000);
    accepted(await world.personnel.change({ id, change: { manager: 'other@operator.example' }, by: setup }));
    const at = world.now();
    expect(await world.personnel.lineOf(id, before)).toEqual(['lead@operator.example', 'head@operator.example']);
    expect(await world.personnel.lineOf(id, instant(at - 1))).toEqual([
      'lead@operator.example',
      'head@operator.example',
    ]);
    expect(await world.personnel.lineOf(id, at)).toEqual(['other@operator.example', 'head@operator.example']);
    expect((await world.personnel.factsAbout(id, at))?.oversight).toEqual([
      { person: 'other@operator.example', since: at },
      { person: 'head@operator.example', since: before },
    ]);
  });

  it('INV-46: leave a mover eligible for nothing', async () => {
    const id = 'eligible@operator.example';
    const right = {
      purpose: 'troubleshoot.*',
      modes: ['read'],
      maxDurationMs: 1000,
      until: instant(world.now() + 9e9),
    } as const;
    accepted(
      await world.personnel.add({
        person: aPerson(id, { manager: 'lead@operator.example', eligibilities: [right] }),
        by: setup,
      }),
    );
    const then = world.now();
    world.clock.advance(1);
    accepted(await world.personnel.change({ id, change: { manager: 'other@operator.example' }, by: setup }));
    expect((await world.personnel.factsAbout(id, then))?.standing.eligibilities).toEqual([right]);
    expect((await world.personnel.factsAbout(id, world.now()))?.standing.eligibilities).toEqual([]);
  });

  it('refuse a person who is there, an unknown person, an unknown manager and a loop of managers, and log none of it', async () => {
    const { personnel } = world;
    const size = await sizeOf(world);
    expect(codeOf(await personnel.add({ person: aPerson('lead@operator.example'), by: setup }))).toBe('PERSON_EXISTS');
    expect(
      codeOf(await personnel.change({ id: 'nobody@operator.example', change: { country: 'SE' }, by: setup })),
    ).toBe('PERSON_UNKNOWN');
    const orphan = aPerson('orphan@operator.example', { manager: 'nobody@operator.example' });
    expect(codeOf(await personnel.add({ person: orphan, by: setup }))).toBe('PERSON_MANAGER_UNKNOWN');
    const loop = { id: 'head@operator.example', change: { manager: 'lead@operator.example' }, by: setup };
    expect(codeOf(await personnel.change(loop))).toBe('PERSON_MANAGER_CYCLE');
    expect(codeOf(await personnel.add({ person: aPerson('BIG@operator.example'), by: setup }))).toBe('PERSON_INVALID');
    expect(await sizeOf(world)).toBe(size);
  });

  it('are kept by security officers only, and nobody keeps their own', async () => {
    const change = (id: string, person: string) => ({
      id,
      change: { country: 'SE' },
      by: { kind: 'person', person } as const,
    });
    const { personnel } = world;
    expect(codeOf(await personnel.change(change('lead@operator.example', 'head@operator.example')))).toBe(
      'PERSON_KEEPER_NOT_PERMITTED',
    );
    expect(codeOf(await personnel.change(change('lead@operator.example', 'nobody@operator.example')))).toBe(
      'PERSON_KEEPER_NOT_PERMITTED',
    );
    expect(codeOf(await personnel.change(change('officer@operator.example', 'officer@operator.example')))).toBe(
      'PERSON_KEEPER_NOT_PERMITTED',
    );
    expect(codeOf(await personnel.change(change('lead@operator.example', 'officer@operator.example')))).toBe('ok');
  });

  it('take one of two changes made at once, and say to the other that it came second', async () => {
    const change = (country: string) =>
      world.personnel.change({ id: 'other@operator.example', change: { country }, by: setup });
    const results = (await Promise.all([change('FI'), change('DK')])).map(codeOf).sort();
    expect(results).toEqual(['PERSON_CHANGED_MEANWHILE', 'ok']);
  });

  it('lock and unlock a person with a reason, as entries of their own', async () => {
    const id = 'lead@operator.example';
    const lock = (locked: boolean, reason: string) => world.personnel.setLock({ id, locked, reason, by: setup });
    expect(codeOf(await lock(true, ' '))).toBe('PERSON_INVALID');
    const locked = accepted(await lock(true, 'lost device'));
    expect(locked.facts.standing.locked).toBe(true);
    expect(codeOf(await lock(true, 'again'))).toBe('PERSON_LOCK_UNCHANGED');
    expect(accepted(await lock(false, 'found it')).facts.standing.locked).toBe(false);
    expect(JSON.parse(await entryText(world, 'operator', locked.facts.recordedSeq)).type).toBe('person.locked');
  });

  it('log the end of employment as such', async () => {
    const left = accepted(
      await world.personnel.change({ id: 'new@operator.example', change: { employed: false }, by: setup }),
    );
    expect(left.facts.standing.employed).toBe(false);
    expect(JSON.parse(await entryText(world, 'operator', left.facts.recordedSeq)).type).toBe('person.left');
  });
});

async function sizeOf({ database }: World): Promise<number> {
  const { rows } = await database.pool.query<{ count: string }>('select count(*) from people.records');
  return Number(rows[0]?.count);
}
