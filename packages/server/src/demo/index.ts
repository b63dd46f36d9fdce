import { type AdminAddress, administratorOf } from './administrator.ts';
import { asks, customerSigns, managerApproves, refused } from './asking.ts';
import { Person } from './person.ts';
import { tamperingIsNamed, verifierSaysOk } from './proving.ts';
import { rowsArrive } from './reading.ts';
import { noLogNoRows, revokedMidQuery } from './stopping.ts';
import { type Figures, ms, NotShown, type People, type Stage, type Tell } from './story.ts';
import type { GatewayAddress } from './wire.ts';

/** The program that the story is played against, already running with `--sample`. */
export type Played = {
  readonly http: string;
  readonly gateway: GatewayAddress;
  readonly dataDir: string;
  readonly rootVkey: string;
  readonly adminAddress: AdminAddress;
};

/** What is outside of the story. */
export type DemoSetting = {
  readonly now: () => number;
  readonly random: (count: number) => Uint8Array;
  readonly stopwatch: () => number;
  readonly tell: Tell;
  readonly customerFolder: string;
};

/** A step that was shown, with its figures. */
export type ShownStep = { readonly step: string; readonly milliseconds: number; readonly figures: Figures };

/** The outcome of the story: all steps, or those before the one that failed and why it did. */
export type DemoSummary = {
  readonly ok: boolean;
  readonly steps: readonly ShownStep[];
  readonly milliseconds: number;
  readonly failed: { readonly step: string; readonly message: string } | null;
};

/**
 * Plays the whole story of INTERFACE.md against a running program, over HTTP and the PostgreSQL protocol as real people
 * would. Each step asserts what it says; the first that cannot be shown ends the story. Never rejects.
 */
export async function playDemo(played: Played, setting: DemoSetting): Promise<DemoSummary> {
  const steps: ShownStep[] = [];
  const startedAt = setting.stopwatch();
  let current = 'the people come in';
  const step = async <Found extends Figures>(name: string, play: () => Promise<Found>): Promise<Found> => {
    current = name;
    setting.tell(`\n${steps.length + 1}. ${name.charAt(0).toUpperCase()}${name.slice(1)}`);
    const from = setting.stopwatch();
    const figures = await play();
    steps.push({ step: name, milliseconds: ms(setting.stopwatch() - from), figures });
    return figures;
  };
  try {
    await story(await setStage(played, setting), step);
    return { ok: true, steps, milliseconds: ms(setting.stopwatch() - startedAt), failed: null };
  } catch (cause) {
    const message = cause instanceof NotShown ? cause.message : String(cause instanceof Error ? cause.stack : cause);
    return { ok: false, steps, milliseconds: ms(setting.stopwatch() - startedAt), failed: { step: current, message } };
  }
}

type Step = <Found extends Figures>(name: string, play: () => Promise<Found>) => Promise<Found>;

async function story(stage: Stage, step: Step): Promise<void> {
  await step('an engineer is refused', () => refused(stage));
  const { id } = await step('he asks', () => asks(stage));
  await step('the manager approves', () => managerApproves(stage, id));
  await step('the customer signs', () => customerSigns(stage, id));
  const { intent } = await step('rows arrive', () => rowsArrive(stage, id));
  const home = await step('the customer verifies, offline', () => verifierSaysOk(stage, intent));
  await step('one byte of the log is changed', () => tamperingIsNamed(stage, { ...home, intent }));
  await step('the log is stopped', () => noLogNoRows(stage, id));
  await step('the grant is revoked while a statement runs', () => revokedMidQuery(stage, id));
}

async function setStage(played: Played, setting: DemoSetting): Promise<Stage> {
  const { http, gateway, dataDir, rootVkey, adminAddress } = played;
  const open = (email: string) => Person.open({ http, dataDir, now: setting.now, random: setting.random }, email);
  const people: People = {
    emil: await open('engineer@operator.example'),
    maria: await open('manager@operator.example'),
    arno: await open('approver@acme.example'),
    ada: await open('admin@acme.example'),
  };
  const { customerFolder, stopwatch, tell } = setting;
  return {
    http,
    gateway,
    rootVkey,
    customerFolder,
    people,
    administrator: administratorOf(adminAddress),
    stopwatch,
    tell,
  };
}

/** The address of a customer's portal with a one-time code in it, for whoever watches to open in a browser. */
export async function portalAddress(played: Played, setting: DemoSetting, email: string): Promise<string> {
  const { http, dataDir } = played;
  const person = await Person.open({ http, dataDir, now: setting.now, random: setting.random }, email);
  const { path } = await person.post<{ path: string }>('/api/v1/portal-codes', {});
  return `${http}${path}`;
}
