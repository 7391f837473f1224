import { useMutation } from '@tanstack/react-query';
import { enter, type FurtherProof, type LoginResult } from '@/features/account/api/login';
import { call } from '@/lib/http';
import { endSession } from '@/lib/session';

/** Begins a session that may only prove the account's identity anew. */
export const useBeginRecovery = () =>
  useMutation({
    mutationFn: (challenge: FurtherProof) =>
      call<LoginResult>({ method: 'POST', url: '/auth/recovery/start', data: { challenge_token: challenge.challenge_token } }),
    onSuccess: enter,
  });

/** Removes the lost factors; every session ends with it, this one too. */
export const useFinishRecovery = () =>
  useMutation({
    mutationFn: () => call<{ recovered: boolean }>({ method: 'POST', url: '/auth/recovery/complete' }),
    onSuccess: () => endSession('recovered'),
  });
