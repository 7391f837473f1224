import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '@/lib/http';
import { pageParams, usePages, type Page } from '@/lib/paging';

/** An application's document, in RFC 7591's names. */
export interface ClientDocument {
  client_name?: string;
  redirect_uris?: string[];
  grant_types?: string[];
  token_endpoint_auth_method?: string;
  jwks_uri?: string;
  scope?: string;
  [name: string]: unknown;
}

export interface Client {
  client_id: string;
  client_secret: string | null;
  first_party: boolean;
  disabled: boolean;
  created_at: string;
  metadata: ClientDocument;
}

export interface SigningKey {
  kid: string;
  algorithm: string;
  created_at: string;
  active_at: string;
  signs: boolean;
}

export const useClients = () => usePages(['clients'], (cursor) => call<Page<Client>>({ url: '/admin/oauth/clients', params: pageParams(cursor, 20) }));
export const useSigningKeys = () =>
  useQuery({ queryKey: ['signing-keys'], queryFn: () => call<{ items: SigningKey[] }>({ url: '/admin/oauth/keys' }), retry: false });

function useChange<In, Out>(mutationFn: (input: In) => Promise<Out>, key = 'clients') {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => queries.invalidateQueries({ queryKey: [key] }) });
}

export const useCreateClient = () => useChange((data: ClientDocument) => call<Client>({ method: 'POST', url: '/admin/oauth/clients', data }));
/** Switches an application off or on; the rest of its document stays. */
export const useSwitch = (client: Client) =>
  useChange((disabled: boolean) =>
    call<Client>({ method: 'PUT', url: `/admin/oauth/clients/${client.client_id}`, data: { ...client.metadata, first_party: client.first_party, disabled } }),
  );
export const useNewSecret = (id: string) => useChange(() => call<Client>({ method: 'POST', url: `/admin/oauth/clients/${id}/secret` }));
export const useDeleteClient = (id: string) => useChange(() => call({ method: 'DELETE', url: `/admin/oauth/clients/${id}` }));
export const useRotation = () =>
  useChange((at_once: boolean) => call({ method: 'POST', url: '/admin/oauth/keys/rotate', data: { at_once } }), 'signing-keys');
