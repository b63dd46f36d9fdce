import { type ReactNode, useEffect, useState } from 'react';
import { checkLog, type LogCheck } from './check.ts';
import { type ShownEntry, tell } from './entry.ts';
import { type PortalSession, read } from './session.ts';

type Loaded = { readonly session: PortalSession; readonly logId: string; readonly entries: readonly ShownEntry[] };

/** The customer's access log: who asked, who approved, what was read, and whether the log holds, checked here. */
export function Portal({ session }: { readonly session: Promise<PortalSession> }): ReactNode {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [check, setCheck] = useState<LogCheck | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  useEffect(() => {
    let current = true;
    load(session)
      .then(
        async (found) => {
          if (!current) return;
          setLoaded(found);
          const checked = await checkLog(found.session, found.logId);
          if (current) setCheck(checked);
        },
        (cause: unknown) => current && setFailure(cause instanceof Error ? cause.message : String(cause)),
      )
      .catch((cause: unknown) => current && setFailure(cause instanceof Error ? cause.message : String(cause)));
    return () => {
      current = false;
    };
  }, [session]);

  return (
    <>
      <header>
        <p className="product">Gatehouse</p>
        <h1>Who accessed your data</h1>
        {loaded && (
          <p className="who">
            {loaded.session.tenant}, as {loaded.session.person}
          </p>
        )}
      </header>
      <main>
        {failure !== null && (
          <p role="alert" className="failure">
            {failure}
          </p>
        )}
        {loaded === null && failure === null && <p>Signing in and reading the log …</p>}
        {loaded !== null && <Verification check={check} failed={failure !== null} />}
        {loaded !== null && <Entries entries={loaded.entries} />}
      </main>
      <footer>
        <p>
          The operator serves this page, so it could be changed to lie to you. For a check that needs nothing of the
          operator but a key, run <code>gatehouse verify --tenant {loaded?.session.tenant ?? 'TENANT'}</code> on your
          own machine. Times are UTC.
        </p>
      </footer>
    </>
  );
}

async function load(session: Promise<PortalSession>): Promise<Loaded> {
  const signedIn = await session;
  const tenant = (await read(signedIn, `/api/v1/tenants/${encodeURIComponent(signedIn.tenant)}`)) as { logId: string };
  const entries: ShownEntry[] = [];
  for (let after = -1; ; ) {
    const path = `/api/v1/tenants/${encodeURIComponent(signedIn.tenant)}/log?after=${after}&limit=500`;
    const { items } = (await read(signedIn, path)) as { items: readonly ShownEntry[] };
    entries.push(...items);
    const last = items.at(-1);
    if (last === undefined || items.length < 500) break;
    after = last.seq;
  }
  return { session: signedIn, logId: tenant.logId, entries };
}

function Verification({ check, failed }: { readonly check: LogCheck | null; readonly failed: boolean }): ReactNode {
  if (check === null) {
    return failed ? (
      <section className="verification bad" aria-label="Verification">
        <h2>Not verified</h2>
        <p>The log could not be checked in this browser.</p>
      </section>
    ) : (
      <section className="verification" aria-label="Verification">
        <h2>Checking the log in your browser …</h2>
      </section>
    );
  }
  const { report, vkey, keyRemembered, sinceLastVisit } = check;
  return (
    <section className={report.ok ? 'verification good' : 'verification bad'} aria-label="Verification">
      <h2>{report.ok ? `Verified: ${report.size} entries, no gap` : 'This log does not hold'}</h2>
      {report.ok ? (
        <p>
          Every entry hashes into the signed root, in order and without a gap.{' '}
          {sinceLastVisit
            ? 'Nothing that was here at your last visit was changed or removed.'
            : 'From now on this browser also notices if an entry is changed or removed.'}
        </p>
      ) : (
        <ul>
          {report.findings.map((finding) => (
            <li key={`${finding.code}-${finding.index ?? ''}-${finding.file ?? ''}`}>
              {finding.message} <code>{finding.code}</code>
            </li>
          ))}
        </ul>
      )}
      <dl>
        <dt>Signing key</dt>
        <dd>
          <code>{vkey}</code>
          <br />
          {keyRemembered
            ? 'Remembered from an earlier visit.'
            : 'Taken from the server just now: compare it with the one you were given.'}
        </dd>
        <dt>Root</dt>
        <dd>
          <code>{report.root ?? 'none'}</code>
        </dd>
        <dt>Independent witnesses</dt>
        <dd className="zero">0: that everybody is shown the same log can only be found by comparing roots.</dd>
      </dl>
    </section>
  );
}

function Entries({ entries }: { readonly entries: readonly ShownEntry[] }): ReactNode {
  return (
    <table>
      <caption>
        {entries.length} {entries.length === 1 ? 'entry' : 'entries'}, newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">No.</th>
          <th scope="col">Time (UTC)</th>
          <th scope="col">What</th>
          <th scope="col">Told</th>
        </tr>
      </thead>
      <tbody>
        {entries.toReversed().map((entry) => {
          const told = tell(entry);
          return (
            <tr key={entry.seq}>
              <td className="seq">{entry.seq}</td>
              <td className="time">
                <time dateTime={entry.time}>{entry.time.replace('T', ' ').slice(0, 19)}</time>
              </td>
              <td>
                <span className={`word ${told.weight}`}>{told.word}</span>
              </td>
              <td>
                {told.sentence}
                {told.detail !== null && <pre>{told.detail}</pre>}
                {entry.state === 'sealed' && <p className="sealed">The content is sealed and was not opened.</p>}
                {entry.state === 'erased' && <p className="sealed">The content was erased; the entry stands.</p>}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
