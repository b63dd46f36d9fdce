import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

/** Figures that the program keeps of itself. No label holds a person, a tenant or a statement. */
export type Metrics = {
  readonly registry: Registry;
  /** Counts an HTTP answer by its status. */
  readonly answered: (status: number) => void;
};

/** Opens the registry. `read` functions are called when somebody scrapes, so that no figure is kept twice. */
export function openMetrics(read: {
  readonly openSessions: () => number;
  readonly logEntries: () => number;
  readonly logUsable: () => boolean;
}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const answers = new Counter({
    name: 'gatehouse_http_answers_total',
    help: 'Answers of the HTTP interface by status.',
    labelNames: ['status'],
    registers: [registry],
  });
  gauge('gatehouse_gateway_sessions', 'Open sessions of the gateway.', read.openSessions);
  gauge('gatehouse_log_entries', 'Entries appended since the start.', read.logEntries);
  gauge('gatehouse_log_usable', '1 while the log takes entries, else 0: then nothing is opened.', () =>
    read.logUsable() ? 1 : 0,
  );
  return { registry, answered: (status) => answers.inc({ status: String(status) }) };

  function gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  }
}
