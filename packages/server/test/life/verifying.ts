import {
  type DirectoryStatements,
  type Finding,
  type LogReport,
  type Opening,
  parseOpening,
  replayDecisions,
  replayStatements,
  type SignedStatement,
  verifyLog,
} from '@gatehouse/verifier';
import { until } from '../cluster.ts';
import type { Life } from './life.ts';

/** What acme's verifier says of acme's whole log: everything that does not hold, and what was counted. */
export type Verdict = {
  readonly findings: readonly Finding[];
  readonly report: LogReport;
  readonly decisions: number;
  readonly grants: number;
};

/** Verifies acme's whole log as acme's administrator: tree, payloads, decisions decided again, signatures of every grant. */
export async function verifyAcme(life: Pick<Life, 'acmeAdmin' | 'program'>): Promise<Verdict> {
  const { acmeAdmin, program } = life;
  const { rootVkey } = program.ready;
  const { logId } = await acmeAdmin.get<{ logId: string }>('/api/v1/tenants/acme');
  const { size } = await acmeAdmin.get<{ size: number }>('/api/v1/tenants/acme/log?limit=1');
  const originOrVkey = `${rootVkey.split('+')[0]?.replace(/\/root$/, '')}/t/${logId}`;
  const read = (path: string) => acmeAdmin.bytes(`/log/t/${logId}/${path}`);
  const openings = await allOpenings(acmeAdmin);
  let report: LogReport | undefined;
  await until(async () => {
    report = await verifyLog({ read, originOrVkey, tiles: true, openings });
    return report.size >= size;
  });
  if (report === undefined) throw new Error('The log was not verified.');
  const { statements } = await acmeAdmin.get<{ statements: readonly SignedStatement[] }>(
    '/api/v1/directories/operator',
  );
  const operator: DirectoryStatements = statements.map((statement) => ({ statement, time: null }));
  const decisions = replayDecisions(report);
  const grants = await replayStatements({ opened: report.opened, operator, deployment: rootVkey });
  return {
    findings: [...report.findings, ...decisions.findings, ...grants.findings],
    report,
    decisions: decisions.counts.same,
    grants: grants.checked,
  };
}

async function allOpenings(person: Life['acmeAdmin']): Promise<ReadonlyMap<number, Opening>> {
  const all = new Map<number, Opening>();
  for (let after = -1; ; ) {
    const { items } = await person.get<{ items: readonly { seq: number; payload: string; salt: string }[] }>(
      `/api/v1/tenants/acme/log/openings?after=${after}&limit=1000`,
    );
    for (const { seq, payload, salt } of items) {
      const parsed = parseOpening({ payload, salt });
      if (!parsed.ok) throw new Error(parsed.finding.message);
      all.set(seq, parsed.value);
      after = seq;
    }
    if (items.length === 0) return all;
  }
}
