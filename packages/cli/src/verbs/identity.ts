import { type Caller, deploymentOf } from '../caller.ts';
import { type Family, example } from '../desk.ts';
import { type Answer, shown } from '../output.ts';
import { fieldsOf, textOf, textOrNullOf, textsOf } from '../reading.ts';
import { plain } from '../words.ts';

/** The verbs about oneself: whoami, portal. */
export const identityVerbs: Family = (program, desk) => {
  const whoami = program
    .command('whoami')
    .description('say who you are to the server, as far as your key proves it')
    .action(() => desk.asCaller(describeMe));
  example(whoami, '--as engineer@operator.example whoami');

  const portal = program
    .command('portal')
    .description("make a one-time address of your company's access log page")
    .action(() => desk.asCaller(openPortal));
  example(portal, '--as admin@acme.example portal');
};

async function describeMe(caller: Caller): Promise<Answer> {
  const { client } = caller;
  const me = fieldsOf(await client.get('/api/v1/me'));
  const tenant = textOrNullOf(me, 'tenant');
  const of = tenant === null ? 'of the operator' : `of the customer ${plain(tenant)}`;
  const roles = textsOf(me, 'roles').map(plain).join(', ');
  return shown(
    { ...me, server: client.http, deployment: deploymentOf(caller) },
    `You are ${plain(textOf(me, 'person'))} ${of}, with the roles ${roles === '' ? 'none' : roles}, by the key ${plain(textOf(me, 'keyId'))}, at ${client.http}.`,
  );
}

async function openPortal({ client }: Caller): Promise<Answer> {
  const { path } = fieldsOf(await client.post('/api/v1/portal-codes', {})) as { path?: unknown };
  const url = `${client.http}${textOf({ path }, 'path')}`;
  return shown({ url }, url);
}
