import { LogError } from './errors.ts';

/** The operator's own log, slot 0. */
export const operatorLogId = 'operator';

/** Holds for `operator` and 32 lower-case hex digits (LOG-SPEC 1.6). */
export function isLogId(text: string): boolean {
  return text === operatorLogId || /^[0-9a-f]{32}$/.test(text);
}

/** The origin of a log, which is also the name of its key. */
export function originOf(operatorName: string, logId: string): string {
  return `${operatorName}/t/${logId}`;
}

/** The origin of the root log. */
export function rootOriginOf(operatorName: string): string {
  return `${operatorName}/root`;
}

/** The folder of a log below the served prefix. */
export function prefixOf(logId: string): string {
  return `t/${logId}`;
}

/** Refuses what LOG-SPEC 1.6 does not allow as an operator name. */
export function checkOperatorName(name: string): string {
  if (/^[a-z0-9][a-z0-9.:/_-]{0,199}$/.test(name) && !name.endsWith('/') && !name.includes('//')) return name;
  throw new LogError(
    'LOG_NAME_INVALID',
    `The operator name ${JSON.stringify(name.slice(0, 80))} cannot name logs: expected host and path of a-z 0-9 . : / _ -, such as cloud.example/log, without a slash at the end.`,
  );
}

/** The key name of a source of entries: `gateway` becomes `cloud.example/gateway/1` where the logs are `cloud.example/log`. */
export function sourceNameOf(operatorName: string, component: string): string {
  return `${operatorName.replace(/\/[^/]*$/, '')}/${component}/1`;
}
