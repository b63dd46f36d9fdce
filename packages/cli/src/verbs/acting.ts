import { type Caller, whoAmI } from '../caller.ts';
import { type Family, example } from '../desk.ts';
import { type Act, checkActDraft } from '../act-draft.ts';
import { CliFailure } from '../failure.ts';
import { type Answer, shown } from '../output.ts';
import { type Fields, fieldsOf } from '../reading.ts';
import { rightSentence, standingSentence, stateOf } from '../request-words.ts';
import { sign, signingOf } from '../signing.ts';
import { plain, time } from '../words.ts';

/** The path of a request. Ids are checked here, so that none can lead to another path. */
export function requestPath(id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{21}$/.test(id)) return `/api/v1/requests/${id}`;
  throw new CliFailure(
    'id_invalid',
    `${JSON.stringify(id)} is not the id of a request; expected 22 characters as gatehouse requests lists them.`,
    2,
  );
}

/** A request with its signed statements. */
export async function shownRequest({ client }: Caller, id: string): Promise<Fields> {
  return fieldsOf(await client.get(requestPath(id)));
}

/** The verbs that decide or end: approve, deny, withdraw, revoke, complete. Each is a signed statement. */
export const actingVerbs: Family = (program, desk) => {
  const id = 'PGz4vT0yQ2aXr1n8sL3wKg';
  const approve = program
    .command('approve <id>')
    .description('approve a request, as its manager or as the customer; signed with your key')
    .action((of: string) => desk.asCaller((caller) => act(caller, of, 'approve', null)));
  example(approve, `--as approver@acme.example approve ${id}`);

  const deny = program
    .command('deny <id>')
    .description('deny a request; signed with your key')
    .requiredOption('--reason <text>', 'why, for the person who asked')
    .action((of: string, { reason }: { reason: string }) => desk.asCaller((caller) => act(caller, of, 'deny', reason)));
  example(deny, `deny ${id} --reason "The runbook restart-import does this"`);

  const revoke = program
    .command('revoke <id>')
    .description('end a grant now: open statements are cut; signed with your key')
    .requiredOption('--reason <text>', 'why, for everybody who looks later')
    .action((of: string, { reason }: { reason: string }) =>
      desk.asCaller((caller) => act(caller, of, 'revoke', reason)),
    );
  example(revoke, `revoke ${id} --reason "The ticket was closed"`);

  const withdraw = program
    .command('withdraw <id>')
    .description('take back your own request before it is used; signed with your key')
    .action((of: string) => desk.asCaller((caller) => act(caller, of, 'withdraw', null)));
  example(withdraw, `withdraw ${id}`);

  const complete = program
    .command('complete <id>')
    .description('give a grant back when the work is done; signed with your key')
    .action((of: string) => desk.asCaller((caller) => act(caller, of, 'complete', null)));
  example(complete, `complete ${id}`);
};

async function act(caller: Caller, id: string, verb: Act, reason: string | null): Promise<Answer> {
  const { client, profile, surroundings } = caller;
  const request = await shownRequest(caller, id);
  const side = (await whoAmI(caller)).kind === 'customer_user' ? 'customer' : 'manager';
  const draft = await client.get(`${requestPath(id)}/draft?act=${verb}`);
  const signed = sign(caller, checkActDraft(draft, { id, act: verb, side, request }, signingOf(caller)));
  const after = fieldsOf(await client.post(`${requestPath(id)}/acts`, { signed, reason }));
  const said = `${plain(profile.person)} ${past[verb]} at ${time(surroundings.now())}`;
  return shown({ ...after, signed }, `${said}: ${consequence(verb, after)}`);
}

const past: { readonly [act in Act]: string } = {
  approve: 'approved',
  deny: 'denied',
  withdraw: 'withdrew',
  revoke: 'revoked',
  complete: 'completed',
};

function consequence(verb: Act, request: Fields): string {
  const state = stateOf(request);
  if (verb === 'approve' && (state === 'approved_future' || state === 'active')) return `${rightSentence(request)}.`;
  return standingSentence(request);
}
