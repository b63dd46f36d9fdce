/** The sample service of `--sample` and `demo` (README.md): its rows, and its adoption as a source. */
export { adoptSample } from './adopt.ts';
export { type LoadedSample, loadSample } from './load.ts';
