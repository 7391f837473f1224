import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '@/lib/http';

export interface RoleItem {
  name: string;
  description: string;
  permissions: string[];
  /** 1 to 3 */
  needed_aal: number;
  built_in: boolean;
}

export type RoleBody = Pick<RoleItem, 'description' | 'permissions' | 'needed_aal'>;

export const useRoles = () => useQuery({ queryKey: ['roles'], queryFn: () => call<{ items: RoleItem[] }>({ url: '/admin/roles' }) });

function useChange<In>(mutationFn: (input: In) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => queries.invalidateQueries({ queryKey: ['roles'] }) });
}

export const useCreateRole = () => useChange((data: RoleBody & { name: string }) => call({ method: 'POST', url: '/admin/roles', data }));
export const useDeleteRole = () => useChange((name: string) => call({ method: 'DELETE', url: `/admin/roles/${name}` }));

export interface GrantChange {
  user: string;
  role: string;
  give: boolean;
}

export const useGrant = () =>
  useMutation({
    mutationFn: ({ user, role, give }: GrantChange) =>
      call<{ message: string }>({ method: give ? 'PUT' : 'DELETE', url: `/admin/users/${encodeURIComponent(user)}/roles/${encodeURIComponent(role)}` }),
  });
