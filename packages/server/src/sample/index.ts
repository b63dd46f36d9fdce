/** The sample service of `--sample` and `demo` (README.md): its rows, its adoption as a source, and what went wrong in it. */
export { adoptSample } from './adopt.ts';
export { sampleIncident } from './incident.ts';
export { type LoadedSample, loadSample } from './load.ts';
