import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  lead?: ReactNode;
  action?: ReactNode;
  /** The page's widest measure */
  width?: number;
  children: ReactNode;
}

/** The body of a signed-in page. */
export function Screen({ title, lead, action, width = 1080, children }: Props) {
  return (
    <Box sx={{ maxWidth: width, mx: 'auto', px: { xs: 2, sm: 3 }, py: { xs: 3, sm: 5 } }}>
      <title>{`${title} · F-AI AuthX`}</title>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'flex-end', justifyContent: 'space-between', gap: 2, mb: { xs: 2.5, sm: 3.5 } }}>
        <Box sx={{ minWidth: 0 }}>
          <Typography variant="h1">{title}</Typography>
          {lead !== undefined && (
            <Typography color="textSecondary" sx={{ mt: 0.75, maxWidth: '62ch' }}>
              {lead}
            </Typography>
          )}
        </Box>
        {action}
      </Box>
      {children}
    </Box>
  );
}
