import type { VerificationStatus } from '@/features/verifications/api/get-verification-status';
import { socketUrl } from '@/lib/http';
import { currentSession } from '@/lib/session';

interface Listener {
  onStatus: (status: VerificationStatus) => void;
  onClose: () => void;
}

function readStatus(message: unknown, id: string): VerificationStatus | null {
  if (typeof message !== 'string') return null;
  try {
    const { type, data } = JSON.parse(message) as { type?: string; data?: VerificationStatus };
    return type === 'verification' && data?.verification_id === id ? data : null;
  } catch {
    return null;
  }
}

/** Subscribes to a verification's changes; returns how to stop. Whoever listens must also poll: the socket may never open. */
export function followVerification(id: string, { onStatus, onClose }: Listener): () => void {
  const token = currentSession()?.token;
  if (token === undefined || typeof WebSocket === 'undefined') return () => undefined;
  const socket = new WebSocket(socketUrl());
  let listening = true;
  // The token goes in the first message: a URL would end up in logs.
  socket.onopen = () => {
    socket.send(JSON.stringify({ type: 'authenticate', token }));
    socket.send(JSON.stringify({ type: 'subscribe', verification_id: id }));
  };
  socket.onmessage = ({ data }) => {
    const status = listening ? readStatus(data, id) : null;
    if (status !== null) onStatus(status);
  };
  socket.onclose = () => {
    if (listening) onClose();
  };
  return () => {
    listening = false;
    socket.close();
  };
}
