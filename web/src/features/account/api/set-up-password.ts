import { useMutation } from '@tanstack/react-query';
import { call } from '@/lib/http';

export interface SetUpPasswordRequest {
  /** From the emailed link */
  token: string;
  password: string;
}

export function setUpPassword(data: SetUpPasswordRequest): Promise<{ message: string }> {
  return call({ method: 'POST', url: '/auth/password/setup', data });
}

export const useSetUpPassword = () => useMutation({ mutationFn: setUpPassword });
