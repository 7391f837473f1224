import Box from '@mui/material/Box';

/** The product's mark: a face's oval with a tick. */
export function BrandMark({ size = 30 }: { size?: number }) {
  return (
    <Box component="svg" viewBox="0 0 32 32" aria-hidden sx={{ width: size, height: size, flexShrink: 0, display: 'block' }}>
      <g fill="none" strokeLinecap="round" strokeLinejoin="round">
        <ellipse cx="16" cy="16" rx="10.5" ry="13.6" stroke="#8fd0c8" strokeWidth="2" />
        <path d="M10.8 16.4l3.9 4 6.7-8.2" stroke="#fff" strokeWidth="2.6" />
      </g>
    </Box>
  );
}

export function BrandName() {
  return (
    <Box component="span" sx={{ display: 'flex', alignItems: 'center', gap: 1.25, color: '#fff' }}>
      <BrandMark />
      <Box component="span" sx={{ fontWeight: 600, fontSize: '1.125rem', letterSpacing: '-0.01em', whiteSpace: 'nowrap' }}>
        F-AI AuthX
      </Box>
    </Box>
  );
}
