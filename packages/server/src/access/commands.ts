import type { AccessRequest, Instant } from '@gatehouse/terms';
import { parseSignedStatement, type Statement } from '@gatehouse/verifier';
import type { AccessPort, WireRefusal } from '../gateway/ports.ts';
import type { Principal } from '../identity/index.ts';
import type { AccessOptions } from './context.ts';
import { credentialLifetimeMs, mintCredential } from './credential.ts';
import { decideAsCustomer, decideAsManager } from './deciding.ts';
import { type Act, actDocument } from './documents.ts';
import { complete, revoke, revokeIfStandingLost, withdraw } from './ending.ts';
import { Ends } from './ends.ts';
import { draftExtension, extend } from './extending.ts';
import { LiveGrants } from './live-grants.ts';
import { MintedTokens } from './minted.ts';
import type { RequestFilter, RequestRecord, StatementRecord } from './record.ts';
import { done, refusedAtDoor, refusedByVerifier, type Result } from './refusal.ts';
import { type Asked, draftRequest, raise } from './requesting.ts';
import { Sessions } from './sessions.ts';
import { type Settled, settle } from './settling.ts';
import { checkSigned, signerOf } from './signatures.ts';
import {
  filedAlready,
  insertCredential,
  listOpenRequests,
  listRequests,
  RequestChangedMeanwhile,
  statementsOf,
} from './store.ts';

/** A one-time token for one connection. The token is told once and kept nowhere. */
export type Credential = { readonly user: string; readonly token: string; readonly expiresAt: Instant };

/**
 * The life of an access, as commands (DESIGN.md section 3). Each reads the facts, lets the terms decide, records the
 * decision in the customer's log and changes the index in the same transaction. Whoever calls has authenticated the
 * principal; who may do what is decided here and in the terms, never at the door.
 */
export interface Access {
  /** The matter and the document to sign for a new request. Decides nothing. */
  draftRequest(principal: Principal, asked: Asked): Promise<Result<{ matter: AccessRequest; document: Statement }>>;
  /** Raises a request by its signed document. */
  raise(principal: Principal, request: { matter: AccessRequest; signed: unknown }): Promise<Result<RequestRecord>>;
  /** The document to sign for an act on a request. Decides nothing. */
  draftAct(principal: Principal, id: string, act: Act): Promise<Result<{ record: RequestRecord; document: Statement }>>;
  /** Acts on a request by the signed document, whose `decision` says what is done. */
  act(
    principal: Principal,
    id: string,
    act: { signed: unknown; reason: string | null },
  ): Promise<Result<RequestRecord>>;
  /** The document to sign for more time. */
  draftExtension(
    principal: Principal,
    id: string,
    addMs: number,
  ): Promise<Result<{ record: RequestRecord; document: Statement }>>;
  /** Asks for more time by the signed document. */
  extend(principal: Principal, id: string, signed: unknown): Promise<Result<RequestRecord>>;
  /** A request as it stands now, if this principal may see it. */
  show(principal: Principal, id: string): Promise<Result<RequestRecord>>;
  /** The requests that this principal may see, newest first. */
  list(principal: Principal, filter: RequestFilter): Promise<readonly RequestRecord[]>;
  /** The signed statements about a request that this principal may see, in the order of the log. */
  statements(principal: Principal, id: string): Promise<Result<readonly StatementRecord[]>>;
  /** Mints a token for one connection to an approved request's source; only its holder gets one. */
  issueCredential(principal: Principal, id: string): Promise<Result<Credential>>;
  /** Ends the grants of everybody whose standing is lost (INV-39). Called when personnel records change, and by the sweep. */
  checkStandings(): Promise<void>;
  /** What the gateway calls. */
  readonly gateway: AccessPort;
  /** How many gateway sessions are open now. */
  readonly openSessions: () => number;
  /** After a start: ends what time has ended meanwhile, closes roles that a crash left, and keeps doing so. */
  start(): Promise<void>;
  /** Cuts every session and stops the sweep. */
  stop(reason: WireRefusal): Promise<void>;
}

/** How often time's work is done even if nobody looks: only promptness depends on it, no deadline (INV-8a). */
const sweepMs = 1000;

/** Opens the module; its tables exist since migration 0004. */
export function openAccess(options: AccessOptions): Access {
  const live = new LiveGrants(options);
  const minted = new MintedTokens();
  const ends = new Ends(options, (id) => live.drop(id));
  let sweep: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();

  async function visible(principal: Principal, id: string): Promise<Result<Settled>> {
    const settled = await settle(options, ends, id);
    if (settled === null || !(await maySee(options, principal, settled.record))) {
      return refusedAtDoor('request_unknown', id);
    }
    return done(settled);
  }

  /** Runs a command on the request as it is now; once more when somebody else was faster. */
  async function onRequest<T>(
    principal: Principal,
    id: string,
    command: (settled: Settled) => Promise<Result<T>>,
  ): Promise<Result<RequestRecord>> {
    for (let attempt = 1; ; attempt += 1) {
      const found = await visible(principal, id);
      if (!found.ok) return found;
      try {
        const outcome = await command(found.value);
        if (!outcome.ok) return outcome;
        return await afterwards(id);
      } catch (cause) {
        if (filedAlready(cause)) return refusedAtDoor('statement_replayed');
        if (!(cause instanceof RequestChangedMeanwhile) || attempt === 3) throw cause;
      }
    }
  }

  /** Lets what follows happen at once (the customer is asked), and tells open sessions of more time. */
  async function afterwards(id: string): Promise<Result<RequestRecord>> {
    const settled = await settle(options, ends, id);
    if (settled === null) return refusedAtDoor('request_unknown', id);
    const { endsAt } = settled.record;
    if (endsAt !== null && settled.record.endedAt === null) {
      live.extend(id, endsAt);
      ends.schedule(id, endsAt, async () => void (await settle(options, ends, id)));
    }
    return done(settled.record);
  }

  /** The statement that a decision is about: the extension that waits, else the request. */
  async function askedStatement(record: RequestRecord): Promise<{ asked: Statement; request: Statement }> {
    const statements = await statementsOf(options.database.pool, record.id);
    const named = (hash: string) => statements.find((statement) => statement.hash === hash)?.signed.document;
    const request = named(record.statementHash);
    const asked = record.extension === null ? request : named(record.extension.statementHash);
    if (request === undefined || asked === undefined) {
      throw new Error(`The statement of request ${record.id} is not on file.`);
    }
    return { asked, request };
  }

  const commands: Access = {
    draftRequest: (principal, asked) => draftRequest(options, principal, asked),
    async raise(principal, request) {
      try {
        return await raise(options, principal, request);
      } catch (cause) {
        if (filedAlready(cause)) return refusedAtDoor('statement_replayed');
        throw cause;
      }
    },

    async draftAct(principal, id, act) {
      const found = await visible(principal, id);
      if (!found.ok) return found;
      const { record } = found.value;
      const { asked, request } = await askedStatement(record);
      const about = act === 'approve' || act === 'deny' ? asked : request;
      const signer = await signerOf(options, principal, record.logId);
      return done({ record, document: actDocument(about, signer, act, sideOf(principal)) });
    },

    act: (principal, id, { signed, reason }) =>
      onRequest(principal, id, async (settled) => {
        const parsed = parseSignedStatement(signed);
        if (!parsed.ok) return refusedByVerifier(parsed.finding);
        const { decision } = parsed.value.document;
        if (decision === 'ask' || decision === 'enrol' || decision === 'remove') {
          return refusedAtDoor('matter_changed', 'decision', decision, 'approve, deny, withdraw, revoke or complete');
        }
        const { asked, request } = await askedStatement(settled.record);
        const about = decision === 'approve' || decision === 'deny' ? asked : request;
        const signer = { keyId: principal.keyId, directoryPosition: 0, nonce: '', rootSeen: null };
        const expected = actDocument(about, signer, decision, sideOf(principal));
        const checked = await checkSigned(options, principal, signed, expected);
        if (!checked.ok) return checked;
        const by = { principal, signed: checked.value, reason };
        switch (decision) {
          case 'approve':
          case 'deny':
            return principal.kind === 'personnel'
              ? decideAsManager(options, settled, by)
              : decideAsCustomer(options, settled, by);
          case 'withdraw':
            return withdraw(options, settled, by);
          case 'revoke':
            return revoke(options, ends, settled, by);
          case 'complete':
            return complete(options, ends, settled, by);
        }
      }),

    async draftExtension(principal, id, addMs) {
      const found = await visible(principal, id);
      if (!found.ok) return found;
      const { record } = found.value;
      const { request } = await askedStatement(record);
      const signer = await signerOf(options, principal, record.logId);
      return done({ record, document: draftExtension(record, request, signer, addMs) });
    },

    extend: (principal, id, signed) =>
      onRequest(principal, id, async (settled) => {
        const { request } = await askedStatement(settled.record);
        return extend(options, settled, request, { principal, signed });
      }),

    async show(principal, id) {
      const found = await visible(principal, id);
      return found.ok ? done(found.value.record) : found;
    },

    async list(principal, filter) {
      if (principal.kind === 'customer_user') {
        return listRequests(options.database.pool, { ...filter, tenant: principal.tenant });
      }
      // Pages are filled after the filter, so that a short page always means that there is no more.
      const seen: RequestRecord[] = [];
      for (let { before } = filter; ; ) {
        const page = await listRequests(options.database.pool, {
          ...filter,
          ...(before === undefined ? {} : { before }),
        });
        const visibly = await Promise.all(page.map((record) => maySee(options, principal, record)));
        seen.push(...page.filter((_, index) => visibly[index] === true));
        const last = page.at(-1);
        if (last === undefined || page.length < filter.most || seen.length >= filter.most) break;
        before = { raisedAt: last.raisedAt, id: last.id };
      }
      return seen.slice(0, filter.most);
    },

    async statements(principal, id) {
      const found = await visible(principal, id);
      return found.ok ? done(await statementsOf(options.database.pool, id)) : found;
    },

    async issueCredential(principal, id) {
      const found = await visible(principal, id);
      if (!found.ok) return found;
      const { record, now } = found.value;
      if (record.requester !== principal.person) {
        return refusedAtDoor('not_permitted', 'a grant is used by the person it was given to, and nobody else.');
      }
      if (!['approved_future', 'active', 'extension_requested'].includes(record.state)) {
        return refusedAtDoor('act_not_open', id, record.state, 'connected to');
      }
      const { token, stored } = await mintCredential(options.random);
      const expiresAt = (now + credentialLifetimeMs) as Instant;
      const credentialId = Buffer.from(options.random(16)).toString('base64url');
      await insertCredential(options.database.pool, {
        ...stored,
        id: credentialId,
        requestId: id,
        issuedAt: now,
        expiresAt,
      });
      minted.add(credentialId, stored, expiresAt, now);
      return done({ user: id, token, expiresAt });
    },

    async checkStandings() {
      for (const { id } of await listOpenRequests(options.database.pool)) {
        const settled = await settle(options, ends, id);
        if (settled !== null && settled.record.endedAt === null) await revokeIfStandingLost(options, ends, settled);
      }
    },

    gateway: new Sessions(options, ends, live, minted),
    openSessions: () => ends.sessions,

    async start() {
      await commands.checkStandings();
      sweep = setInterval(() => {
        sweeping = sweeping
          .then(async () => {
            await live.keepAll();
            await commands.checkStandings();
          })
          .catch((cause: unknown) =>
            options.logger.warn({ cause: String(cause) }, 'The sweep of open requests failed.'),
          );
      }, sweepMs);
      sweep.unref();
    },

    async stop(reason) {
      clearInterval(sweep);
      await sweeping;
      ends.cutAll(reason);
      await live.keepAll();
    },
  };
  return commands;
}

function sideOf(principal: Principal): 'manager' | 'customer' {
  return principal.kind === 'personnel' ? 'manager' : 'customer';
}

/**
 * Who sees a request: the customer it is about, the requester, whoever is above the requester, and security officers.
 * For everybody else it does not exist.
 */
async function maySee(options: AccessOptions, principal: Principal, record: RequestRecord): Promise<boolean> {
  if (principal.kind === 'customer_user') return principal.tenant === record.tenant;
  if (record.requester === principal.person || principal.roles.includes('security_officer')) return true;
  const line = await options.personnel.lineOf(record.requester, options.clock.now() as Instant);
  return line.includes(principal.person);
}
