import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type Part, filesBelow, runTool, sayingLines } from './part.ts';

/**
 * Compiles every tsconfig of the tree with TypeScript and expects no message. A source file that no tsconfig covers is
 * red too, because the compiler would be silent about it.
 */
export const types: Part = {
  name: 'types',
  async judge(root) {
    const problems: string[] = [];
    const covered = new Set<string>();
    for (const project of await projectsOf(root)) {
      const ended = await runTool('tsc', ['-p', project, '--noEmit', '--pretty', 'false', '--listFiles'], root);
      const lines = sayingLines(ended.stdout, Number.POSITIVE_INFINITY);
      const listed = lines.filter((line) => line.startsWith(sep) && !line.includes('error TS'));
      for (const file of listed) covered.add(relative(root, file).split(sep).join('/'));
      const said = lines.filter((line) => !listed.includes(line));
      if (ended.status !== 0)
        problems.push(...(said.length > 0 ? said : [`${project}: tsc ended with ${ended.status}. ${ended.stderr}`]));
    }
    const sources = await filesBelow(root, ['packages', 'tools', 'test', 'bench'], /\.tsx?$/);
    for (const file of sources)
      if (!covered.has(file)) problems.push(`${file}: no tsconfig covers this file, so nothing checks its types.`);
    return {
      problems: [...new Set(problems)],
      examined: sources.filter((file) => covered.has(file)).length,
      unit: 'files',
    };
  },
};

async function projectsOf(root: string): Promise<string[]> {
  const projects: string[] = [];
  const isProject = (name: string): boolean => /^tsconfig(\.(?!base)[a-z]+)?\.json$/.test(name);
  for (const name of await readdir(root)) if (isProject(name)) projects.push(name);
  for (const folder of await readdir(join(root, 'packages'), { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    for (const name of await readdir(join(root, 'packages', folder.name))) {
      if (isProject(name)) projects.push(`packages/${folder.name}/${name}`);
    }
  }
  return projects.sort();
}
