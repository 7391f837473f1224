import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { CheckIcon } from '@/ui/icons';
import { Panel } from '@/ui/Panel';

const advice = [
  'Use the original, not a copy or a screen.',
  'Show all four corners on a plain, darker ground.',
  'Turn it until no reflection covers the text.',
  'Hold still: every letter should be sharp.',
];

export function PictureAdvice() {
  return (
    <Panel title="A good picture">
      <Box component="ul" sx={{ listStyle: 'none', m: 0, px: { xs: 2, sm: 3 }, py: 2, display: 'grid', gap: 1.25 }}>
        {advice.map((line) => (
          <Box component="li" key={line} sx={{ display: 'flex', gap: 1.25 }}>
            <CheckIcon sx={{ fontSize: 20, color: 'primary.main', mt: 0.25 }} />
            <Typography>{line}</Typography>
          </Box>
        ))}
      </Box>
    </Panel>
  );
}
