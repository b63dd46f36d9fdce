import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type {
  AccessMode,
  AccessPort,
  BackendAddress,
  Intent,
  OpenSession,
  ScramVerifier,
  StatementOutcome,
  WireIncident,
  WireRefusal,
} from '../../src/gateway/index.ts';

/** A grant as these tests need it: one token, one role, an end. */
export type TestGrant = {
  readonly grantId: string;
  readonly source: string;
  readonly token: string;
  readonly verifier: ScramVerifier;
  readonly mode: AccessMode;
  readonly end: AbortController;
  readonly backend: BackendAddress;
  readonly uses: number;
  rowsLeft: number;
  notAfter: number;
  used: number;
};

/** One thing that the gateway told, in the order in which it told it. */
export type Told =
  | { readonly kind: 'intent'; readonly grantId: string; readonly seq: number; readonly intent: Intent }
  | { readonly kind: 'outcome'; readonly grantId: string; readonly seq: number; readonly outcome: StatementOutcome }
  | { readonly kind: 'denial'; readonly grantId: string; readonly intent: Intent; readonly why: string }
  | { readonly kind: 'closed'; readonly grantId: string };

/** The sentence that a grant ends with in these tests. */
export const revoked: WireRefusal = {
  sqlstate: '57P01',
  message: 'The grant was revoked by Ada Approver.',
  detail: 'Revoked at 12:00 UTC.',
  hint: 'Ask again: gatehouse request',
};

/**
 * The gateway's neighbour, kept in memory: a real implementation of the port with grants, one-time tokens and a log that
 * is a list. `durable` runs before each intent is confirmed, so that a test can hold, delay or break the log.
 */
export class MemoryAccess implements AccessPort {
  readonly told: Told[] = [];
  readonly incidents: WireIncident[] = [];
  readonly grants = new Map<string, TestGrant>();
  durable: (intent: Intent) => Promise<void> = () => Promise.resolve();
  outcomeDurable: () => Promise<void> = () => Promise.resolve();
  receiptAge = 0;
  refuseIntent: WireRefusal | null = null;
  #seq = 0;

  grant(
    options: { source: string; backend: BackendAddress } & Partial<
      Pick<TestGrant, 'mode' | 'uses' | 'rowsLeft' | 'notAfter'>
    >,
  ): TestGrant {
    const grantId = `G${randomBytes(16).toString('base64url').slice(0, 21)}`;
    const token = randomBytes(32).toString('base64url');
    const grant: TestGrant = {
      mode: 'read',
      uses: 1,
      rowsLeft: 1_000_000,
      notAfter: Date.now() + 3_600_000,
      ...options,
      grantId,
      token,
      verifier: verifierOf(token),
      end: new AbortController(),
      used: 0,
    };
    this.grants.set(grantId, grant);
    return grant;
  }

  intents(): Intent[] {
    return this.told.flatMap((entry) => (entry.kind === 'intent' ? [entry.intent] : []));
  }

  outcomes(): StatementOutcome[] {
    return this.told.flatMap((entry) => (entry.kind === 'outcome' ? [entry.outcome] : []));
  }

  async credentialFor(user: string, database: string): Promise<ScramVerifier | null> {
    const grant = this.grants.get(user);
    return grant?.source === database ? grant.verifier : null;
  }

  async openSession(request: Parameters<AccessPort['openSession']>[0]): ReturnType<AccessPort['openSession']> {
    const grant = this.grants.get(request.grantId);
    if (grant === undefined) throw new Error('a session without a grant');
    if (grant.used >= grant.uses) {
      return {
        permit: false,
        refusal: {
          sqlstate: '28000',
          message: 'This token was used already; a token opens one connection.',
          detail: `Grant ${grant.grantId}.`,
          hint: `Get a new one: gatehouse connect ${grant.grantId} (http://localhost/requests/${grant.grantId})`,
        },
      };
    }
    grant.used += 1;
    const session: OpenSession = {
      id: randomBytes(8).toString('hex'),
      grantId: grant.grantId,
      tenant: 'acme',
      source: grant.source,
      mode: grant.mode,
      notAfter: grant.notAfter,
      backend: grant.backend,
      get rowsLeft() {
        return grant.rowsLeft;
      },
      takeRows: (count) => {
        if (count > grant.rowsLeft) return false;
        grant.rowsLeft -= count;
        return true;
      },
      signal: grant.end.signal,
    };
    return { permit: true, session };
  }

  async recordIntent(session: OpenSession, intent: Intent): ReturnType<AccessPort['recordIntent']> {
    await this.durable(intent);
    if (this.refuseIntent !== null) return { permit: false, refusal: this.refuseIntent };
    this.#seq += 1;
    this.told.push({ kind: 'intent', grantId: session.grantId, seq: this.#seq, intent });
    return { permit: true, receipt: { seq: this.#seq, at: Date.now() - this.receiptAge } };
  }

  async recordDenial(session: OpenSession, intent: Intent, why: string): Promise<void> {
    await this.durable(intent);
    this.told.push({ kind: 'denial', grantId: session.grantId, intent, why });
  }

  async recordOutcome(session: OpenSession, seq: number, outcome: StatementOutcome): Promise<void> {
    await this.outcomeDurable();
    this.told.push({ kind: 'outcome', grantId: session.grantId, seq, outcome });
  }

  async closeSession(session: OpenSession): Promise<void> {
    this.told.push({ kind: 'closed', grantId: session.grantId });
  }

  async recordIncident(incident: WireIncident): Promise<void> {
    this.incidents.push(incident);
  }
}

/** The verifier of a token (RFC 5802 section 3), as the access module keeps it. */
export function verifierOf(token: string): ScramVerifier {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(token, salt, 4096, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return {
    credentialId: randomBytes(8).toString('hex'),
    salt,
    iterations: 4096,
    storedKey: createHash('sha256').update(clientKey).digest(),
    serverKey: createHmac('sha256', salted).update('Server Key').digest(),
  };
}
