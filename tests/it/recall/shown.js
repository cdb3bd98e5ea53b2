// What the page shows: each image with its size and whether it waits for a script, and each image of its style.
(async () => {
  const loaded = (image) => new Promise((resolve) => {
    if (image.complete) return resolve();
    image.onload = image.onerror = resolve;
    setTimeout(resolve, 5000);
  });
  const sizes = {};
  const width = async (url) => {
    if (!(url in sizes)) {
      const image = new Image();
      image.src = url;
      await loaded(image);
      sizes[url] = image.naturalWidth;
    }
    return sizes[url];
  };
  const usual = ["alt", "class", "id", "sizes", "src", "srcset", "style", "title"];
  const waits = (element) => [element, ...(element.closest("picture")?.querySelectorAll("source") ?? [])]
    .some((part) => [...part.attributes].some(({ name, value }) => !usual.includes(name) && value.includes("/")));
  const shown = [];
  const images = [...document.querySelectorAll("img, input[type=image]")];
  for (const image of images) if (image.loading) image.loading = "eager";
  for (const image of images) {
    if (image.localName === "img") await loaded(image);
    const size = image.localName === "img" ? image.naturalWidth : await width(image.src);
    shown.push([image.localName, image.currentSrc || image.src, size, waits(image)]);
  }
  for (const image of document.querySelectorAll("svg image")) {
    const url = new URL(image.href.baseVal, document.baseURI).href;
    shown.push(["svg image", url, await width(url), false]);
  }
  for (const video of document.querySelectorAll("video[poster]")) {
    shown.push(["poster", video.poster, await width(video.poster), waits(video)]);
  }
  const properties = ["background-image", "list-style-image", "border-image-source", "mask-image", "content", "cursor"];
  for (const element of document.querySelectorAll("*")) {
    for (const part of [null, "::before", "::after"]) {
      const style = getComputedStyle(element, part);
      for (const property of properties) {
        for (const [, url] of style.getPropertyValue(property).matchAll(/url\("((?:[^"\\]|\\.)*)"\)/g)) {
          const address = url.replace(/\\(.)/g, "$1");
          shown.push([property, address, await width(address), false]);
        }
      }
    }
  }
  return JSON.stringify(shown);
})()
