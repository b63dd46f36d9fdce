import type { Cell, GatewayReport, Table } from './gateway.ts';
import { targetNames } from './gateway.ts';
import type { LogCell, LogReport } from './log.ts';
import type { Report } from './main.ts';

/** The report as Markdown tables: what a terminal shows, and what docs/benchmarks.md begins with. */
export function toldAsTable({ ranAt, quick, machine, load, gateway, log }: Report): string {
  const head = [
    `${quick ? 'Quick run (one short round; proves that it works, measures little)' : 'Full run'} of ${ranAt}, on ${machine.cores} cores of ${machine.processor}, ${machine.memoryGiB} GiB, ${machine.system}, ${machine.kernel}, Node ${machine.node}.`,
    `Load average before ${load.before.join(', ')}, after ${load.after.join(', ')}.`,
  ];
  const parts = [
    ...head,
    ...(gateway === undefined ? [] : gatewayLines(gateway)),
    ...(log === undefined ? [] : logLines(log)),
  ];
  return `${parts.join('\n')}\n`;
}

function gatewayLines(report: GatewayReport): readonly string[] {
  const rows = targetNames.flatMap((target) => {
    const table = report[target];
    return table === null
      ? [`| ${target} | | | not measured | | | | | | | |`]
      : [
          ...rowsOf(target, 'simple', table),
          ...(table.prepared === undefined ? [] : rowsOf(target, 'prepared', table.prepared)),
        ];
  });
  return [
    '',
    '| through | protocol | clients | tps (least-greatest) | p50 ms | p99 ms | proxy µs/txn | source µs/txn | log µs/txn | of direct | of PgBouncer |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
    ...report.missing.map((sentence) => `\n${sentence}`),
  ];
}

function rowsOf(target: string, protocol: string, table: Table): readonly string[] {
  return cellsOf<Cell>(table).map(([clients, cell]) => {
    const { tps } = cell.spread;
    const figures = [
      `${cell.tps} (${tps?.min ?? ''}-${tps?.max ?? ''})`,
      cell.p50ms,
      cell.p99ms,
      ...[cell.cpuMicrosPerTxn, cell.sourceCpuMicrosPerTxn, cell.logCpuMicrosPerTxn].map(orDash),
      ...[cell.ratioToDirect, cell.ratioToPgbouncer].map(orDash),
    ];
    return `| ${[target, protocol, clients, ...figures].join(' | ')} |`;
  });
}

function logLines(report: LogReport): readonly string[] {
  return [
    '',
    '| callers | entries/s (least-greatest) | p50 ms | p99 ms | plain inserts/s | their p50 ms | their p99 ms | of inserts |',
    '|---|---|---|---|---|---|---|---|',
    ...cellsOf<LogCell>(report).map(([callers, cell]) => {
      const { entriesPerSecond } = cell.spread;
      const rate = `${cell.entriesPerSecond} (${entriesPerSecond?.min ?? ''}-${entriesPerSecond?.max ?? ''})`;
      const inserts = [cell.insertsPerSecond, cell.insertP50ms, cell.insertP99ms, cell.ratioToInserts].map(orDash);
      return `| ${[callers, rate, cell.p50ms, cell.p99ms, ...inserts].join(' | ')} |`;
    }),
    ...report.missing.map((sentence) => `\n${sentence}`),
  ];
}

function cellsOf<One>(table: object): readonly (readonly [string, One])[] {
  return Object.entries(table).flatMap(([name, cell]) =>
    /^c\d+$/.test(name) ? [[name.slice(1), cell as One] as const] : [],
  );
}

function orDash(value: number | null): string {
  return value === null ? '–' : String(value);
}
