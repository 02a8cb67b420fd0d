// @ts-check
// One form control per kind of field. React.createElement instead of JSX: the same file runs on React 18 and 19.
const React = require('react');
const ui = require('@grafana/ui');
const { emptied } = require('./fields');

/** @typedef {import('./types').ControlProps} ControlProps */

const h = React.createElement;

/** Keeps the typed text until the user leaves the field: "-" and "1e" are not numbers yet. @param {any} props */
function NumberInput({ value, onNumber, onCommit, ...rest }) {
  const [draft, setDraft] = React.useState(/** @type {string | undefined} */ (undefined));
  return h(ui.Input, {
    ...rest,
    type: 'number',
    value: draft ?? value ?? '',
    onChange: (/** @type {React.ChangeEvent<HTMLInputElement>} */ event) => {
      const number = Number.parseFloat(event.currentTarget.value);
      setDraft(event.currentTarget.value);
      onNumber(Number.isFinite(number) ? number : undefined);
    },
    onBlur: () => {
      setDraft(undefined);
      onCommit();
    },
    onKeyDown: (/** @type {React.KeyboardEvent} */ event) => event.key === 'Enter' && onCommit(),
  });
}

/** Convert texts to numbers; template variables stay texts. @param {string[]} tags */
function numbers(tags) {
  return tags.map((tag) => (tag.includes('$') ? tag : Number(tag))).filter((tag) => !Number.isNaN(tag));
}

/** @param {ControlProps} props */
function Control({ field, id, value, onChange, onCommit, width, disabled, invalid, loading, secret }) {
  const options = field.options ?? [];
  const choices = { options, loading, createCustomValue: Boolean(field.from) };
  const pick = (/** @type {unknown} */ picked) => {
    onChange(picked);
    onCommit();
  };
  /** @type {any} */
  const common = { id, 'data-testid': id, 'aria-label': field.label, placeholder: field.placeholder, disabled, invalid, width };
  const text = {
    ...common,
    value: value ?? '',
    onChange: (/** @type {any} */ event) => onChange(event.currentTarget.value || emptied(field)),
    onBlur: onCommit,
    onKeyDown: (/** @type {any} */ event) => event.key === 'Enter' && event.target.tagName === 'INPUT' && onCommit(),
  };
  switch (field.kind) {
    case 'boolean':
      return h(ui.InlineSwitch, {
        ...common,
        value: Boolean(value),
        onChange: (/** @type {any} */ event) => pick(event.currentTarget.checked),
      });
    case 'number':
      return h(NumberInput, {
        ...common,
        value,
        min: field.min,
        max: field.max,
        step: field.integer ? 1 : 'any',
        onNumber: (/** @type {number | undefined} */ number) => onChange(number ?? emptied(field)),
        onCommit,
      });
    case 'text':
      return h(ui.TextArea, { ...text, rows: field.rows ?? 4 });
    case 'code':
      return h(ui.CodeEditor, {
        value: value ?? '',
        language: field.language ?? 'plaintext',
        height: (field.rows ?? 8) * 20,
        width: '100%',
        showMiniMap: false,
        showLineNumbers: true,
        readOnly: disabled,
        getSuggestions: field.from
          ? () => options.map(({ label, value, description }) => ({ label, insertText: String(value), detail: description }))
          : undefined,
        onBlur: pick,
        onSave: pick,
      });
    case 'select':
      return field.radio
        ? h(ui.RadioButtonGroup, { id, 'aria-label': field.label, disabled, value, options, onChange: pick })
        : h(ui.Combobox, {
            ...common,
            ...choices,
            value: value === '' ? null : value ?? null,
            isClearable: Boolean(field.nullable || field.from),
            onChange: (/** @type {any} */ choice) => pick(choice ? choice.value : emptied(field)),
          });
    case 'multi':
      return h(ui.MultiCombobox, {
        ...common,
        ...choices,
        value: value ?? [],
        isClearable: true,
        onChange: (/** @type {any[]} */ choices) => pick(choices.map((choice) => choice.value)),
      });
    case 'tags':
      return h(ui.TagsInput, {
        ...common,
        tags: (value ?? []).map(String),
        onChange: (/** @type {string[]} */ tags) => pick(field.numeric ? numbers(tags) : tags),
      });
    case 'secret':
      return h(ui.SecretInput, { ...text, ...secret, autoComplete: 'new-password' });
    case 'secretText':
      return h(ui.SecretTextArea, { ...text, ...secret, rows: field.rows ?? 6, cols: 50 });
    default:
      return h(ui.Input, { ...text, type: 'text' });
  }
}

module.exports = { Control };
