import { useMutation } from '@tanstack/react-query';
import { call } from '@/lib/http';

export function confirmEmail(token: string): Promise<{ message: string }> {
  return call({ method: 'POST', url: '/auth/email/verify', data: { token } });
}

export const useConfirmEmail = () => useMutation({ mutationFn: confirmEmail });
