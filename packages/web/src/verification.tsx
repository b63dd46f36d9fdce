import type { Finding } from '@gatehouse/verifier/browser';
import type { ReactNode } from 'react';
import type { CheckedLog } from './check.ts';
import { count, counted, harmless, moment } from './words.ts';

/** Says whether the log holds, what was checked in this browser, and, as plainly, what was not. */
export function Verification(props: {
  readonly log: CheckedLog;
  readonly tenant: string;
  /** Opens older contents; null while that is under way. */
  readonly openMore: (() => void) | null;
  readonly showEntry: (seq: number) => void;
}): ReactNode {
  const { log, tenant, openMore, showEntry } = props;
  const { report, findings } = log;
  const holds = findings.length === 0;
  return (
    <section className={`verification ${holds ? 'good' : 'bad'}`} aria-labelledby="verdict">
      <h2 id="verdict">{holds ? 'The log holds' : 'This log does not hold'}</h2>
      {holds ? (
        <p>
          {counted(report.size, 'entry', 'entries')} without a gap, checked in this browser at {moment(log.checkedAt)}.
        </p>
      ) : (
        <Findings findings={findings} size={log.entries.length} showEntry={showEntry} />
      )}
      <div className="scope">
        {holds && <Checked log={log} />}
        <div>
          <h3>What was not checked</h3>
          <ul>
            <li className="zero">
              <strong>Independent witnesses: none (0).</strong> If the operator showed somebody else another log, it
              would only be found by comparing roots.
            </li>
            <li>
              The signatures that people made with their own keys.{' '}
              <code>gatehouse verify --tenant {tenant} --replay</code> checks each of them.
            </li>
            {log.contents.older > 0 && (
              <li>
                The contents of {counted(log.contents.older, 'older entry', 'older entries')}: not opened yet.{' '}
                <button type="button" disabled={openMore === null} onClick={() => openMore?.()}>
                  Open older ones
                </button>
              </li>
            )}
            <li>Access that went around the gateway: this log cannot know of it.</li>
          </ul>
        </div>
      </div>
      <dl>
        <dt>Signing key</dt>
        <dd>
          <code>{harmless(log.vkey)}</code>
          <br />
          {keySource[log.memory]}
        </dd>
        <dt>Root</dt>
        <dd>
          <code>{report.root ?? 'none'}</code>
          <br />
          of {counted(report.size, 'entry', 'entries')}. Whoever was shown the same log has the same root.
        </dd>
      </dl>
    </section>
  );
}

function Checked({ log }: { readonly log: CheckedLog }): ReactNode {
  const { contents, heldSince } = log;
  return (
    <div>
      <h3>What was checked</h3>
      <ul>
        <li>The checkpoint is signed by the key below, and every entry hashes into its root, in order.</li>
        <li>
          {counted(contents.matched, 'content is what its entry', 'contents are what their entries')} committed to
          {contents.closed > 0 && `; ${counted(contents.closed, 'was', 'were')} not shown to you`}.
        </li>
        <li>
          {log.decisions === 0
            ? 'No decision was there to be decided again.'
            : `${counted(log.decisions, 'decision')} decided again with the published terms: each came out the same, whether yes or no.`}
        </li>
        <li>
          {heldSince === null
            ? 'Nothing could be compared with an earlier visit.'
            : `All ${count(heldSince)} entries of your last visit are still there, unchanged.`}{' '}
          {log.kept
            ? 'From now on this browser notices if one of today’s is changed or removed.'
            : 'This browser keeps nothing for the next visit.'}
        </li>
      </ul>
    </div>
  );
}

const keySource: { readonly [memory in CheckedLog['memory']]: string } = {
  none: 'Taken from the server just now: compare it with the one that you were given.',
  unusable:
    'Taken from the server just now, because what this browser kept could not be read: compare it with the one that you were given.',
  trusted: 'Remembered by this browser from an earlier visit.',
};

/** More than these are not listed; the first ones tell what is broken. */
const findingsShown = 10;

function Findings(props: {
  readonly findings: readonly Finding[];
  readonly size: number;
  readonly showEntry: (seq: number) => void;
}): ReactNode {
  const { findings, size, showEntry } = props;
  return (
    <>
      <p>Do not rely on what is shown below. Keep this page, and ask the operator in writing.</p>
      <ul>
        {findings.slice(0, findingsShown).map(({ code, message, index }) => (
          <li key={message}>
            {harmless(message)} <code>[{code}]</code>{' '}
            {index !== undefined && index < size && (
              <button type="button" onClick={() => showEntry(index)}>
                Show entry {count(index)}
              </button>
            )}
          </li>
        ))}
      </ul>
      {findings.length > findingsShown && <p>And {count(findings.length - findingsShown)} more of the kind.</p>}
    </>
  );
}
