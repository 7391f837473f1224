import Box from '@mui/material/Box';

const turns = 360;

/** One closed curve of the rosette: a circle of radius 300 whose edge waves `lobes` times. */
function curve(lobes: number, depth: number, shift: number): string {
  let path = '';
  for (let i = 0; i <= turns; i += 1) {
    const angle = (i / turns) * 2 * Math.PI;
    const radius = 300 - depth * (1 + Math.cos(lobes * angle + shift)) - (depth / 3) * Math.sin(2 * lobes * angle - shift);
    const x = 400 + radius * Math.cos(angle);
    const y = 400 + radius * Math.sin(angle);
    path += `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
  }
  return path;
}

const rosette = Array.from({ length: 22 }, (_, i) => curve(9, 14 + i * 4.6, (i * Math.PI) / 11)).join('');

/** The fine-line rosette that passports and bank notes are printed with. */
export function Guilloche({ className }: { className?: string }) {
  return (
    <Box component="svg" viewBox="0 0 800 800" aria-hidden className={className}>
      <path d={rosette} fill="none" stroke="#8fd0c8" strokeWidth="0.7" />
    </Box>
  );
}
