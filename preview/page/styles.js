// The styles of the page's own elements, in the theme's colours and distances.
import { css } from '@emotion/css';
import { useStyles2 } from '@grafana/ui';

/** In pixels. The height does not depend on the answer: a run never moves the buttons below the panel. */
export const PANEL_HEIGHT = 320;

const sheet = (theme) => ({
  app: css({ minHeight: '100vh', background: theme.colors.background.canvas, color: theme.colors.text.primary }),
  head: css({
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: theme.spacing(1, 2),
    padding: theme.spacing(1, 2),
    background: theme.colors.background.primary,
    borderBottom: `1px solid ${theme.colors.border.weak}`,
  }),
  title: css({ ...theme.typography.h4, margin: 0 }),
  nav: css({ display: 'flex', gap: theme.spacing(1) }),
  link: css({
    padding: theme.spacing(0.5, 1),
    color: theme.colors.text.primary,
    borderBottom: '2px solid transparent',
    '&[aria-current]': { borderBottomColor: theme.colors.primary.main },
    '&:hover': { textDecoration: 'underline' },
  }),
  note: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, marginLeft: 'auto' }),
  main: css({ padding: theme.spacing(2), maxWidth: 1600, margin: '0 auto' }),
  bar: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1), marginBottom: theme.spacing(1) }),
  right: css({ display: 'flex', gap: theme.spacing(1), marginLeft: 'auto' }),
  box: css({
    background: theme.colors.background.primary,
    border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: theme.shape.radius?.default ?? 2,
    marginBottom: theme.spacing(2),
    padding: theme.spacing(1.5),
  }),
  boxHead: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1), marginBottom: theme.spacing(1) }),
  panelBody: css({ height: PANEL_HEIGHT, overflow: 'auto', scrollbarGutter: 'stable' }),
  complaints: css({ display: 'flow-root' }),
  rowError: css({
    flex: '1 1 0',
    minWidth: 0,
    margin: 0,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    color: theme.colors.error.text,
  }),
  activity: css({
    position: 'fixed',
    right: theme.spacing(2),
    bottom: theme.spacing(2),
    zIndex: theme.zIndex.portal,
    padding: theme.spacing(1),
    background: theme.colors.background.secondary,
    border: `1px solid ${theme.colors.border.medium}`,
  }),
  heading: css({ ...theme.typography.h5, margin: 0 }),
  muted: css({ color: theme.colors.text.secondary }),
  code: css({
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: theme.typography.bodySmall.fontSize,
    maxHeight: 400,
    overflow: 'auto',
    margin: 0,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    color: theme.colors.text.primary,
    background: theme.colors.background.canvas,
  }),
  labelled: css({ display: 'inline-flex', alignItems: 'center', gap: theme.spacing(0.5) }),
  label: css({ ...theme.typography.bodySmall, fontWeight: theme.typography.fontWeightMedium, marginRight: theme.spacing(0.5) }),
  grid: css({
    width: '100%',
    borderCollapse: 'collapse',
    'th, td': {
      textAlign: 'left',
      verticalAlign: 'top',
      padding: theme.spacing(0.5, 1),
      borderBottom: `1px solid ${theme.colors.border.weak}`,
    },
    td: { overflowWrap: 'anywhere' },
  }),
  lines: css({
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: theme.typography.bodySmall.fontSize,
    overflow: 'auto',
    margin: 0,
    padding: 0,
    listStyle: 'none',
  }),
  line: css({
    display: 'flex',
    gap: theme.spacing(1),
    padding: theme.spacing(0.25, 0),
    borderBottom: `1px solid ${theme.colors.border.weak}`,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  }),
  time: css({ color: theme.colors.text.secondary, whiteSpace: 'nowrap' }),
  level: css({ width: '5em', flexShrink: 0 }),
  levels: {
    error: css({ color: theme.colors.error.text }),
    critical: css({ color: theme.colors.error.text }),
    warn: css({ color: theme.colors.warning.text }),
    warning: css({ color: theme.colors.warning.text }),
  },
  cards: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1) }),
});

export const useStyles = () => useStyles2(sheet);
