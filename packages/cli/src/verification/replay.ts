import {
  type DirectoryStatements,
  type LogReport,
  parseSignedStatement,
  replayDecisions,
  replayStatements,
  statementHash,
} from '@gatehouse/verifier';
import { fieldsOf } from '../reading.ts';
import { counted } from '../words.ts';
import type { LogFiles } from './files.ts';
import type { Report } from './report.ts';
import type { TenantClaim } from './tenant.ts';

/**
 * Decides every decision of a log again, and checks every grant that was used against its signatures (LOG-SPEC 11, promise:
 * nobody's yes can be forged). Returns the genesis of the operator's key directory, to be pinned.
 */
export async function replay(
  files: LogFiles,
  { claim, log, report }: { readonly claim: TenantClaim; readonly log: LogReport; readonly report: Report },
): Promise<string | null> {
  const { decisions, counts, findings } = replayDecisions(log);
  report.found(...findings);
  const undecidable = counts['undecidable: sealed'] + counts['undecidable: lost'] + counts['undecidable: erased'];
  report.held(
    `${counted(decisions.length, 'decision')} decided again: ${counts.same} the same, ${counts.differs} different, ${counts['unknown version']} under terms that this program does not know, ${undecidable} without a payload.`,
  );

  const operator = await operatorStatements(files);
  const first = operator?.[0];
  const {
    checked,
    unchecked,
    unpinned,
    findings: wrong,
  } = await replayStatements({
    opened: log.opened,
    operator,
    deployment: claim.trusted.vkey,
    ...(claim.operatorGenesis === null ? {} : { pins: { operator: claim.operatorGenesis } }),
  });
  report.found(...wrong);
  const believed =
    unpinned.length === 0
      ? ''
      : ` The key directory of the ${unpinned.join(' and of the ')} was believed as it was shown.`;
  report.held(
    `${counted(checked, 'grant')} in use checked against every signature that they needed, ${unchecked} could not be.${believed}`,
  );
  return first === undefined ? claim.operatorGenesis : statementHash(first.statement.document);
}

async function operatorStatements(files: LogFiles): Promise<DirectoryStatements | null> {
  const directory = await files.operatorDirectory();
  if (directory === null) return null;
  const { statements } = fieldsOf(directory, 'the operator directory');
  if (!Array.isArray(statements)) return null;
  return statements.flatMap((value: unknown) => {
    const parsed = parseSignedStatement(value);
    return parsed.ok ? [{ statement: parsed.value, time: null }] : [];
  });
}
