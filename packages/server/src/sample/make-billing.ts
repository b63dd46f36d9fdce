import { between, chance, oneOf } from './random.ts';
import { amount, firstId, later, type Story } from './story.ts';
import { sampleTenants } from './tenants.ts';

const day = 24 * 60 * 60_000;
const parts = ['Subscription', 'Extra seats', 'Label printing', 'SMS to customers', 'Überziehungsgebühr'] as const;

/** Two years of monthly invoices for each tenant, their lines and payments; some payments match no invoice (a NULL path). */
export function addBilling(story: Story): void {
  const { random, rows, endAt } = story;
  for (const tenant of sampleTenants) {
    for (let month = 24; month >= 1; month -= 1) {
      const id = firstId + rows.invoices.length;
      const issued = new Date(endAt - month * 30 * day);
      const total = addLines(story, id);
      const paid = chance(random, 0.93) ? later(story, issued, 20) : null;
      const due = new Date(issued.getTime() + 30 * day);
      rows.invoices.push([
        id,
        tenant.id,
        `INV-${tenant.id}-${25 - month}`,
        dateOf(issued),
        dateOf(due),
        amount(total),
        paid,
      ]);
      if (paid !== null) addPayment(story, { invoice: id, cents: total, at: paid });
    }
  }
  for (let n = 0; n < 40; n += 1) {
    addPayment(story, {
      invoice: null,
      cents: between(random, 100, 90_000),
      at: later(story, new Date(endAt - 90 * day), 90),
    });
  }
}

function addLines({ random, rows }: Story, invoice: number): number {
  let total = 0;
  const lines = between(random, 1, 6);
  for (let line = 1; line <= lines; line += 1) {
    const cents = between(random, 100, 60_000);
    total += cents;
    rows.invoice_lines.push([invoice, line, oneOf(random, parts), amount(cents)]);
  }
  return total;
}

function addPayment({ random, rows }: Story, payment: { invoice: number | null; cents: number; at: Date }): void {
  const id = firstId + rows.payments.length;
  const reference =
    payment.invoice === null
      ? oneOf(random, ['?', 'thanks', 'INV??', ''])
      : `RF${between(random, 10, 99)} ${payment.invoice}`;
  rows.payments.push([id, payment.invoice, amount(payment.cents), reference, payment.at]);
}

function dateOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
