import type { Page } from 'playwright-core';

/**
 * What a keyboard or a screen reader would stumble over, as sentences: text with a contrast below 4.5 to 1 (WCAG 1.4.3), controls
 * without a name, ids used twice, headings that skip a level, a page without language, title or one main landmark, and
 * content wider than the window (WCAG 1.4.10).
 */
export function obstacles(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const numbers = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = (color: string): number => {
      const [red = 0, green = 0, blue = 0] = numbers(color).map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const paperOf = (element: Element | null): string => {
      for (let at = element; at !== null; at = at.parentElement) {
        const color = getComputedStyle(at).backgroundColor;
        if (numbers(color)[3] !== 0) return color;
      }
      return 'rgb(255, 255, 255)';
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (element === null || (node.textContent ?? '').trim() === '' || element.closest(':disabled') !== null) continue;
      if (!element.checkVisibility()) continue;
      const [ink, paper] = [luminance(getComputedStyle(element).color), luminance(paperOf(element))];
      const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
      if (contrast < 4.5) found.push(`contrast ${contrast.toFixed(2)}: ${node.textContent}`);
    }
    for (const control of document.querySelectorAll('button, a, input, summary')) {
      const labels = control instanceof HTMLInputElement ? (control.labels ?? []) : [control];
      const named = [...labels].some((label) => (label.textContent ?? '').trim() !== '');
      if (!named) found.push(`no name: ${control.outerHTML}`);
    }
    for (const labelled of document.querySelectorAll('[aria-labelledby]')) {
      const id = labelled.getAttribute('aria-labelledby') ?? '';
      if (document.getElementById(id) === null) found.push(`labelled by nothing: ${id}`);
    }
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`id used twice: ${id}`);
    let level = 0;
    for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
      const next = Number(heading.tagName.slice(1));
      if (next > level + 1) found.push(`heading skips a level: ${heading.textContent}`);
      level = next;
    }
    if (document.documentElement.lang === '') found.push('the page has no language');
    if (document.title === '') found.push('the page has no title');
    if (document.querySelectorAll('main').length !== 1) found.push('there is not one main landmark');
    const wider = document.documentElement.scrollWidth - window.innerWidth;
    if (wider > 0) found.push(`${wider} px wider than the window`);
    return found;
  });
}
