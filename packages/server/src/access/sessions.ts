import {
  formatInstant,
  decide,
  explain,
  type Instant,
  type IntentFacts,
  type JsonObject,
  type Refusal,
} from '@gatehouse/terms';
import { encodeBase64, sha256 } from '@gatehouse/verifier';
import type {
  AccessPort,
  Intent,
  IntentRecording,
  OpenSession,
  SessionOpening,
  SessionRequest,
  StatementOutcome,
  WireIncident,
  WireRefusal,
} from '../gateway/ports.ts';
import type { Tenant } from '../tenants/index.ts';
import type { AccessOptions } from './context.ts';
import { revokeIfStandingLost } from './ending.ts';
import type { Ends } from './ends.ts';
import { activationFacts } from './facts.ts';
import { LiveGrant, LiveGrants } from './live-grants.ts';
import type { MintedTokens } from './minted.ts';
import { type OpenedRole, openRole } from './opening.ts';
import type { RequestRecord } from './record.ts';
import { recordEntry } from './recording.ts';
import { type AccessRefusal, refusedAtDoor } from './refusal.ts';
import { type Settled, settle } from './settling.ts';
import {
  changeRequest,
  countLiveGrants,
  findRequest,
  newestCredential,
  RequestChangedMeanwhile,
  spendCredential,
} from './store.ts';
import { type Verified, verifyRequest } from './verified.ts';

/** The key name under which the gateway counts its intents in a log (LOG-SPEC 3.2, `src`). */
const gatewaySource = 'gateway';

/**
 * The gateway's side of access: it opens a session only after the statements were verified and the terms and
 * records each statement before it runs. It implements the port that the gateway declares.
 */
export class Sessions implements AccessPort {
  readonly #options: AccessOptions;
  readonly #ends: Ends;
  readonly #live: LiveGrants;
  readonly #minted: MintedTokens;
  readonly #sessions = new Map<string, { grant: LiveGrant; watch: AbortController }>();

  constructor(options: AccessOptions, ends: Ends, live: LiveGrants, minted: MintedTokens) {
    this.#minted = minted;
    this.#options = options;
    this.#ends = ends;
    this.#live = live;
  }

  async credentialFor(user: string, database: string) {
    const found = await newestCredential(this.#options.database.pool, user, database);
    if (found === null || !this.#minted.has(found.id, found)) return null;
    const { id, ...verifier } = found;
    return { credentialId: id, ...verifier };
  }

  async openSession(request: SessionRequest): Promise<SessionOpening> {
    const spent = await spendCredential(
      this.#options.database.pool,
      request.credentialId,
      this.#options.clock.now() as Instant,
    );
    if (spent !== 'spent') {
      const { refusal } = refusedAtDoor(spent === 'used' ? 'credential_used' : 'credential_expired', request.grantId);
      return this.#turnAway(request, refusal);
    }
    try {
      return await this.#openSpent(request);
    } catch (cause) {
      // Two connections made the first use at once: for the slower one the grant is in use already.
      if (cause instanceof RequestChangedMeanwhile) return this.#openSpent(request);
      throw cause;
    }
  }

  async #openSpent(request: SessionRequest): Promise<SessionOpening> {
    const settled = await settle(this.#options, this.#ends, request.grantId);
    if (settled === null) return this.#turnAway(request, refusedAtDoor('request_unknown', request.grantId).refusal);
    const verified = await verifyRequest(this.#options, settled.record, settled.tenant, settled.now);
    if (!verified.ok) {
      const { code, message } = verified.finding;
      return this.#turnAway(request, {
        code: code.toLowerCase(),
        message,
        status: 403,
        sqlstate: '42501',
      });
    }
    return this.#openVerified(request, settled, verified.value);
  }

  async recordIntent(session: OpenSession, intent: Intent): Promise<IntentRecording> {
    const { grant } = this.#sessionOf(session);
    const { record } = grant;
    const facts = intentFacts(grant, intent, this.#options.clock.now() as Instant);
    const made = decide('intent', facts);
    const { decision } = made;
    const payload = {
      decided: made,
      statement: null,
      ...saidToTheData(intent),
    };
    if (!decision.permit) {
      await recordEntry(this.#options, record, { type: 'access.refused', payload });
      return { permit: false, refusal: this.#wire(decision) };
    }
    const appended = await this.#options.log.append(record.logId, {
      type: 'access.intent',
      ref: record.id,
      src: this.#options.log.sourceName(gatewaySource),
      person: record.requester,
      compartment: 'subject',
      payload: payload as unknown as JsonObject,
    });
    if (appended.kind === 'refused') return { permit: false, refusal: this.#wire(grantEnded(grant)) };
    grant.use({ bytes: 0, statements: 1 });
    return { permit: true, receipt: { seq: appended.seq, at: Date.parse(appended.time) } };
  }

  async recordDenial(session: OpenSession, intent: Intent, why: string): Promise<void> {
    const { grant } = this.#sessionOf(session);
    const made = decide('intent', intentFacts(grant, intent, this.#options.clock.now() as Instant));
    if (made.decision.permit) throw new Error('The terms permit a statement that the statement policy denies.');
    const payload = { decided: made, statement: null, why, ...saidToTheData(intent) };
    await recordEntry(this.#options, grant.record, { type: 'access.refused', payload });
  }

  async recordOutcome(session: OpenSession, seq: number, outcome: StatementOutcome): Promise<void> {
    const { grant } = this.#sessionOf(session);
    grant.use({ bytes: outcome.bytes, statements: 0 }); // its rows were counted as they passed
    const { outcome: word, ...figures } = outcome;
    await this.#options.log.append(grant.record.logId, {
      type: 'access.outcome',
      ref: grant.record.id,
      intent: seq,
      outcome: word,
      src: this.#options.log.sourceName(gatewaySource),
      person: grant.record.requester,
      compartment: 'subject',
      payload: { outcome: word, ...figures } as unknown as JsonObject,
    });
  }

  async closeSession(session: OpenSession): Promise<void> {
    const { grant, watch } = this.#sessionOf(session);
    this.#sessions.delete(session.id);
    this.#ends.forget(grant.record.id, watch);
    await this.#live.keepUse(grant);
  }

  async recordIncident(incident: WireIncident): Promise<void> {
    const record = incident.grantId === null ? null : await findRequest(this.#options.database.pool, incident.grantId);
    const subject = record ?? { id: null, logId: 'operator', requester: incident.client.address };
    await this.#options.log.append(subject.logId, {
      type: 'access.connection_refused',
      ...(subject.id === null ? {} : { ref: subject.id }),
      person: subject.requester,
      compartment: 'actor',
      payload: {
        by: record?.requester ?? null,
        source: record?.source ?? '',
        reason: incident.kind,
        detail: incident.reason,
      },
    });
  }

  /** The statements hold. First use: the terms decide and the log records. Later use: the grant must still be live. */
  async #openVerified(request: SessionRequest, settled: Settled, verified: Verified): Promise<SessionOpening> {
    const { record, tenant } = settled;
    const source = await this.#options.roles.describe(request.source, record.tenant);
    if (!source.found) {
      return this.#turnAway(request, refusedAtDoor('source_not_ready', request.source, source.why).refusal);
    }
    if (source.classificationHash !== verified.request.classificationHash) {
      const found = 'another classification than the one that was approved';
      return this.#turnAway(request, refusedAtDoor('source_not_ready', request.source, found).refusal);
    }
    const opened =
      record.activatedAt === null
        ? await this.#activate(request, settled, verified)
        : await this.#reopen(request, settled);
    if ('refusal' in opened) return this.#turnAway(request, opened.refusal);
    const grant = this.#live.take(opened);
    this.#ends.schedule(grant.record.id, grant.notAfter, async () => {
      await settle(this.#options, this.#ends, grant.record.id);
    });
    const role = await openRole(this.#options, this.#ends, {
      grant,
      tenantKey: source.tenantKey,
      signed: verified.request,
    });
    if ('refusal' in role) return this.#turnAway(request, role.refusal);
    return { permit: true, session: this.#begin(grant, tenant, role) };
  }

  async #activate(
    request: SessionRequest,
    { record, tenant, now }: Settled,
    verified: Verified,
  ): Promise<RequestRecord | { refusal: AccessRefusal }> {
    const requester = await this.#options.personnel.factsAbout(record.requester, now);
    if (requester === null)
      return { refusal: refusedAtDoor('not_permitted', 'the requester is not on record.').refusal };
    const facts = activationFacts(record, {
      requester,
      tenant,
      source: request.source,
      liveGrants: await countLiveGrants(this.#options.database.pool, record.requester, now, record.id),
      now,
      clockRegressedMs: this.#options.clock.regressedMs(),
      verified,
    });
    const made = decide('activation', facts);
    const { decision } = made;
    const payload = { decided: made, statement: null };
    if (!decision.permit) {
      await recordEntry(this.#options, record, { type: 'access.refused', payload });
      return { refusal: termsRefusal(decision) };
    }
    const { next: state, activatedAt, notAfter: endsAt } = decision;
    await recordEntry(
      this.#options,
      record,
      {
        type: 'access.activated',
        payload: { ...payload, notAfter: formatInstant(endsAt) },
        grant: { notAfter: endsAt },
      },
      (client) => changeRequest(client, record.id, record.state, { state, activatedAt, endsAt }),
    );
    return { ...record, state, activatedAt, endsAt };
  }

  async #reopen(request: SessionRequest, settled: Settled): Promise<RequestRecord | { refusal: AccessRefusal }> {
    const { record } = settled;
    if (await revokeIfStandingLost(this.#options, this.#ends, settled)) {
      return {
        refusal: termsRefusal({ permit: false, reason: 'grant_ended', found: 'standing lost', expected: null }),
      };
    }
    const inUse = record.state === 'active' || record.state === 'extension_requested';
    if (inUse && record.source === request.source) return record;
    return { refusal: termsRefusal({ permit: false, reason: 'grant_ended', found: record.state, expected: null }) };
  }

  #begin(grant: LiveGrant, tenant: Tenant, { address: backend, watch }: OpenedRole): OpenSession {
    const session: OpenSession = {
      id: Buffer.from(this.#options.random(16)).toString('base64url'),
      grantId: grant.record.id,
      tenant: tenant.id,
      source: grant.record.source,
      mode: grant.record.matter.mode,
      // Read at every release, so that more time given while the session is open counts at once.
      get notAfter() {
        return grant.notAfter;
      },
      backend,
      get rowsLeft() {
        return grant.rowsLeft;
      },
      takeRows: (count) => grant.takeRows(count),
      signal: watch.signal,
    };
    this.#sessions.set(session.id, { grant, watch });
    return session;
  }

  async #turnAway(request: SessionRequest, refusal: AccessRefusal): Promise<SessionOpening> {
    const record = await findRequest(this.#options.database.pool, request.grantId);
    if (record !== null) {
      await recordEntry(this.#options, record, {
        type: 'access.connection_refused',
        payload: { by: record.requester, source: request.source, reason: refusal.code },
      });
    }
    return {
      permit: false,
      refusal: {
        sqlstate: refusal.sqlstate,
        message: refusal.message,
        detail: `The reason code is ${refusal.code}. The attempt is in the customer's log.`,
        hint: this.#hint(),
      },
    };
  }

  #sessionOf(session: OpenSession): { grant: LiveGrant; watch: AbortController } {
    const open = this.#sessions.get(session.id);
    if (open === undefined) throw new Error('The session is not open.');
    return open;
  }

  #wire(refusal: Refusal): WireRefusal {
    const { sqlstate, sentence, code } = explain(refusal);
    return { sqlstate, message: sentence, detail: `The reason code is ${code}.`, hint: this.#hint() };
  }

  #hint(): string {
    return `Ask at ${this.#options.askUrl()} or with: gatehouse request --help`;
  }
}

/** A payload holds at most 64 KiB; what is longer is named by its SHA-256 (LOG-SPEC 5.1). */
const saidBytesMost = 16_384;

function saidToTheData({ sql, params, shape }: Intent): { sql: string; params: unknown; shape: string } {
  const paramsText = JSON.stringify(params);
  return {
    sql: inFullOrByHash(sql),
    params: Buffer.byteLength(paramsText) <= saidBytesMost ? params : inFullOrByHash(paramsText),
    shape: inFullOrByHash(shape),
  };
}

function inFullOrByHash(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length <= saidBytesMost ? text : `sha256:${encodeBase64(sha256(bytes))} of ${bytes.length} bytes`;
}

function intentFacts(grant: LiveGrant, intent: Intent, now: Instant): IntentFacts {
  const { matter } = grant.record;
  const { id, holder, tenant, source, purpose, mode, budgets, activatedAt, ended } = grant.facts;
  return {
    now,
    by: holder,
    tenant: grant.record.tenant,
    source: grant.record.source,
    statement: {
      class: intent.class,
      approved: matter.scope.statement === null ? null : matter.scope.statement === intent.sql,
    },
    grant: { id, holder, tenant, source, purpose, mode, budgets, activatedAt, notAfter: grant.notAfter, ended },
    used: grant.used,
  };
}

function grantEnded(grant: LiveGrant): Refusal {
  return { permit: false, reason: 'grant_ended', found: `grant ${grant.record.id}`, expected: null };
}

function termsRefusal(refusal: Refusal): AccessRefusal {
  const { code, sentence, status, sqlstate } = explain(refusal);
  return { code, message: sentence, status, sqlstate };
}
