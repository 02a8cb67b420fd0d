/** Convert tags to numbers; template variables stay the same, and other texts are removed. */
export function numbers(tags: string[]): Array<number | string> {
  return tags.map((tag) => (tag.includes('$') ? tag : Number(tag))).filter((tag) => !Number.isNaN(tag));
}
