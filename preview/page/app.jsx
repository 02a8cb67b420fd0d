// The page: its head, its views, and what happens to the plugin meanwhile.
import { ThemeContext, createTheme } from '@grafana/data';
import { config } from '@grafana/runtime';
import { Alert, Button, ErrorBoundaryAlert, GlobalStyles, PortalContainer, Spinner } from '@grafana/ui';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { Alerts } from './alerts.jsx';
import { Config } from './config.jsx';
import { Explore, QueryPage } from './pages.jsx';
import { Log } from './log.jsx';
import { useStyles } from './styles.js';

const VIEWS = { config: 'Data source', query: 'Panel', explore: 'Explore', alerts: 'Alert rules', log: 'Log' };
const PAGES = { config: Config, query: QueryPage, explore: Explore, alerts: Alerts, log: Log };

export function App({ preview }) {
  const state = useSyncExternalStore(preview.subscribe, () => preview.state);
  const theme = useMemo(() => createTheme({ colors: { mode: state.theme } }), [state.theme]);
  useEffect(() => {
    config.theme2 = theme;
    document.documentElement.style.colorScheme = state.theme;
  }, [theme, state.theme]);
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PortalContainer />
      <Frame preview={preview} state={state} />
    </ThemeContext.Provider>
  );
}

function Frame({ preview, state }) {
  const styles = useStyles();
  const Page = PAGES[state.page];
  return (
    <div className={styles.app}>
      <Head preview={preview} state={state} />
      <main className={styles.main}>
        <Activity activity={state.activity} />
        {state.problem && <Trouble title={state.problem.message} {...state.problem} />}
        {state.page === 'log' || state.page === 'alerts' || state.datasource ? (
          <ErrorBoundaryAlert
            key={state.page}
            dependencies={[state.module]}
            title="The page failed while it was drawn"
            boundaryName="preview"
          >
            <Page preview={preview} state={state} />
          </ErrorBoundaryAlert>
        ) : (
          !state.problem && <Spinner inline />
        )}
      </main>
    </div>
  );
}

function Head({ preview, state }) {
  const styles = useStyles();
  const { boot, page, theme } = state;
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <header className={styles.head}>
      <h1 className={styles.title}>{boot.plugin.name}</h1>
      <nav aria-label="Views" className={styles.nav}>
        {Object.entries(VIEWS).map(([name, label]) => (
          <a key={name} href={`#/${name}`} aria-current={name === page ? 'page' : undefined} className={styles.link}>
            {label}
          </a>
        ))}
      </nav>
      <span className={styles.note}>
        gfplug preview · @grafana packages {boot.grafana} · not Grafana itself: panels are drawn with @grafana/ui, not with Grafana&apos;s
        own panel plugins
      </span>
      <Button variant="secondary" fill="text" size="sm" onClick={() => preview.setTheme(other)}>
        {`Use the ${other} theme`}
      </Button>
    </header>
  );
}

/** What a save does, and whether the plugin is there. */
function Activity({ activity }) {
  const styles = useStyles();
  if (!activity) {
    return null;
  }
  if (activity.state === 'started') {
    return (
      <div role="status" className={styles.activity}>
        <Spinner inline /> A file was saved: loading it …
      </div>
    );
  }
  const title = activity.state === 'down' ? activity.message : `The saved plugin does not start: ${activity.message}`;
  return <Trouble {...activity} title={title} />;
}

export function Trouble({ title, hint, details, severity = 'error' }) {
  const styles = useStyles();
  const text =
    typeof details === 'object' && details !== null
      ? [details]
          .flat()
          .map((line) => (typeof line === 'string' ? line : JSON.stringify(line, null, 2)))
          .join('\n')
      : details;
  return (
    <Alert severity={severity} title={title ?? ''}>
      {hint && <p>{hint}</p>}
      {text && <pre className={styles.code}>{text}</pre>}
    </Alert>
  );
}
