/**
 * Prints `N passed, N failed` from vitest's JSON report and exits 1 when something failed or nothing ran. A test file
 * that could not be loaded holds no test, so it is counted as one failure.
 */
import { readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
try {
  const report = JSON.parse(readFileSync(process.argv[2] ?? 'reports/vitest.json', 'utf8'));
  passed = report.numPassedTests;
  failed = report.numFailedTests;
  for (const file of report.testResults)
    if (file.status === 'failed' && file.assertionResults.length === 0) failed += 1;
} catch (fault) {
  failed = 1;
  process.stderr.write(`There is no report of the tests: ${fault.message}\n`);
}
if (passed === 0 && failed === 0) failed = 1;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
