import Box from '@mui/material/Box';

const points = 480;

/** One closed wave around a circle. */
function wave(radius: number, depth: number, lobes: number, shift: number): string {
  let path = '';
  for (let i = 0; i < points; i += 1) {
    const angle = (i / points) * 2 * Math.PI;
    const r = radius + depth * Math.cos(lobes * angle + shift);
    path += `${i === 0 ? 'M' : 'L'}${(400 + r * Math.cos(angle)).toFixed(1)} ${(400 + r * Math.sin(angle)).toFixed(1)}`;
  }
  return `${path}Z`;
}

/** A ring of waves that differ in their shift only, so that they interlace. */
function ring(radius: number, depth: number, lobes: number, waves: number): string {
  return Array.from({ length: waves }, (_, i) => wave(radius, depth, lobes, (2 * Math.PI * i) / waves)).join('');
}

/** Wide, deep waves outside; finer ones inside. */
const rosette = ring(318, 74, 10, 11) + ring(196, 46, 14, 8) + ring(112, 36, 8, 7) + ring(48, 22, 6, 5);

/** The fine-line rosette that passports and bank notes are printed with. */
export function Guilloche({ className }: { className?: string }) {
  return (
    <Box component="svg" viewBox="0 0 800 800" aria-hidden className={className}>
      <path d={rosette} fill="none" stroke="#8fd0c8" strokeWidth="0.8" />
    </Box>
  );
}
