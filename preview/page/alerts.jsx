// The provisioned alert rules, and what they would do now.
import { Badge, Button } from '@grafana/ui';
import { Trouble } from './app.jsx';
import { rehearse } from './changes.js';
import { useStyles } from './styles.js';

const COLOURS = { ALERTING: 'red', ERROR: 'red', NORMAL: 'green', NO_DATA: 'orange' };
const labelsOf = (labels = {}) =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ') || 'no labels';

export function Alerts({ preview, state }) {
  const styles = useStyles();
  const { alerts, isRehearsing, boot } = state;
  const rules = boot.rules ?? [];
  const judged = new Map((alerts?.rules ?? []).map((rule) => [rule.rule, rule]));
  const titles = [...new Set([...rules.map(({ title }) => title), ...judged.keys()])];
  return (
    <section aria-label="Alert rules" className={styles.box}>
      <div className={styles.bar}>
        <h2 className={styles.heading}>Alert rules</h2>
        <Button variant="secondary" size="sm" icon="sync" disabled={isRehearsing} onClick={() => rehearse(preview)}>
          Evaluate now
        </Button>
        <span className={styles.muted} role="status">
          {isRehearsing ? 'Evaluating …' : alerts?.at ? `As of ${new Date(alerts.at).toLocaleTimeString()}. Nobody is notified.` : ''}
        </span>
      </div>
      {alerts?.problem && <Trouble title={alerts.problem.message} hint={alerts.problem.hint} />}
      {titles.length === 0 && <p>No alert rule for this data source is provisioned: see provisioning/alerting.</p>}
      {titles.map((title) => (
        <Rule key={title} title={title} rule={judged.get(title)} given={rules.filter((each) => each.title === title)} />
      ))}
    </section>
  );
}

function Rule({ title, rule, given }) {
  const styles = useStyles();
  return (
    <article aria-label={title} className={styles.box}>
      <div className={styles.boxHead}>
        <h3 className={styles.heading}>{title}</h3>
        {rule && <StateOfRule {...rule} />}
      </div>
      {given.map((query) => (
        <p key={query.refId} className={styles.muted}>
          {sentenceOf(query)}
        </p>
      ))}
      {(rule?.error ?? rule?.mistake) && (
        <Trouble title={[rule.error, rule.mistake].filter(Boolean).map(textOf).join(': ')} hint={rule.hint} />
      )}
      {rule?.warnings?.map((warning, index) => (
        <Trouble key={index} severity="warning" title={textOf(warning)} />
      ))}
      {rule?.instances?.length > 0 && (
        <table className={styles.grid}>
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Labels</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {rule.instances.map((instance, index) => (
              <tr key={index}>
                <td>
                  <Badge color={COLOURS[instance.state] ?? 'blue'} text={String(instance.state)} />
                </td>
                <td>{labelsOf(instance.labels)}</td>
                <td>{instance.value === null || instance.value === undefined ? 'none' : textOf(instance.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {rule && !rule.error && !rule.mistake && !(rule.instances?.length > 0) && <p>The rule has no instance now.</p>}
    </article>
  );
}

/** A rule's state in Grafana's words. */
function StateOfRule({ error, mistake, instances = [] }) {
  if (error || mistake) {
    return <Badge color="red" text="Error" />;
  }
  const isFiring = instances.some(({ state }) => state === 'ALERTING');
  return <Badge color={isFiring ? 'red' : 'green'} text={isFiring ? 'Firing' : 'Normal'} />;
}

const OPERATORS = {
  eq: 'equal to',
  gt: 'above',
  gte: 'at least',
  lt: 'below',
  lte: 'at most',
  ne: 'other than',
  within_range: 'between',
  outside_range: 'not between',
};

/** Say what a rule asks, and when it fires. */
function sentenceOf({ refId, from, to, condition }) {
  const { reducer, operator, bounds } = condition ?? {};
  const fires = operator
    ? `; fires when ${reducer ? `its ${reducer} ` : 'it '}is ${OPERATORS[operator] ?? operator} ${[bounds ?? []].flat().join(' and ')}`
    : '';
  return `Query ${refId}, from ${from} s to ${to} s before now${fires}`;
}

const textOf = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
