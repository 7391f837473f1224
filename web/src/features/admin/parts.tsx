import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import type { ReactNode } from 'react';

/** The inside of a panel that is no list. */
export const padded = { p: { xs: 2, sm: 3 }, display: 'grid', gap: 2 };

/** Something said on the left, what can be done about it on the right. */
export function Line({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'space-between', gap: 1.5 }}>
      <Box sx={{ minWidth: 0, overflowWrap: 'anywhere' }}>{children}</Box>
      {action !== undefined && <Box sx={{ display: 'flex', gap: 1, flexWrap: 'wrap' }}>{action}</Box>}
    </Box>
  );
}

/** What is shown once and never again. */
export function ShownOnce({ title, children }: { title: string; children: string }) {
  return (
    <Alert severity="warning" role="status">
      {title} It is shown once; copy it now.
      <Box component="code" sx={{ display: 'block', mt: 0.5, fontFamily: 'mono', overflowWrap: 'anywhere' }}>
        {children}
      </Box>
    </Alert>
  );
}
