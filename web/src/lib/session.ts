import { useSyncExternalStore } from 'react';

export type Role = 'admin' | 'verifier' | 'user' | 'auditor';

export interface SessionUser {
  id: string;
  name: string;
  email: string;
  role: Role;
}

export interface Session {
  token: string;
  user: SessionUser;
}

export type SessionEnd = 'expired' | 'signed-out' | 'recovered';

interface State {
  session: Session | null;
  /** How the last session ended, for the login page to say so. */
  ended: SessionEnd | null;
}

// In memory only: a script that gets into storage finds no token, and closing the page ends the session.
let state: State = { session: null, ended: null };
const listeners = new Set<() => void>();

function change(next: State) {
  state = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export const currentSession = (): Session | null => state.session;

export function beginSession(session: Session) {
  change({ session, ended: null });
}

export function endSession(ended: SessionEnd) {
  if (state.session !== null) change({ session: null, ended });
}

export const onSessionChange = subscribe;

export function useSession(): Session | null {
  return useSyncExternalStore(subscribe, () => state.session);
}

export function useSessionEnd(): SessionEnd | null {
  return useSyncExternalStore(subscribe, () => state.ended);
}
