/** Numbers from tags; template variables stay as they are, and what is neither is left out. */
export function numbers(tags: string[]): Array<number | string> {
  return tags.map((tag) => (tag.includes('$') ? tag : Number(tag))).filter((tag) => !Number.isNaN(tag));
}
