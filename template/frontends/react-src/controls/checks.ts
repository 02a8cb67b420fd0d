// Checks values in the editor, as Python does. src/plugin/datasource.py has the same bounds, which also apply to alert rules.

export interface Choice<Value> {
  value: Value;
  label: string;
}

export interface Bounds {
  required?: boolean;
  number?: boolean;
  whole?: boolean;
  min?: number;
  max?: number;
  pattern?: string;
  choices?: Array<Choice<string | number>>;
}

export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** Tell whether a saved query has an empty field. If it lacks the field, it may be from an older version. */
export function isEmptied(value: unknown): boolean {
  return value !== undefined && isEmpty(value);
}

/** Describe what is wrong with a value, or with the first wrong item of a list; undefined if it is valid. */
export function problem(label: string, value: unknown, bounds: Bounds): string | undefined {
  if (isEmpty(value)) {
    return bounds.required ? `${label} is required` : undefined;
  }
  const items = Array.isArray(value) ? value : [value];
  const wrong = items.map((item) => (isEmpty(item) ? undefined : complaint(item, bounds))).find(Boolean);
  return wrong && `${label} must ${wrong}`;
}

function complaint(value: unknown, { number, whole, min, max, pattern, choices }: Bounds): string | undefined {
  if (/\$\{?\w|\[\[\w/.test(String(value))) {
    return undefined; // Grafana replaces its variables later
  }
  if (number) {
    if (typeof value !== 'number') {
      return 'be a number';
    }
    if (whole && !Number.isInteger(value)) {
      return 'be a whole number';
    }
    return value < (min ?? value) ? `be at least ${min}` : value > (max ?? value) ? `be at most ${max}` : undefined;
  }
  if (choices) {
    const isChoice = choices.some((choice) => String(choice.value) === String(value));
    return isChoice ? undefined : `be one of ${choices.map((choice) => choice.label).join(', ')}`;
  }
  return pattern && !matches(pattern, String(value)) ? `match ${pattern}` : undefined;
}

/** Match the whole text, as Python does. If the text is long, or only Python supports the pattern, only Python checks it. */
function matches(pattern: string, text: string): boolean {
  try {
    return text.length > 1000 || new RegExp(`^(?:${pattern})$`, 'u').test(text);
  } catch {
    return true;
  }
}
