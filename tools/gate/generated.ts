import { type Part, runNode, sayingLines } from './part.ts';

/** Every generated file is what `npm run gen` writes today. The tree's own generators are asked, not ours. */
export const generated: Part = {
  name: 'generated',
  async judge(root) {
    const ended = await runNode(['tools/gen.ts', '--check'], root);
    const examined = Number(/compared (\d+)/.exec(ended.stdout)?.[1] ?? 0);
    const problems = ended.status === 0 ? [] : sayingLines(ended.stderr === '' ? ended.stdout : ended.stderr);
    return { problems, examined, unit: 'files' };
  },
};
