/** The HTTP edge: serves the routes that the modules declare. */
export { buildHttp, type HttpOptions } from './server.ts';
