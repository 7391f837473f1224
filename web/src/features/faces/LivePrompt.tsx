import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import type { ChallengeAction, ChallengeStep } from '@/features/faces/api/request-challenge';

const words: Record<ChallengeAction, string> = {
  turn_left: 'Turn your head to your left, then back',
  turn_right: 'Turn your head to your right, then back',
  nod: 'Nod once',
  blink: 'Close your eyes for a second',
  smile: 'Smile',
  approach: 'Come closer, then back',
  light: 'Look at the screen and keep still',
};

interface Props {
  /** Null: between two tasks */
  step: ChallengeStep | null;
}

/** The task of the moment; a light step fills the whole screen with its colour. */
export function LivePrompt({ step }: Props) {
  const text = step === null ? 'Look straight at the camera' : words[step.action];
  const colour = step?.action === 'light' ? step.colour : null;
  const lit = colour !== null;
  return (
    <Box
      data-testid="live-prompt"
      sx={
        lit
          ? { position: 'fixed', inset: 0, zIndex: 'tooltip', display: 'grid', placeContent: 'center', p: 3 }
          : { position: 'absolute', insetInline: 0, top: 0, p: 2, background: 'linear-gradient(rgba(6, 24, 29, .88), transparent)' }
      }
      style={lit ? { backgroundColor: colour } : undefined}
    >
      <Typography
        role="status"
        aria-live="assertive"
        sx={{ textAlign: 'center', fontWeight: 600, fontSize: '1.375rem', ...(lit && { bgcolor: 'rgba(6, 24, 29, .8)', color: '#fff', borderRadius: 2, px: 3, py: 1.5 }) }}
      >
        {text}
      </Typography>
    </Box>
  );
}
