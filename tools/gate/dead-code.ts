import { type Part, filesBelow, runTool, sayingLines } from './part.ts';

/** Files, exports and dependencies that nothing uses, and dependencies that nobody declared, by `knip.json`. */
export const deadCode: Part = {
  name: 'dead-code',
  async judge(root) {
    const args = ['--no-progress', '--reporter', 'compact'];
    const ended = await runTool('knip', args, root);
    const problems = ended.status === 0 ? [] : sayingLines(`${ended.stdout}\n${ended.stderr}`);
    if (ended.status !== 0 && problems.length === 0) problems.push(`knip ended with ${ended.status} and said nothing.`);
    return {
      problems,
      examined: (await filesBelow(root, ['packages', 'tools', 'test', 'bench'], /\.tsx?$/)).length,
      unit: 'files',
    };
  },
};
