import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { scopeText } from '@/features/oauth/scopes';

export function ScopeList({ scopes }: { scopes: string[] }) {
  return (
    <Box component="ul" sx={{ my: 0, pl: 2.5, display: 'grid', gap: 0.75 }}>
      {scopes.map((scope) => (
        <Typography component="li" key={scope}>
          {scopeText(scope)}
        </Typography>
      ))}
    </Box>
  );
}
