import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { Link } from 'react-router';

export function NotFoundScreen() {
  return (
    <Message title="This page does not exist" text="The address may be mistyped, or the page has moved.">
      <Button component={Link} to="/dashboard" variant="contained">
        Go to the dashboard
      </Button>
    </Message>
  );
}

export function BrokenScreen() {
  return (
    <Message title="This page has failed" text="It is not your fault. Reload the page to go on; you will have to sign in again.">
      <Button variant="contained" onClick={() => window.location.reload()}>
        Reload
      </Button>
    </Message>
  );
}

function Message({ title, text, children }: { title: string; text: string; children: React.ReactNode }) {
  return (
    <Box component="main" sx={{ minHeight: '70dvh', display: 'grid', placeContent: 'center', justifyItems: 'start', gap: 2, p: 3, maxWidth: 560, mx: 'auto' }}>
      <title>{`${title} · F-AI AuthX`}</title>
      <Typography variant="h1">{title}</Typography>
      <Typography color="textSecondary">{text}</Typography>
      {children}
    </Box>
  );
}
