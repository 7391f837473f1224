import SvgIcon, { type SvgIconProps } from '@mui/material/SvgIcon';
import type { ReactNode } from 'react';

/** Line icons on a 24-unit grid; the stroke takes the text's colour. */
function icon(name: string, drawing: ReactNode) {
  function Icon(props: SvgIconProps) {
    return (
      <SvgIcon {...props}>
        <g fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round">
          {drawing}
        </g>
      </SvgIcon>
    );
  }
  Icon.displayName = name;
  return Icon;
}

export const CheckIcon = icon('CheckIcon', <path d="M5 12.5l4.5 4.5L19 7.5" />);
export const CrossIcon = icon('CrossIcon', <path d="M6.5 6.5l11 11m0-11l-11 11" />);
export const WarningIcon = icon(
  'WarningIcon',
  <path d="M12 4.2L2.9 19.6h18.2zM12 10v4.2M12 17v.1" />,
);
export const InfoIcon = icon(
  'InfoIcon',
  <>
    <circle cx="12" cy="12" r="8.8" />
    <path d="M12 11.2v5M12 7.8v.1" />
  </>,
);
export const DocumentIcon = icon(
  'DocumentIcon',
  <>
    <rect x="2.8" y="5" width="18.4" height="14" rx="2" />
    <circle cx="8.2" cy="10.6" r="2" />
    <path d="M5.4 15.8c.6-1.7 1.6-2.4 2.8-2.4s2.2.7 2.8 2.4M14 9.6h4.4M14 12.6h4.4M14 15.6h2.4" />
  </>,
);
export const FaceIcon = icon(
  'FaceIcon',
  <>
    <path d="M3.2 8V5.4a2.2 2.2 0 012.2-2.2H8M16 3.2h2.6a2.2 2.2 0 012.2 2.2V8M20.8 16v2.6a2.2 2.2 0 01-2.2 2.2H16M8 20.8H5.4a2.2 2.2 0 01-2.2-2.2V16" />
    <ellipse cx="12" cy="12" rx="4.4" ry="5.6" />
  </>,
);
export const SealIcon = icon(
  'SealIcon',
  <>
    <path d="M12 2.9l2.3 1.7 2.9-.1.8 2.8 2.4 1.6-1 2.7 1 2.7-2.4 1.6-.8 2.8-2.9-.1L12 20.3l-2.3-1.7-2.9.1-.8-2.8-2.4-1.6 1-2.7-1-2.7L6 7.3l.8-2.8 2.9.1z" />
    <path d="M8.7 11.7l2.3 2.3 4.3-4.6" />
  </>,
);
export const CameraOffIcon = icon(
  'CameraOffIcon',
  <>
    <path d="M3.2 3.2l17.6 17.6M8.2 5.2h6.4l1.5 2.3h2.7a2 2 0 012 2v8.3M17.4 18.8H5.2a2 2 0 01-2-2V9.5a2 2 0 012-2h.7" />
    <path d="M14.9 15a3.6 3.6 0 01-5-5" />
  </>,
);
export const UploadIcon = icon('UploadIcon', <path d="M12 15.5V4.5m0 0L7.8 8.7M12 4.5l4.2 4.2M4.5 15v3a2 2 0 002 2h11a2 2 0 002-2v-3" />);
export const MenuIcon = icon('MenuIcon', <path d="M4 7h16M4 12h16M4 17h16" />);
export const ChevronIcon = icon('ChevronIcon', <path d="M9 5.5l6.5 6.5L9 18.5" />);
export const ExpandIcon = icon('ExpandIcon', <path d="M5.5 9l6.5 6.5L18.5 9" />);
export const EyeIcon = icon(
  'EyeIcon',
  <>
    <path d="M2.5 12S6 5.8 12 5.8 21.5 12 21.5 12 18 18.2 12 18.2 2.5 12 2.5 12z" />
    <circle cx="12" cy="12" r="2.8" />
  </>,
);
export const EyeOffIcon = icon(
  'EyeOffIcon',
  <path d="M4 4l16 16M9.6 6.2A9 9 0 0112 5.8c6 0 9.5 6.2 9.5 6.2a16 16 0 01-2.7 3.3M6 7.9A15.5 15.5 0 002.5 12S6 18.2 12 18.2c1.5 0 2.8-.4 4-1M10 10a2.8 2.8 0 004 4" />,
);
export const MailIcon = icon(
  'MailIcon',
  <>
    <rect x="3" y="5.2" width="18" height="13.6" rx="2" />
    <path d="M3.6 7l8.4 6 8.4-6" />
  </>,
);
export const ClockIcon = icon(
  'ClockIcon',
  <>
    <circle cx="12" cy="12" r="8.8" />
    <path d="M12 7v5.2l3.3 2" />
  </>,
);
