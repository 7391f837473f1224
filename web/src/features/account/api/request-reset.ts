import { useMutation } from '@tanstack/react-query';
import { call } from '@/lib/http';

export function requestReset(email: string): Promise<{ message: string }> {
  return call({ method: 'POST', url: '/auth/password/reset', data: { email } });
}

export const useRequestReset = () => useMutation({ mutationFn: requestReset });
