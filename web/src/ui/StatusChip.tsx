import Box from '@mui/material/Box';

type Tone = 'good' | 'bad' | 'attention' | 'neutral';

const known: Record<string, [label: string, tone: Tone]> = {
  approved: ['Approved', 'good'],
  rejected: ['Rejected', 'bad'],
  needs_review: ['In review', 'attention'],
  processing: ['Processing', 'neutral'],
  initiated: ['Started', 'neutral'],
  in_progress: ['In progress', 'neutral'],
  active: ['Active', 'good'],
  locked: ['Locked', 'attention'],
  disabled: ['Disabled', 'bad'],
  suspended: ['Suspended', 'bad'],
  revoked: ['Revoked', 'bad'],
  expired: ['Expired', 'attention'],
};

const colours: Record<Tone, { bg: string; fg: string }> = {
  good: { bg: '#e0f2e9', fg: '#14603f' },
  bad: { bg: '#fbe6e4', fg: '#97231b' },
  attention: { bg: '#fdf0d5', fg: '#7a4a00' },
  neutral: { bg: '#e6eef0', fg: '#2f5059' },
};

export function StatusChip({ status }: { status: string }) {
  const [label, tone] = known[status] ?? [status, 'neutral' as const];
  const { bg, fg } = colours[tone];
  return (
    <Box
      component="span"
      sx={{
        display: 'inline-flex',
        alignItems: 'center',
        gap: 0.75,
        px: 1,
        py: 0.25,
        borderRadius: 1,
        bgcolor: bg,
        color: fg,
        fontSize: '0.8125rem',
        fontWeight: 600,
        lineHeight: 1.5,
        whiteSpace: 'nowrap',
        '&::before': { content: '""', width: 6, height: 6, borderRadius: '50%', bgcolor: 'currentColor' },
      }}
    >
      {label}
    </Box>
  );
}
