/**
 * Writes `testdata/terms-v1.json` from the cases, by hand and only while version 1 is not released:
 * `node packages/terms/test/write-golden.ts`. Afterwards the file is frozen, and a rule that changes is a new version.
 */
import { writeFileSync } from 'node:fs';
import { decide, termsVersion } from '../src/index.ts';
import { goldenCases } from './golden-cases.ts';

const vectors = goldenCases.map(({ name, kind, facts }) => ({ name, ...decide(kind, facts as never) }));
writeFileSync(
  new URL(`../testdata/terms-v${termsVersion}.json`, import.meta.url),
  `${JSON.stringify(vectors, null, 1)}\n`,
);
