import { alpha, createTheme } from '@mui/material/styles';

declare module '@mui/material/styles' {
  interface Palette {
    /** The dark ground of headers and of the camera */
    ink: { main: string };
    line: { strong: string };
  }
  interface PaletteOptions {
    ink: { main: string };
    line: { strong: string };
  }
  interface PaletteColor {
    /** A pale ground for text of this colour */
    soft?: string;
  }
  interface SimplePaletteColorOptions {
    soft?: string;
  }
}

const sans = "'IBM Plex Sans Variable', system-ui, 'Segoe UI', sans-serif";
const mono = "'IBM Plex Mono', ui-monospace, monospace";

const base = createTheme({
  palette: {
    background: { default: '#f3f6f6', paper: '#ffffff' },
    ink: { main: '#0d2b33' },
    line: { strong: '#9db4b6' },
    primary: { main: '#0b5f66', dark: '#084a50', light: '#5fb3ab', contrastText: '#fff', soft: '#e2f0ef' },
    success: { main: '#1d7a50', dark: '#14603f', soft: '#e0f2e9' },
    warning: { main: '#c27803', dark: '#7a4a00', soft: '#fdf0d5' },
    error: { main: '#b3261e', dark: '#97231b', soft: '#fbe6e4' },
    info: { main: '#2b6077', dark: '#1d4a5e', soft: '#e3eef3' },
    text: { primary: '#14282d', secondary: '#4c6166', disabled: '#8aa0a4' },
    divider: '#dbe4e5',
    action: { hover: 'rgba(11, 95, 102, 0.05)' },
  },
  shape: { borderRadius: 6 },
  typography: {
    fontFamily: sans,
    button: { textTransform: 'none', fontWeight: 600 },
    h1: { fontSize: 'clamp(1.625rem, 1.3rem + 1.3vw, 2.125rem)', fontWeight: 600, lineHeight: 1.18, letterSpacing: '-0.02em' },
    h2: { fontSize: '1.5rem', fontWeight: 600, lineHeight: 1.25, letterSpacing: '-0.015em' },
    h3: { fontSize: '1.0625rem', fontWeight: 600, lineHeight: 1.35 },
  },
});

const tints = ['error', 'warning', 'info', 'success'] as const;
const alertColours = Object.fromEntries(
  tints.map((tint) => [
    `&.MuiAlert-color${tint.charAt(0).toUpperCase()}${tint.slice(1)}`,
    { backgroundColor: base.palette[tint].soft, borderColor: alpha(base.palette[tint].main, 0.35) },
  ]),
);

const focusRing = { outline: `3px solid ${base.palette.primary.light}`, outlineOffset: 2 };

export const theme = createTheme(base, {
  // Read by sx={{ fontFamily: 'mono' }}
  typography: { mono },
  components: {
    MuiCssBaseline: {
      styleOverrides: {
        'a:focus-visible, summary:focus-visible': focusRing,
        '@media (prefers-reduced-motion: reduce)': {
          '*, *::before, *::after': { transitionDuration: '0.01ms !important', scrollBehavior: 'auto !important' },
        },
      },
    },
    MuiButtonBase: {
      defaultProps: { disableRipple: true },
      styleOverrides: { root: { '&.Mui-focusVisible': focusRing } },
    },
    MuiButton: {
      defaultProps: { disableElevation: true },
      styleOverrides: {
        sizeLarge: { paddingBlock: 11, fontSize: '1rem' },
        // Busy, not forbidden: a loading button keeps its colour.
        contained: {
          '&.MuiButton-loading.Mui-disabled': { backgroundColor: base.palette.primary.soft, color: base.palette.primary.dark },
          '& .MuiButton-loadingIndicator': { color: base.palette.primary.dark },
        },
      },
    },
    MuiTextField: { defaultProps: { fullWidth: true } },
    MuiOutlinedInput: {
      styleOverrides: {
        root: { backgroundColor: '#fff' },
        notchedOutline: { borderColor: base.palette.line.strong },
      },
    },
    MuiFormHelperText: { styleOverrides: { root: { marginInline: 4 } } },
    MuiLinearProgress: { styleOverrides: { root: { height: 6, borderRadius: 3, backgroundColor: '#d3e2e2' } } },
    MuiAlert: {
      styleOverrides: {
        root: { color: base.palette.text.primary, border: '1px solid', alignItems: 'flex-start', ...alertColours },
        message: { minWidth: 0 },
      },
    },
    MuiAlertTitle: { styleOverrides: { root: { fontSize: '1rem', lineHeight: 1.45 } } },
    MuiLink: { defaultProps: { underline: 'always' } },
  },
});
