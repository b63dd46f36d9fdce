import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Part, filesBelow, runTool } from './part.ts';

type CruiseReport = {
  readonly modules: readonly { readonly source: string; readonly dependencies: readonly unknown[] }[];
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
      problems: [...problems, ...(await blindSpots(root, report))],
      examined: report.summary.totalDependenciesCruised,
      unit: 'imports',
    };
  },
};

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
