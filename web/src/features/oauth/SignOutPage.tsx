import Button from '@mui/material/Button';
import { Navigate } from 'react-router';
import { DecisionFrame } from '@/features/oauth/DecisionFrame';
import { signOut } from '@/lib/http';
import { useSession } from '@/lib/session';

/** Where `/oauth/logout` leads when it cannot tell who asks: the person confirms. */
export function SignOutPage() {
  const session = useSession();
  if (session === null) return <Navigate to="/login" replace />;
  return (
    <DecisionFrame title="Sign out?" lead="An application asks to end your session here.">
      <Button variant="contained" size="large" onClick={signOut}>
        Sign out
      </Button>
    </DecisionFrame>
  );
}
