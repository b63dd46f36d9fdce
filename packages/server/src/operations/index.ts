/** Operations: whether the program is well, as figures and as a yes or no. */
export { type Metrics, openMetrics } from './metrics.ts';
export { hasRoom } from './room.ts';
