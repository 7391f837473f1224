import Typography from '@mui/material/Typography';
import { Navigate, Outlet, useLocation } from 'react-router';
import { useSession, type Role } from '@/lib/session';
import { Screen } from '@/ui/Screen';

/** Sends visitors without a session to the login page, and back afterwards. */
export function RequireSession() {
  const session = useSession();
  const { pathname } = useLocation();
  return session === null ? <Navigate to="/login" state={{ from: pathname }} replace /> : <Outlet />;
}

/** Spares people a page the server would refuse them; the server is what refuses. */
export function RequireRole({ roles }: { roles: readonly Role[] }) {
  const session = useSession();
  if (session !== null && roles.includes(session.user.role)) return <Outlet />;
  return (
    <Screen title="No access">
      <Typography>Your account may not open this page.</Typography>
    </Screen>
  );
}
