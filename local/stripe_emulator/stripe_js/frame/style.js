// The page's style options as rules of this frame's own style sheet.

const PROPERTIES = new Set([
  "backgroundColor", "color", "fontFamily", "fontSize", "fontSmoothing", "fontStyle", "fontVariant",
  "fontWeight", "letterSpacing", "lineHeight", "padding", "textAlign", "textDecoration",
  "textShadow", "textTransform",
]);
const PSEUDO = new Set([
  ":hover", ":focus", "::placeholder", "::selection", ":-webkit-autofill", ":disabled",
]);
const SELECTORS = { base: "input", complete: "input.complete", empty: "input.empty", invalid: "input.invalid" };

const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];

export function applyStyle(style = {}) {
  sheet.replaceSync("");
  for (const [variant, selector] of Object.entries(SELECTORS)) {
    const { iconColor, ...given } = style[variant] ?? {};
    addRule(selector, given);
    for (const pseudo of PSEUDO) if (given[pseudo]) addRule(selector + pseudo, given[pseudo]);
    if (iconColor && variant === "base") addRule(".icon", { color: iconColor });
  }
}

function addRule(selector, given) {
  const rule = sheet.cssRules[sheet.insertRule(`${selector} {}`, sheet.cssRules.length)];
  for (const [name, value] of Object.entries(given)) {
    if (PROPERTIES.has(name)) rule.style[name] = String(value);
  }
}
