// Every image URL that the browser's own DOM and style engine know of on this page. Nothing here parses HTML, srcset or
// CSS: candidates are what the browser picks at one size after another, and style sheets are asked rule by rule.
(async (ratio) => {
  const urls = {};
  // Whether the browser asks for http images over https here, as a page's policy can make it.
  const secure = (url) => url.replace(/^http:/, "https:");
  const upgrading = [...document.images].some(({ src, currentSrc }) => currentSrc !== src && currentSrc === secure(src));
  const add = (url, where) => {
    try {
      const absolute = new URL(url, document.baseURI);
      absolute.hash = "";
      if (upgrading && absolute.protocol === "http:" && absolute.host !== location.host) absolute.protocol = "https:";
      if (url && !String(url).startsWith("#")) urls[absolute.href] ??= where;
    } catch {}
  };
  // Scripts may run, only the page has none, so the browser keeps what noscript holds as text: it is asked to parse it.
  const fallbacks = [...document.querySelectorAll("noscript")]
    .map((element) => new DOMParser().parseFromString(element.textContent, "text/html"));
  const all = (selector) => [document, ...fallbacks].flatMap((root) => [...root.querySelectorAll(selector)]);
  const written = (element, name) => element.getAttribute(name)?.trim();

  // The candidate that the browser picks, told by an image that fails to load.
  const picked = (srcset, sizes) => new Promise((resolve) => {
    const image = new Image();
    image.onload = image.onerror = () => resolve(image.currentSrc);
    if (sizes) image.sizes = sizes;
    image.srcset = srcset;
    if (!/\S/.test(srcset.replaceAll(",", ""))) resolve("");
    setTimeout(() => resolve(image.currentSrc), 5000);
  });
  const lists = new Set();
  for (const element of all("img[srcset], source[srcset]")) lists.add(element.srcset);
  for (const element of all("link[imagesrcset]")) lists.add(element.imageSrcset);
  const jobs = [];
  for (const list of lists) {
    const widths = new Set([...list.matchAll(/(\d+)w/g)].map((match) => match[1]));
    for (const width of widths) jobs.push(picked(list, `${width / ratio}px`).then((url) => add(url, "srcset")));
    jobs.push(picked(list, "").then((url) => add(url, "srcset")));
  }
  await Promise.all(jobs);
  const ratios = new Set([...lists].flatMap((list) => [...list.matchAll(/(\d+(\.\d+)?)x/g)].map((match) => match[1])));

  for (const element of all("img")) {
    if (written(element, "src")) add(written(element, "src"), "img");
    if (element.currentSrc) add(element.currentSrc, "img currentSrc");
  }
  for (const element of all("input[type=image]")) if (written(element, "src")) add(written(element, "src"), "input");
  for (const element of all("video")) if (written(element, "poster")) add(written(element, "poster"), "poster");
  for (const element of all("svg image, svg use, svg feImage")) add(element.href.baseVal, "svg");
  for (const element of all("[background]")) add(written(element, "background"), "background");
  for (const element of all("link")) {
    const icon = ["icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon", "image_src"];
    const preload = element.relList.contains("preload") && element.as === "image";
    if (written(element, "href") && (preload || icon.some((rel) => element.matches(`[rel~='${rel}' i]`)))) add(written(element, "href"), "link");
  }
  const previews = "[property='og:image' i], [property='og:image:url' i], [property='og:image:secure_url' i], " +
    "[name='twitter:image' i], [property='twitter:image' i], [name='twitter:image:src' i], [name='og:image' i], " +
    "[name='msapplication-TileImage' i], [itemprop='image' i]";
  for (const element of all(previews)) if (element.localName === "meta") add(written(element, "content"), "meta");
  for (const element of all("object[data], embed[src]")) {
    const url = written(element, "data") ?? written(element, "src");
    if (element.type.startsWith("image/")) add(url, element.localName);
  }

  // Serialised by the browser, an address is always url("…").
  const addresses = (text, where) => {
    for (const match of text.matchAll(/url\("((?:[^"\\]|\\.)*)"\)/g)) add(match[1].replace(/\\(.)/g, "$1"), where);
  };
  const properties = ["background-image", "list-style-image", "border-image-source", "mask-image", "content", "cursor"];
  for (const element of document.querySelectorAll("*")) {
    for (const part of [null, "::before", "::after"]) {
      const style = getComputedStyle(element, part);
      for (const property of properties) {
        const value = style.getPropertyValue(property);
        if (value.includes("url(")) addresses(value, `computed ${property}`);
      }
    }
    if (element.style?.cssText?.includes("url(")) addresses(element.style.cssText, "style");
  }
  const rules = (list) => {
    for (const rule of list) {
      if (rule instanceof CSSFontFaceRule || rule instanceof CSSImportRule) continue;
      if (rule.style?.cssText.includes("url(")) addresses(rule.style.cssText, "style sheet");
      if (rule.cssRules) rules(rule.cssRules);
    }
  };
  for (const sheet of document.styleSheets) {
    try { if (!sheet.href) rules(sheet.cssRules); } catch {}
  }
  return JSON.stringify({ urls, ratios: [...ratios] });
})
