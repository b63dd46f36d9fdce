import { existsSync } from 'node:fs';
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { obstacles } from './accessible.ts';
import { noBrowser, openBrowser, watchedPage } from './browser.ts';
import { buildPages, type Service, startService } from './service.ts';

if (noBrowser !== null) console.warn(noBrowser);
const psqlThere = existsSync('/usr/bin/psql');
if (!psqlThere) console.warn('One test is skipped: psql is not installed (apt-get install postgresql-client).');

const engineer = 'engineer@operator.example';
const approver = 'approver@acme.example';
const hostile = 'Orders appear twice <img src=x onerror="document.title=1"> \u202eyltnecer, I look at the rows.';

describe.skipIf(noBrowser !== null)('the portal in a browser', () => {
  let service: Service;
  let browser: Browser;

  beforeAll(async () => {
    await buildPages();
    [service, browser] = await Promise.all([startService(), openBrowser()]);
    await accessAndRevoke(service);
  });

  afterAll(async () => {
    await browser?.close();
    await service?.remove();
  });

  async function addressFor(person: string): Promise<string> {
    const said = await service.as(person, ['portal']);
    return String(said['url']);
  }

  async function opened(person = approver, options: Parameters<typeof watchedPage>[1] = {}) {
    const watched = await watchedPage(browser, options);
    await watched.page.goto(await addressFor(person));
    await verdictOf(watched.page);
    return watched;
  }

  it('tells who asked, why, who approved, what was read and how it ended, and that the log holds', async () => {
    const { page, complaints } = await opened();
    expect(await verdictOf(page)).toBe('The log holds');
    const story = await page.getByRole('article').innerText();
    expect(story).toContain(`${engineer} of Example Operator Ltd: read your data in sample`);
    expect(story).toContain('To repair a problem that has happened. Ticket T-4711. Reason: customer support.');
    expect(story).toMatch(/By manager@operator\.example, as manager, at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\./);
    expect(story).toMatch(/By Arno Acker \(approver@acme\.example\), for you, at .* UTC\./);
    expect(story).toMatch(/Revoked by Arno Acker \(approver@acme\.example\) at .* UTC\./);
    expect(story).toContain('revoked');
    const panel = await panelOf(page);
    expect(panel).toContain('Independent witnesses: none (0).');
    expect(panel).toContain('Taken from the server just now');
    expect(panel).toMatch(/\d+ decisions decided again with the published terms/);
    expect(await page.evaluate(() => location.hash)).toBe('');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('opens every step of an access, with the refusal in words and each content on demand', async () => {
    const { page, complaints } = await opened();
    await page.getByText('Step by step').click();
    const steps = page.getByRole('article').locator('.entry');
    const refusal = steps.filter({ hasText: 'self_approval' });
    expect(await refusal.innerText()).toContain('Nobody approves their own request.');
    await refusal.locator('summary').click();
    await expect.poll(() => refusal.innerText()).toContain('"reason": "self_approval"');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows markup in a justification as the text that it is', async () => {
    const { page, complaints } = await opened();
    expect(await page.locator('q').innerText()).toContain('<img src=x onerror="document.title=1"> \ufffdyltnecer');
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toBe('Access log · Gatehouse');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('brings an entry into sight by its number, with the keyboard alone', async () => {
    const { page } = await opened();
    await page.getByLabel('Entry No.').focus();
    await page.keyboard.type('0');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-seq'))).toBe('0');
    expect(await page.locator('[data-seq="0"]').innerText()).toContain('This log was opened');
    await page.context().close();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 1600]) {
      it(`puts no obstacle in anybody's way: ${colorScheme}, ${width} px wide`, async () => {
        const { page } = await opened(approver, { colorScheme, viewport: { width, height: 800 } });
        await page.getByText('Step by step').click();
        expect(await obstacles(page)).toEqual([]);
        await page.getByRole('button', { name: 'Every entry' }).click();
        await page.locator('.everything summary').first().click();
        expect(await obstacles(page)).toEqual([]);
        await page.context().close();
      });
    }
  }

  it('remembers the log from one visit to the next', async () => {
    const { page } = await opened();
    await page.getByRole('button', { name: 'Look again' }).click();
    const panel = page.locator('.verification');
    await expect.poll(() => panel.innerText()).toMatch(/All \d+ entries of your last visit are still there, unchanged/);
    expect(await panel.innerText()).toContain('Remembered by this browser from an earlier visit.');
    await page.context().close();
  });

  it('names the entry when one byte of the log was changed', async () => {
    const { page } = await watchedPage(browser);
    await page.route('**/tile/entries/**', (route) => changed(route, 'access.revoked', 'access.revokes'));
    await page.goto(await addressFor(approver));
    expect(await verdictOf(page)).toBe('This log does not hold');
    const finding = page.locator('.verification li').filter({ hasText: 'ENTRY_CHANGED' });
    const seq = /Entry (\d+) /.exec(await finding.innerText())?.[1] ?? 'none';
    await finding.getByRole('button').click();
    const entry = page.locator(`[data-seq="${seq}"]`);
    expect(await entry.innerText()).toContain(`Does not hold: Entry ${seq}`);
    expect(await page.getByRole('article').count()).toBe(0);
    expect(await obstacles(page)).toEqual([]);
    await page.context().close();
  });

  it('names the entry when another content is shown than was logged, and leaves the content out', async () => {
    const { page } = await watchedPage(browser);
    await page.route('**/log/openings?*', (route) => forged(route, 'T-4711', 'T-0815'));
    await page.goto(await addressFor(approver));
    expect(await verdictOf(page)).toBe('This log does not hold');
    expect(await panelOf(page)).toMatch(/The payload shown for entry \d+ is not the one/);
    expect(await page.locator('main').innerText()).not.toContain('T-0815');
    await page.context().close();
  });

  it('does not take a log back that was cut shorter than at the last visit', async () => {
    const { page } = await watchedPage(browser);
    const checkpoints: Buffer[] = [];
    let cutting = false;
    await page.route('**/checkpoint', async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      checkpoints.push(body);
      await route.fulfill({ response, body: cutting ? (checkpoints[0] ?? body) : body });
    });
    await page.goto(await addressFor(approver));
    const sizeOf = async (): Promise<number> => Number(/(\d+) entries without/.exec(await panelOf(page))?.[1]);
    const first = await sizeOf();
    // The reading itself is an entry, in the next checkpoint.
    await expect.poll(async () => (await lookAgain(page), await sizeOf()), { timeout: 20_000 }).toBeGreaterThan(first);
    cutting = true;
    await lookAgain(page);
    expect(await verdictOf(page)).toBe('This log does not hold');
    expect(await panelOf(page)).toContain('LOG_SHRANK');
    await page.context().close();
  });

  it.skipIf(!psqlThere)(
    'stays quick when the log is long: the newest contents first, the older ones when asked',
    async () => {
      const id = await approvedAccess(service, 'Prices are shown twice, I look at the rows.');
      await service.run(
        engineer,
        id,
        Array.from({ length: 600 }, (_, at) => `select id from orders where id > ${at} limit 1`),
      );
      const { page, complaints } = await watchedPage(browser).then(async (watched) => {
        const startedAt = Date.now();
        await watched.page.goto(await addressFor(approver));
        expect(await verdictOf(watched.page)).toBe('The log holds');
        expect(Date.now() - startedAt).toBeLessThan(20_000);
        return watched;
      });
      expect(await panelOf(page)).toMatch(/\d+ older entries: not opened yet/);
      await page.getByRole('button', { name: 'Open older ones' }).click();
      await expect.poll(() => panelOf(page), { timeout: 20_000 }).not.toContain('not opened yet');
      const story = page.getByRole('article').filter({ hasText: 'Prices' });
      expect(await story.innerText()).toMatch(/600 statements; 600 rows \(.* bytes\) went out\./);
      await story.getByText('Step by step').click();
      await expect.poll(() => story.locator('.entry').count()).toBe(50);
      await page.getByRole('button', { name: 'Every entry' }).click();
      await expect.poll(() => page.locator('.entry').count()).toBe(50);
      await page.getByRole('button', { name: 'Older', exact: true }).click();
      await expect.poll(() => page.locator('.pager').innerText()).toContain('Entries 51 to 100 of');
      expect(await obstacles(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );

  it('says of a log in which nobody has asked for anything that this is so', async () => {
    const { page, complaints } = await opened('admin@globex.example');
    expect(await verdictOf(page)).toBe('The log holds');
    expect(await page.locator('main').innerText()).toContain('Nobody has asked for access to your data');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('says how to come in when the code is missing, used or incomplete', async () => {
    const { page } = await watchedPage(browser);
    await page.goto(`${service.http}/portal/`);
    expect(await page.getByRole('alert').innerText()).toContain('Make a new code with: gatehouse --as');
    const address = await addressFor(approver);
    const first = await watchedPage(browser);
    await first.page.goto(address);
    await verdictOf(first.page);
    const second = await watchedPage(browser);
    await second.page.goto(address);
    expect(await second.page.getByRole('alert').innerText()).toMatch(
      /unknown, was used, or is older .* Make a new code/,
    );
    expect(await obstacles(second.page)).toEqual([]);
    const third = await watchedPage(browser);
    await third.page.goto(`${service.http}/portal/#code=short`);
    expect(await third.page.getByRole('alert').innerText()).toContain('incomplete');
    for (const { page: done } of [{ page }, first, second, third]) await done.context().close();
  });

  it('keeps what it has shown, and says so, when the session is over or the server is gone', async () => {
    const { page } = await opened();
    await page.route('**/log/t/**', (route) =>
      route.continue({ headers: { authorization: `Bearer ${'A'.repeat(43)}` } }),
    );
    await page.getByRole('button', { name: 'Look again' }).click();
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('A valid bearer token is needed');
    await page.unroute('**/log/t/**');
    await service.stop();
    await page.getByRole('button', { name: 'Look again' }).click();
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('The server did not answer.');
    expect(await page.getByRole('alert').innerText()).toContain('What is shown below is from before.');
    expect(await page.getByRole('article').count()).toBeGreaterThan(0);
    await page.context().close();
  });
});

/** An access that may be used. Returns its id. */
async function approvedAccess({ as }: Service, justification: string): Promise<string> {
  const id = await asked(as, justification);
  await as('manager@operator.example', ['approve', id]);
  await as(approver, ['approve', id]);
  return id;
}

async function asked(as: Service['as'], justification: string): Promise<string> {
  const what = ['--tenant', 'acme', '--source', 'sample', '--purpose', 'troubleshoot.repair'];
  const why = ['--reason-code', 'customer_support', '--ticket', 'T-4711', '--justification', justification];
  return String((await as(engineer, ['request', ...what, ...why, '--for', '1h']))['id']);
}

/** An access that was asked for, wrongly and rightly approved, and revoked. */
async function accessAndRevoke({ as }: Service): Promise<void> {
  const id = await asked(as, hostile);
  await expect(as(engineer, ['approve', id])).rejects.toThrow(/self_approval/);
  await as('manager@operator.example', ['approve', id]);
  await as(approver, ['approve', id]);
  await as(approver, ['revoke', id, '--reason', 'Enough seen']);
}

async function lookAgain(page: Page): Promise<void> {
  const button = page.getByRole('button', { name: 'Look again' });
  await button.click();
  // It can be pressed again when the look is over.
  await expect.poll(() => button.isEnabled(), { timeout: 20_000 }).toBe(true);
}

function panelOf(page: Page): Promise<string> {
  return page.locator('.verification').innerText();
}

function verdictOf(page: Page): Promise<string> {
  return page.locator('#verdict').innerText();
}

/** Passes the server's bytes on with one text in them replaced by another of the same length. */
async function changed(route: Route, from: string, to: string): Promise<void> {
  const response = await route.fetch();
  const body = (await response.body()).toString('latin1').replace(from, to);
  await route.fulfill({ response, body: Buffer.from(body, 'latin1') });
}

/** Passes the server's openings on with one text inside the contents replaced by another. */
async function forged(route: Route, from: string, to: string): Promise<void> {
  const response = await route.fetch();
  const { items } = (await response.json()) as { items: { seq: number; payload: string; salt: string }[] };
  const told = items.map((item) => ({
    ...item,
    payload: Buffer.from(Buffer.from(item.payload, 'base64').toString('utf8').replace(from, to)).toString('base64'),
  }));
  await route.fulfill({ response, json: { items: told } });
}
