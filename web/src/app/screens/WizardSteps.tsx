import Box from '@mui/material/Box';
import { CheckIcon } from '@/ui/icons';

const steps = [
  { name: 'document', label: 'Document' },
  { name: 'face', label: 'Face' },
  { name: 'result', label: 'Result' },
] as const;

/** Where the person is on the way. */
export function WizardSteps({ current }: { current: (typeof steps)[number]['name'] }) {
  const at = steps.findIndex(({ name }) => name === current);
  return (
    <Box component="ol" aria-label="Steps" sx={{ listStyle: 'none', m: 0, p: 0, display: 'grid', gridTemplateColumns: 'repeat(3, 1fr)', gap: { xs: 1, sm: 2 } }}>
      {steps.map(({ name, label }, i) => (
        <Box
          component="li"
          key={name}
          aria-current={i === at ? 'step' : undefined}
          sx={{
            display: 'flex',
            alignItems: 'center',
            gap: { xs: 0.5, sm: 1 },
            pt: 1.25,
            borderTop: 4,
            borderColor: i <= at ? 'primary.main' : 'divider',
            color: i <= at ? 'text.primary' : 'text.secondary',
            fontWeight: i === at ? 600 : 400,
          }}
        >
          <Box component="span" sx={{ fontFamily: 'mono', color: 'primary.main', display: 'inline-flex', minWidth: 18 }}>
            {i < at ? <CheckIcon titleAccess="Done" sx={{ fontSize: 18 }} /> : i + 1}
          </Box>
          {label}
        </Box>
      ))}
    </Box>
  );
}
