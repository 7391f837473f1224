import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Divider from '@mui/material/Divider';
import IconButton from '@mui/material/IconButton';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import { useState } from 'react';
import { Link, NavLink, Outlet, useLocation } from 'react-router';
import { signOut } from '@/lib/http';
import { useSession, type Role } from '@/lib/session';
import { BrandName } from '@/ui/Brand';
import { MenuIcon } from '@/ui/icons';

/** `within`: where the place counts as the present one, when that is more than `to`. */
const places: { to: string; label: string; within?: string; roles?: readonly Role[] }[] = [
  { to: '/dashboard', label: 'Dashboard' },
  { to: '/verify', label: 'Verify' },
  { to: '/security', label: 'Security' },
  { to: '/applications', label: 'Applications' },
  { to: '/admin/users', label: 'Administration', within: '/admin/', roles: ['admin'] },
  { to: '/admin/audit', label: 'Audit', roles: ['auditor'] },
];

/** The frame of every page behind the login. */
export function Shell() {
  const session = useSession();
  const { pathname } = useLocation();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const role = session?.user.role ?? 'user';
  const visible = places.filter(({ roles }) => roles === undefined || roles.includes(role));
  const close = () => setAnchor(null);
  return (
    <>
      <Box component="a" href="#content" sx={{ position: 'absolute', left: -9999, '&:focus': { left: 8, top: 8, zIndex: 10, bgcolor: '#fff', p: 1 } }}>
        Skip to the content
      </Box>
      <Box component="header" sx={{ bgcolor: 'ink.main', color: '#fff' }}>
        <Box sx={{ maxWidth: 1080, mx: 'auto', px: { xs: 2, sm: 3 }, minHeight: 60, display: 'flex', alignItems: 'center', gap: 3 }}>
          <Box component={Link} to="/dashboard" sx={{ textDecoration: 'none', borderRadius: 1 }}>
            <BrandName />
          </Box>
          <Box component="nav" aria-label="Main" sx={{ display: { xs: 'none', md: 'flex' }, alignSelf: 'stretch', gap: 0.5 }}>
            {visible.map(({ to, label, within }) => (
              <Box
                key={to}
                component={NavLink}
                to={to}
                className={within !== undefined && pathname.startsWith(within) ? 'active' : undefined}
                sx={{
                  display: 'flex',
                  alignItems: 'center',
                  px: 1.5,
                  color: '#b9d3d3',
                  textDecoration: 'none',
                  fontWeight: 500,
                  boxShadow: 'inset 0 -3px transparent',
                  '&:hover': { color: '#fff' },
                  '&.active': { color: '#fff', boxShadow: 'inset 0 -3px #8fd0c8' },
                }}
              >
                {label}
              </Box>
            ))}
          </Box>
          <Box sx={{ flex: 1 }} />
          <Box sx={{ display: { xs: 'none', md: 'flex' }, alignItems: 'center', gap: 1.5, minWidth: 0 }}>
            <Box component="span" sx={{ color: '#b9d3d3', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', maxWidth: 220 }}>
              {session?.user.name}
            </Box>
            <Button color="inherit" variant="outlined" size="small" onClick={signOut} sx={{ whiteSpace: 'nowrap', borderColor: '#4d7078' }}>
              Sign out
            </Button>
          </Box>
          <IconButton
            color="inherit"
            edge="end"
            aria-label="Menu"
            aria-haspopup="menu"
            onClick={(event) => setAnchor(event.currentTarget)}
            sx={{ display: { md: 'none' } }}
          >
            <MenuIcon />
          </IconButton>
          <Menu anchorEl={anchor} open={anchor !== null} onClose={close} slotProps={{ paper: { sx: { minWidth: 200 } } }}>
            {visible.map(({ to, label }) => (
              <MenuItem key={to} component={NavLink} to={to} onClick={close}>
                {label}
              </MenuItem>
            ))}
            <Divider />
            <MenuItem onClick={signOut}>Sign out</MenuItem>
          </Menu>
        </Box>
      </Box>
      <Box component="main" id="content" tabIndex={-1} sx={{ outline: 'none' }}>
        <Outlet />
      </Box>
    </>
  );
}
