import { useMutation, useQuery } from '@tanstack/react-query';
import { call } from '@/lib/http';

/** What an application, or a device, asks the visitor for. */
export interface AccessRequest {
  client_id: string;
  client_name: string;
  client_uri: string | null;
  policy_uri: string | null;
  tos_uri: string | null;
  redirect_host: string;
  scopes: string[];
  /** asked for beside the scopes: `email`, `verified:birthdate` */
  claims: string[];
  consent_needed: boolean;
  sign_in_again: boolean;
  /** the assurance level to prove first */
  step_up_to: string | null;
  may_interact: boolean;
}

export const lookAtRequest = (request: string): Promise<AccessRequest> => call({ method: 'POST', url: '/oauth/requests/look', data: { request } });

export const decideRequest = (data: { request: string; approve: boolean }): Promise<{ redirect_to: string }> =>
  call({ method: 'POST', url: '/oauth/requests/decide', data });

export const giveUpRequest = (request: string): Promise<{ redirect_to: string }> =>
  call({ method: 'POST', url: '/oauth/requests/give-up', data: { request } });

export const lookAtDevice = (user_code: string): Promise<AccessRequest> => call({ method: 'POST', url: '/oauth/devices/look', data: { user_code } });

export const decideDevice = (data: { user_code: string; approve: boolean }): Promise<{ message: string }> =>
  call({ method: 'POST', url: '/oauth/devices/decide', data });

export const useAccessRequest = (request: string, enabled: boolean) =>
  useQuery({ queryKey: ['oauth-request', request], queryFn: () => lookAtRequest(request), enabled, retry: false });

export const useDecision = () => useMutation({ mutationFn: decideRequest });
export const useGivingUp = () => useMutation({ mutationFn: giveUpRequest });
export const useDeviceRequest = () => useMutation({ mutationFn: lookAtDevice });
export const useDeviceDecision = () => useMutation({ mutationFn: decideDevice });
