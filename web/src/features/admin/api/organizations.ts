import { useMutation, useQueryClient } from '@tanstack/react-query';
import { call } from '@/lib/http';
import { pageParams, usePages, type Page } from '@/lib/paging';

export interface Organization {
  organization_id: string;
  slug: string;
  name: string;
  domain: string | null;
  created_at: string;
  suspended_at: string | null;
}

/** An account of an organisation, by what is not sealed. */
export interface Member {
  user_id: string;
  role: string;
  status: string;
  created_at: string;
  last_login_at: string | null;
}

export interface NewAdministrator {
  user_id: string;
  setup_link: string;
  expires_at: string;
}

/** The organisation that is always there, and cannot be suspended. */
export const defaultOrganization = '00000000-0000-7000-8000-000000000001';

export const useOrganizations = () =>
  usePages(['organizations'], (cursor) => call<Page<Organization>>({ url: '/admin/organizations', params: pageParams(cursor, 20) }));

export const usePeople = (id: string) =>
  usePages(['organization-people', id], (cursor) => call<Page<Member>>({ url: `/admin/organizations/${id}/people`, params: pageParams(cursor, 20) }));

function useChange<In, Out>(mutationFn: (input: In) => Promise<Out>, key: string) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => queries.invalidateQueries({ queryKey: [key] }) });
}

export interface OrganizationBody {
  name: string;
  domain?: string;
}

export const useCreateOrganization = () =>
  useChange((data: OrganizationBody & { slug: string }) => call<Organization>({ method: 'POST', url: '/admin/organizations', data }), 'organizations');
export const useChangeOrganization = (id: string) =>
  useChange((data: OrganizationBody) => call<Organization>({ method: 'PUT', url: `/admin/organizations/${id}`, data }), 'organizations');
export const useSuspension = (id: string) =>
  useChange((suspend: boolean) => call<Organization>({ method: 'POST', url: `/admin/organizations/${id}/${suspend ? 'suspend' : 'resume'}` }), 'organizations');
export const useAddAdministrator = (id: string) =>
  useChange(
    (data: { name: string; email: string }) => call<NewAdministrator>({ method: 'POST', url: `/admin/organizations/${id}/administrators`, data }),
    'organization-people',
  );
