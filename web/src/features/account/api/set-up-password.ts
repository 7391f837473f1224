import { useMutation } from '@tanstack/react-query';
import { call } from '@/lib/http';

export interface SetUpPasswordRequest {
  /** From the emailed link */
  token: string;
  password: string;
}

export function setUpPassword(data: SetUpPasswordRequest, reset: boolean): Promise<{ message: string }> {
  return call({ method: 'POST', url: reset ? '/auth/password/reset/confirm' : '/auth/password/setup', data });
}

export const useSetUpPassword = (reset: boolean) => useMutation({ mutationFn: (data: SetUpPasswordRequest) => setUpPassword(data, reset) });
