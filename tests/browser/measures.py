"""What a page in the browser is asked about itself: what leaves its width, which words are cut, and which are too faint."""

WIDEST = "document.documentElement.scrollWidth"
OVERFLOWING = """
[...document.querySelectorAll('body *')].filter(one => {
  const box = one.getBoundingClientRect();
  const isHidden = one.closest('.scroll, .hidden, thead, svg, details:not([open])');
  return !isHidden && box.width > 0 && (box.right > innerWidth + 0.5 || box.left < -0.5);
}).map(one => one.outerHTML.slice(0, 80))
"""
CUT_WORDS = """
[...document.querySelectorAll('svg text')].filter(one => {
  const box = one.getBoundingClientRect(), picture = one.closest('svg').getBoundingClientRect();
  return box.left < picture.left - 12 || box.right > picture.right + 12;
}).map(one => one.textContent)
"""
FAINT = """
(() => {
  const linear = part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const light = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(one => linear(one / 255))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const words = [...document.querySelectorAll('body *')].filter(one => !['title', 'desc'].includes(one.tagName) &&
    [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));
  return words.filter(one => {
    const style = getComputedStyle(one), ink = light(one.closest('svg') ? style.fill : style.color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05) < 4.5;
  }).map(one => one.outerHTML.slice(0, 80));
})()
"""
