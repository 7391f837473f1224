import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { claimText, scopeText } from '@/features/oauth/scopes';

export function ScopeList({ scopes, claims = [] }: { scopes: string[]; claims?: string[] }) {
  return (
    <Box component="ul" sx={{ my: 0, pl: 2.5, display: 'grid', gap: 0.75 }}>
      {[...scopes.map(scopeText), ...claims.map(claimText)].map((text) => (
        <Typography component="li" key={text}>
          {text}
        </Typography>
      ))}
    </Box>
  );
}
