import { useMutation } from '@tanstack/react-query';
import { call } from '@/lib/http';

export interface RegisterRequest {
  name: string;
  email: string;
  /** Without one, the server emails a link to set it. */
  password?: string;
  phone?: string;
  /** YYYY-MM-DD */
  dob?: string;
  address?: string;
}

export interface RegisterResult {
  user_id: string;
  message: string;
  verification_required: boolean;
}

export function register(data: RegisterRequest): Promise<RegisterResult> {
  return call({ method: 'POST', url: '/auth/register', data });
}

export const useRegister = () => useMutation({ mutationFn: register });
