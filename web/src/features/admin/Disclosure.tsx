import Box from '@mui/material/Box';
import type { ReactNode, ToggleEvent } from 'react';
import { ChevronIcon } from '@/ui/icons';

/** A row that opens to show the rest; the browser's own details element does the work. */
export function Disclosure({ summary, children, onToggle }: { summary: ReactNode; children: ReactNode; onToggle?: (open: boolean) => void }) {
  return (
    <Box
      component="details"
      onToggle={onToggle && ((event: ToggleEvent<HTMLDetailsElement>) => onToggle(event.currentTarget.open))}
      sx={{ '&[open] > summary > svg': { transform: 'rotate(90deg)' } }}
    >
      <Box
        component="summary"
        sx={{
          display: 'flex',
          alignItems: 'center',
          gap: 1.5,
          px: { xs: 2, sm: 3 },
          py: 1.5,
          cursor: 'pointer',
          listStyle: 'none',
          '&::-webkit-details-marker': { display: 'none' },
          '&:hover': { bgcolor: 'action.hover' },
        }}
      >
        <Box sx={{ flex: 1, minWidth: 0 }}>{summary}</Box>
        <ChevronIcon sx={{ fontSize: 18, color: 'text.disabled', transition: 'transform .15s' }} />
      </Box>
      <Box sx={{ px: { xs: 2, sm: 3 }, pt: 0.5, pb: 2.5 }}>{children}</Box>
    </Box>
  );
}
