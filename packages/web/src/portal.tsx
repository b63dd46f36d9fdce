import { type ReactNode, useEffect, useState } from 'react';
import { type CheckedLog, checkLog, type Progress } from './check.ts';
import { nothingOpened, type Opened } from './files.ts';
import { LogView, type Place, placeOf } from './log-view.tsx';
import type { PortalSession } from './session.ts';
import { Verification } from './verification.tsx';
import { count } from './words.ts';

/** Contents opened at first: enough to understand the last accesses, few enough to be there in a moment. */
const firstLook: { readonly contents: number; readonly known: Opened } = { contents: 1000, known: nothingOpened };

/** Older contents opened at a time. */
const contentsMore = 5000;

const start: Place = { view: 'accesses', page: 0, entry: null };

/** The customer's access log: who asked, who approved, what was read, when it ended, and whether the log holds. */
export function Portal({ session }: { readonly session: Promise<PortalSession> }): ReactNode {
  const [signedIn, setSignedIn] = useState<PortalSession | null>(null);
  const [log, setLog] = useState<CheckedLog | null>(null);
  const [progress, setProgress] = useState<Progress | null>({ doing: 'Signing in', done: 0, all: 0 });
  const [failure, setFailure] = useState<string | null>(null);
  const [look, setLook] = useState(firstLook);
  const [place, setPlace] = useState(start);

  useEffect(() => {
    let current = true;
    const whileCurrent =
      <Value,>(set: (value: Value) => void) =>
      (value: Value) => {
        if (current) set(value);
      };
    const checking = async (): Promise<CheckedLog> => {
      const found = await session;
      whileCurrent(setSignedIn)(found);
      return checkLog(found, { ...look, said: whileCurrent(setProgress) });
    };
    checking()
      .then(whileCurrent(setLog), (cause: unknown) =>
        whileCurrent(setFailure)(cause instanceof Error ? cause.message : String(cause)),
      )
      .finally(() => whileCurrent(setProgress)(null));
    return () => {
      current = false;
    };
  }, [session, look]);

  const lookAgain = (contents: number): void => {
    setFailure(null);
    setProgress({ doing: 'Reading the log', done: 0, all: 0 });
    setLook({ contents, known: log?.opened ?? nothingOpened });
  };
  return (
    <>
      <header>
        <p className="product">Gatehouse</p>
        <h1>Who accessed your data</h1>
        {signedIn !== null && (
          <p className="who">
            {signedIn.tenant}, as {signedIn.person}{' '}
            <button type="button" disabled={progress !== null} onClick={() => lookAgain(look.contents)}>
              Look again
            </button>
          </p>
        )}
      </header>
      <main>
        {failure !== null && (
          <p role="alert" className="failure">
            {failure} {log !== null && 'What is shown below is from before.'}
          </p>
        )}
        <p role="status" className="progress">
          {progress !== null && told(progress)}
        </p>
        {log !== null && signedIn !== null && (
          <>
            <Verification
              log={log}
              tenant={signedIn.tenant}
              openMore={progress === null ? () => lookAgain(look.contents + contentsMore) : null}
              showEntry={(seq) => setPlace(placeOf(seq, log.entries.length))}
            />
            <LogView entries={log.entries} place={place} goTo={setPlace} />
          </>
        )}
      </main>
      <footer>
        <p>
          The operator serves this page, so it could be changed to lie to you. For a check that needs nothing of the
          operator but a key, run <code>gatehouse verify --tenant {signedIn?.tenant ?? 'TENANT'}</code> on your own
          machine. Reading this log is itself an entry. All times are UTC.
        </p>
      </footer>
    </>
  );
}

/** Told in steps of tenths, so that a screen reader is not talked over. */
function told({ doing, done, all }: Progress): string {
  if (all < 1000) return `${doing} …`;
  return `${doing}: ${count(Math.floor((done / all) * 10) * 10)} % of ${count(all)} entries …`;
}
