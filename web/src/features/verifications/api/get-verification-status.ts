import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { followVerification } from '@/features/verifications/follow-verification';
import { call } from '@/lib/http';

export interface VerificationStep {
  name: string;
  status: string;
  estimated_time: number | string | null;
}

export interface Reason {
  code: string;
  message: string;
  severity: string;
}

export interface Decision {
  outcome: 'approved' | 'rejected' | 'needs_review';
  reasons: Reason[];
  confidence_score: number | null;
}

export interface VerificationStatus {
  verification_id: string;
  status: 'initiated' | 'in_progress' | 'approved' | 'rejected' | 'needs_review';
  current_step: string | null;
  progress_percentage: number;
  estimated_completion: string | null;
  steps: VerificationStep[];
  decision: Decision | null;
}

export const isDecided = ({ status }: Pick<VerificationStatus, 'status'>): boolean =>
  status !== 'initiated' && status !== 'in_progress';

export function getVerificationStatus(id: string): Promise<VerificationStatus> {
  return call({ url: `/verification/${encodeURIComponent(id)}/status` });
}

const pollMs = 700;
/** While the server pushes, asking only guards against a silent socket. */
const pushedPollMs = 5_000;

/** A verification's status until its decision: pushed over the WebSocket where that works, asked for where it doesn't. */
export function useVerificationStatus(id: string) {
  const client = useQueryClient();
  const [pushed, setPushed] = useState(false);
  const query = useQuery({
    queryKey: ['verification', id],
    queryFn: () => getVerificationStatus(id),
    // The next poll is the retry.
    retry: false,
    refetchInterval: ({ state }) => {
      if (state.data !== undefined && isDecided(state.data)) return false;
      if (state.error !== null && !state.error.transient) return false;
      return pushed ? pushedPollMs : pollMs;
    },
    refetchIntervalInBackground: true,
  });
  const decided = query.data !== undefined && isDecided(query.data);

  useEffect(() => {
    if (decided) {
      void client.invalidateQueries({ queryKey: ['verifications'] });
      return;
    }
    return followVerification(id, {
      onStatus: (status) => {
        setPushed(true);
        client.setQueryData(['verification', id], status);
      },
      onClose: () => setPushed(false),
    });
  }, [client, id, decided]);

  return query;
}
