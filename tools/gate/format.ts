import { type Part, runTool, sayingLines } from './part.ts';

/** Every file is as `npm run fix` would write it. */
export const format: Part = {
  name: 'format',
  async judge(root) {
    const ended = await runTool('biome', ['format', '--colors=off', '--max-diagnostics=200', '.'], root);
    const said = `${ended.stdout}\n${ended.stderr}`;
    const examined = Number(/Checked (\d+) files?/.exec(said)?.[1] ?? 0);
    const files = [...said.matchAll(/^(\S+) (format|parse) ━/gm)].map((found) =>
      found[2] === 'parse' ? `${found[1]}: cannot be parsed.` : `${found[1]}: not formatted. Run \`npm run fix\`.`,
    );
    const problems = ended.status === 0 ? [] : files.length > 0 ? [...new Set(files)] : sayingLines(said);
    return { problems, examined, unit: 'files' };
  },
};
