import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { steeredClock } from '../clock.ts';
import { stderrLogger } from '../logger.ts';
import { CancelRegistry } from './cancel.ts';
import { IncidentReport } from './incident-report.ts';
import type { AccessPort, WireIncident } from './ports.ts';
import { ProtocolViolation } from './protocol-violation.ts';
import { ScramServer, fakeVerifier } from './scram.ts';
import { parseStartup } from './startup-packet.ts';

const incident: WireIncident = {
  kind: 'authentication_failed',
  client: { address: '192.0.2.1', port: 1 },
  grantId: null,
  tenant: null,
  reason: 'The token was not proven.',
};

/** A neighbour that only listens to incidents; everything else of it is out of reach here. */
function listener(): { access: AccessPort; heard: WireIncident[] } {
  const heard: WireIncident[] = [];
  const unreachable = (): never => {
    throw new Error('not reached in this test');
  };
  const access: AccessPort = {
    credentialFor: unreachable,
    openSession: unreachable,
    recordIntent: unreachable,
    recordDenial: unreachable,
    recordOutcome: unreachable,
    closeSession: unreachable,
    recordIncident: async (one) => void heard.push(one),
  };
  return { access, heard };
}

describe('what strangers can do to the gateway', () => {
  it('writes twenty incidents of strangers in a second, counts the rest, and never counts those of sessions', () => {
    const clock = steeredClock(1_000_000);
    const { access, heard } = listener();
    const incidents = new IncidentReport(access, clock, stderrLogger('silent'));
    for (let count = 0; count < 100; count += 1) incidents.report(incident, false);
    expect(heard.length).toBe(20);
    incidents.report(incident, true);
    expect(heard.at(-1)?.reason).toContain('80 more');
    clock.advance(1000);
    incidents.report(incident, false);
    expect(heard.length).toBe(22);
    expect(heard.at(-1)?.reason).toBe(incident.reason);
  });

  it('lets an address try twenty wrong cancel keys in a second, and then not even the right one', () => {
    const clock = steeredClock(1_000_000);
    let next = 0;
    const random = (length: number) => new Uint8Array(length).fill((next += 1));
    const registry = new CancelRegistry(random, clock);
    let cancelled = 0;
    const key = registry.mint({ cancelRunning: () => (cancelled += 1) }, 4);
    for (let count = 0; count < 20; count += 1) expect(registry.request('a', key.pid, Buffer.alloc(4))).toBe(false);
    expect(registry.request('a', key.pid, key.secret)).toBe(false);
    expect(registry.request('b', key.pid, key.secret)).toBe(true);
    clock.advance(1000);
    expect(registry.request('a', key.pid, key.secret)).toBe(true);
    expect(cancelled).toBe(2);
    registry.forget(key);
    expect(registry.request('a', key.pid, key.secret)).toBe(false);
  });

  it('mints positive pids only', () => {
    const registry = new CancelRegistry((length) => new Uint8Array(length).fill(0xff), steeredClock(0));
    expect(registry.mint({ cancelRunning: () => undefined }, 32)).toMatchObject({ pid: 2 ** 31 - 1 });
  });

  it('reads any startup packet to a result or to a violation, and nothing else', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom('user', 'database', 'options', '_pq_.a', '', 'DateStyle'),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 12 }), fc.boolean(), fc.integer(), (texts, ended, version) => {
        const body = Buffer.concat([
          Buffer.alloc(4),
          ...texts.map((one) => Buffer.from(`${one}\0`)),
          Buffer.from(ended ? [0] : []),
        ]);
        body.writeInt32BE(Math.abs(version % 3) === 0 ? 196608 : version | 0);
        try {
          expect(parseStartup(body).user).not.toBe('');
        } catch (fault) {
          expect(fault).toBeInstanceOf(ProtocolViolation);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads any SCRAM message to an answer or to a violation, and proves nothing by chance', () => {
    const message = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc
        .tuple(fc.constantFrom('n,,', 'y,,', 'p=tls-server-end-point,,'), fc.string({ maxLength: 30 }))
        .map((parts) => parts.join('n=,r=')),
    );
    fc.assert(
      fc.property(message, message, fc.boolean(), (first, final, plus) => {
        const scram = new ScramServer({
          mechanism: plus ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256',
          verifier: fakeVerifier(Buffer.alloc(32), 'u'),
          genuine: true,
          channelBinding: Buffer.alloc(32),
          nonce: Buffer.alloc(18),
        });
        try {
          scram.first(first);
          expect(scram.final(final).proven).toBe(false);
        } catch (fault) {
          expect(fault).toBeInstanceOf(ProtocolViolation);
        }
      }),
      { numRuns: 500 },
    );
  });
});
