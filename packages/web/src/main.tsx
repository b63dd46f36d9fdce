import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Portal } from './portal.tsx';
import { signInByCode } from './session.ts';

const element = document.getElementById('portal');
if (element === null) throw new Error('The page has no element "portal".');
// Outside the component: a code can be traded once, and React may run effects twice.
const session = signInByCode();
session.catch(() => undefined);
createRoot(element).render(
  <StrictMode>
    <Portal session={session} />
  </StrictMode>,
);
