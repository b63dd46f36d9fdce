import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type Part, runTool } from './part.ts';

type OxlintReport = {
  readonly diagnostics: readonly {
    readonly message: string;
    readonly code?: string;
    readonly filename?: string;
    readonly labels: readonly { readonly span: { readonly line: number; readonly column: number } }[];
  }[];
  readonly number_of_files: number;
};

/** Lints with types, by the rules of `.oxlintrc.json` and our own of `tools/lint-rules.ts`. A warning is red as well. */
export const lint: Part = {
  name: 'lint',
  async judge(root) {
    const folders: string[] = [];
    for (const folder of ['packages', 'tools', 'test', 'bench'])
      if (await exists(join(root, folder))) folders.push(folder);
    const args = [
      '--type-aware',
      '--deny-warnings',
      '--report-unused-disable-directives',
      '--format',
      'json',
      ...folders,
    ];
    const ended = await runTool('oxlint', args, root);
    const report = parseReport(ended.stdout);
    if (report === null) {
      return {
        problems: [`oxlint ended with ${ended.status} and no report. ${ended.stdout}${ended.stderr}`],
        examined: 0,
        unit: 'files',
      };
    }
    const problems = report.diagnostics.map((found) => {
      const at = found.labels[0]?.span;
      return `${found.filename ?? '(no file)'}:${at?.line ?? 0}:${at?.column ?? 0} ${found.code ?? ''} ${found.message}`;
    });
    if (ended.status !== 0 && problems.length === 0)
      problems.push(`oxlint ended with ${ended.status}. ${ended.stderr}`);
    return { problems, examined: report.number_of_files, unit: 'files' };
  },
};

function parseReport(stdout: string): OxlintReport | null {
  try {
    return JSON.parse(stdout) as OxlintReport;
  } catch {
    // oxlint prints prose instead of JSON when it cannot start; the caller shows that prose.
    return null;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
