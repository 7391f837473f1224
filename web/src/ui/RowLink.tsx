import Box from '@mui/material/Box';
import ButtonBase from '@mui/material/ButtonBase';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { ChevronIcon } from '@/ui/icons';

interface Props {
  to: string;
  icon: ReactNode;
  title: string;
  detail: ReactNode;
  status: ReactNode;
}

/** A row of a list that leads to the thing it names. */
export function RowLink({ to, icon, title, detail, status }: Props) {
  return (
    <ButtonBase
      component={Link}
      to={to}
      sx={{
        width: '100%',
        justifyContent: 'flex-start',
        textAlign: 'left',
        gap: 1.5,
        px: { xs: 2, sm: 3 },
        py: 1.5,
        '&:hover': { bgcolor: 'action.hover' },
      }}
    >
      <Box sx={{ color: 'primary.main', display: 'flex' }}>{icon}</Box>
      <Box
        sx={{
          flex: 1,
          minWidth: 0,
          display: 'flex',
          flexDirection: { xs: 'column', sm: 'row' },
          alignItems: { xs: 'flex-start', sm: 'center' },
          justifyContent: 'space-between',
          gap: { xs: 0.75, sm: 2 },
        }}
      >
        <Box sx={{ minWidth: 0 }}>
          <Typography component="span" sx={{ display: 'block', fontWeight: 600 }}>
            {title}
          </Typography>
          <Typography component="span" variant="body2" color="textSecondary" sx={{ display: 'block', overflowWrap: 'anywhere' }}>
            {detail}
          </Typography>
        </Box>
        {status}
      </Box>
      <ChevronIcon sx={{ fontSize: 18, color: 'text.disabled' }} />
    </ButtonBase>
  );
}
