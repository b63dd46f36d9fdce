/** Audit: who reads the logs, and on what right. Today that is each customer, its own. */
export { type LogReading, openLogReading, type ReadEntry, type Reader, type ReadOpening } from './commands.ts';
