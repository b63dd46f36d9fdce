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

  const sealed = counts['undecidable: sealed'];
  if (sealed > 0) {
    report.found({
      code: 'DECISION_NOT_SHOWN',
      message: `${counted(sealed, 'decision')} could not be decided again, because the content was not shown; expected every decision of your own log. Ask the operator for it.`,
    });
  }

  const operator = await operatorStatements(files, report);
  const first = operator[0];
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
  if (unchecked > 0) {
    report.found({
      code: 'GRANT_UNCHECKED',
      message: `${counted(unchecked, 'grant')} in use could not be checked, because the key directory that its signatures need was not shown or does not hold.`,
    });
  }
  const believed =
    unpinned.length === 0
      ? ''
      : ` The key directory of the ${unpinned.join(' and of the ')} was believed as it was shown.`;
  report.held(`${counted(checked, 'grant')} in use checked against every signature that they needed.${believed}`);
  return first === undefined ? claim.operatorGenesis : statementHash(first.statement.document);
}

/** The operator's directory as it is shown; a part that is no signed statement is a finding, never left out in silence. */
async function operatorStatements(files: LogFiles, report: Report): Promise<DirectoryStatements> {
  const shown = await files.operatorDirectory();
  const statements = shown === null ? [] : fieldsOf(shown, 'the operator directory')['statements'];
  if (!Array.isArray(statements)) {
    report.found({ code: 'DIRECTORY_MALFORMED', message: "The operator's key directory is not a list of statements." });
    return [];
  }
  return statements.flatMap((value: unknown) => {
    const parsed = parseSignedStatement(value);
    if (parsed.ok) return [{ statement: parsed.value, time: null }];
    report.found(parsed.finding);
    return [];
  });
}
