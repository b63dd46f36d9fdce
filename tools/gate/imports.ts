import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Part, filesBelow, runTool } from './part.ts';

type CruiseReport = {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly { readonly resolved: string }[];
  }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string; readonly severity: string };
      readonly cycle?: readonly { readonly name: string }[];
    }[];
    readonly totalDependenciesCruised: number;
  };
};

/**
 * Holds the direction of imports, by the rules of `.dependency-cruiser.mjs`. A parser that sees nothing reports no
 * violation either, so each file on disk must be among the modules seen, and a file with imports must have some.
 */
export const imports: Part = {
  name: 'imports',
  async judge(root) {
    const args = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'packages'];
    const ended = await runTool('depcruise', args, root);
    const report = parseReport(ended.stdout);
    if (report === null) {
      return {
        problems: [`dependency-cruiser ended with ${ended.status} and no report. ${ended.stderr}`],
        examined: 0,
        unit: 'imports',
      };
    }
    const problems = report.summary.violations.map((found) => {
      const way = found.cycle === undefined ? found.to : found.cycle.map((step) => step.name).join(' -> ');
      return `${found.from} -> ${way}: ${found.rule.name}`;
    });
    return {
      problems: [...problems, ...folderCycles(report), ...(await blindSpots(root, report))],
      examined: report.summary.totalDependenciesCruised,
      unit: 'imports',
    };
  },
};

/**
 * Folders of the server that lead back to themselves through others, types included. Two things do not count: ports,
 * because what implements a port names the type of the edge that calls it, and routes.ts, the HTTP side of a module, which
 * stands above its commands and names who called. Files that need each other to run are found all the same (no-cycle).
 */
function folderCycles(report: CruiseReport): string[] {
  const reached = new Map<string, Map<string, string>>();
  for (const module of report.modules) {
    const from = folderOf(module.source);
    if (from === null || /(\.test|\/routes)\.ts$/.test(module.source)) continue;
    for (const { resolved } of module.dependencies) {
      const to = folderOf(resolved);
      if (to === null || to === from || resolved.endsWith('/ports.ts')) continue;
      const ways = reached.get(from) ?? new Map<string, string>();
      reached.set(from, ways.set(to, ways.get(to) ?? module.source));
    }
  }
  const problems: string[] = [];
  for (const start of reached.keys()) {
    const way = wayBack(start, reached);
    // Each cycle is told once, from the folder that comes first in the alphabet.
    if (way !== null && way.every((folder) => folder >= start)) {
      const first = reached.get(start)?.get(way[1] ?? '') ?? start;
      problems.push(`${first}: folders import each other in a circle: ${way.join(' -> ')}: no-folder-cycle`);
    }
  }
  return problems;
}

function folderOf(path: string): string | null {
  return /^packages\/server\/src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

/** The shortest way from `start` back to it, or null. */
function wayBack(start: string, reached: ReadonlyMap<string, ReadonlyMap<string, string>>): string[] | null {
  const ways: string[][] = [[start]];
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const next of reached.get(way.at(-1) ?? start)?.keys() ?? []) {
      if (next === start) return [...way, start];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return null;
}

async function blindSpots(root: string, report: CruiseReport): Promise<string[]> {
  const seen = new Map(report.modules.map((module) => [module.source, module.dependencies.length]));
  const blind: string[] = [];
  for (const file of await filesBelow(root, ['packages'], /\.tsx?$/)) {
    const dependencies = seen.get(file);
    if (dependencies === undefined) blind.push(`${file}: the import checker did not see this file.`);
    const imports = /^(import|export)\b[^'"\n]*\bfrom ['"]/m.test(await readFile(join(root, file), 'utf8'));
    if (dependencies === 0 && imports) blind.push(`${file}: has imports, and the import checker saw none of them.`);
  }
  return blind;
}

function parseReport(stdout: string): CruiseReport | null {
  try {
    return JSON.parse(stdout) as CruiseReport;
  } catch {
    // A broken configuration ends without a report; the caller shows what was said on stderr.
    return null;
  }
}
