import { useMutation } from '@tanstack/react-query';
import { call } from '@/lib/http';

export function confirmEmail(token: string, change: boolean): Promise<{ message: string }> {
  return call({ method: 'POST', url: change ? '/auth/email/change/confirm' : '/auth/email/verify', data: { token } });
}

export const useConfirmEmail = (change: boolean) => useMutation({ mutationFn: (token: string) => confirmEmail(token, change) });
