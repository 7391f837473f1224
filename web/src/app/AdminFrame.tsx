import Box from '@mui/material/Box';
import { NavLink, Outlet } from 'react-router';
import { useSession, type Role } from '@/lib/session';

const places: { to: string; label: string; roles: readonly Role[] }[] = [
  { to: '/admin/users', label: 'Users', roles: ['admin'] },
  { to: '/admin/organizations', label: 'Organisations', roles: ['admin'] },
  { to: '/admin/roles', label: 'Roles', roles: ['admin'] },
  { to: '/admin/clients', label: 'Clients', roles: ['admin'] },
  { to: '/admin/keys', label: 'API keys', roles: ['admin'] },
  { to: '/admin/outbox', label: 'Outbox', roles: ['admin'] },
  { to: '/admin/audit', label: 'Audit', roles: ['admin', 'auditor'] },
];

/** The way between the pages of administration. */
export function AdminFrame() {
  const role = useSession()?.user.role ?? 'user';
  const visible = places.filter(({ roles }) => roles.includes(role));
  return (
    <>
      {visible.length > 1 && (
        <Box component="nav" aria-label="Administration" sx={{ borderBottom: 1, borderColor: 'divider', bgcolor: 'background.paper' }}>
          <Box sx={{ maxWidth: 1080, mx: 'auto', px: { xs: 1, sm: 2 }, display: 'flex', overflowX: 'auto' }}>
            {visible.map(({ to, label }) => (
              <Box
                key={to}
                component={NavLink}
                to={to}
                sx={{
                  px: 1.5,
                  py: 1.25,
                  color: 'text.secondary',
                  textDecoration: 'none',
                  whiteSpace: 'nowrap',
                  fontWeight: 500,
                  boxShadow: 'inset 0 -2px transparent',
                  '&:hover': { color: 'text.primary' },
                  '&.active': { color: 'text.primary', boxShadow: 'inset 0 -2px currentColor' },
                }}
              >
                {label}
              </Box>
            ))}
          </Box>
        </Box>
      )}
      <Outlet />
    </>
  );
}
