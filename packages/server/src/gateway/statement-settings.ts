import { Denial, type Tree, list, struct, text } from './statement-reading.ts';
import { settableSettings, timeLimits } from './statement-lists.ts';

const hour = 3_600_000;
const milliseconds: ReadonlyMap<string, number> = new Map([
  ['us', 0.001],
  ['', 1],
  ['ms', 1],
  ['s', 1000],
  ['min', 60_000],
  ['h', hour],
]);

/** Judges SET, RESET and SET TRANSACTION: only what changes how values look, or makes a limit that ends. */
export function checkSetting(body: Tree): void {
  const kind = text(body['kind']);
  const name = body['name'] === undefined ? '' : text(body['name']).toLowerCase();
  if (kind === 'VAR_RESET_ALL')
    throw new Denial('RESET ALL gives back settings that the gateway has set; reset one by one.');
  if (kind === 'VAR_SET_MULTI') return checkTransaction(name, body);
  if (/^(role|session_authorization)$/.test(name))
    throw new Denial('The role of a session is that of its grant and cannot be changed.');
  if (kind === 'VAR_RESET' || kind === 'VAR_SET_DEFAULT') {
    if (settableSettings.has(name)) return;
    throw new Denial(`${settingName(name)} may not be reset under a grant.`);
  }
  if (kind !== 'VAR_SET_VALUE') throw new Denial('This form of SET is not on the list of mode read.');
  const value = list(body['args']).map(valueOf).join(', ');
  if (timeLimits.has(name)) return checkTimeLimit(name, value);
  const form = settableSettings.get(name);
  if (form === undefined) throw new Denial(`${settingName(name)} is not on the list of settings that may be set.`);
  if (!form.test(value)) throw new Denial(`${settingName(name)} may not have this value under a grant.`);
}

function checkTransaction(name: string, body: Tree): void {
  if (name !== 'transaction' && name !== 'session characteristics') {
    throw new Denial('A snapshot of another session may not be taken over.');
  }
  checkTransactionOptions(list(body['args']));
}

/** Judges what BEGIN and SET TRANSACTION ask for: an isolation level, READ ONLY, DEFERRABLE. */
export function checkTransactionOptions(options: readonly unknown[]): void {
  for (const option of options) {
    const element = struct(struct(option)['DefElem']);
    const defname = text(element['defname']);
    if (!['transaction_isolation', 'transaction_read_only', 'transaction_deferrable'].includes(defname)) {
      throw new Denial('This transaction option is not on the list of mode read.');
    }
    if (defname === 'transaction_read_only' && valueOf(element['arg']) !== '1') {
      throw new Denial('READ WRITE was asked for, and this grant reads.');
    }
  }
}

function checkTimeLimit(name: string, value: string): void {
  const match = /^\s*(\d{1,10}(?:\.\d{1,6})?)\s*(us|ms|s|min|h|)\s*$/.exec(value);
  const limit = match === null ? 0 : Number(match[1]) * (milliseconds.get(match[2] ?? '') ?? 0);
  if (limit >= 1 && limit <= hour) return;
  throw new Denial(`${settingName(name)} may be set between 1 ms and 1 h; it may not be taken away.`);
}

function valueOf(argument: unknown): string {
  const holder = struct(argument);
  const constant = 'TypeCast' in holder ? struct(struct(holder['TypeCast'])['arg']) : holder;
  const value = struct(constant['A_Const']);
  if (value['sval'] !== undefined) return text(struct(value['sval'])['sval'] ?? '');
  if (value['ival'] !== undefined) return Number(struct(value['ival'])['ival'] ?? 0).toString();
  if (value['fval'] !== undefined) return text(struct(value['fval'])['fval']);
  if (value['boolval'] !== undefined) return struct(value['boolval'])['boolval'] === true ? 'true' : 'false';
  throw new Denial('A setting must have a written value.');
}

function settingName(name: string): string {
  return /^[a-z_.]{1,63}$/.test(name) ? name : 'A setting of this name';
}
