// Colours of code: highlight.js as a tree of elements. Loaded when the first block of code is finished.
import bash from 'highlight.js/lib/languages/bash';
import c from 'highlight.js/lib/languages/c';
import cpp from 'highlight.js/lib/languages/cpp';
import csharp from 'highlight.js/lib/languages/csharp';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import go from 'highlight.js/lib/languages/go';
import ini from 'highlight.js/lib/languages/ini';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import { createLowlight } from 'lowlight';
import type { ComponentChild } from 'preact';

const lowlight = createLowlight({ bash, c, cpp, csharp, css, diff, go, ini, java, javascript, json, python, rust, sql, typescript, xml, yaml });

type Nodes = ReturnType<typeof lowlight.highlight>['children'];

// Null if the language is not known.
export function highlight(text: string, language: string): ComponentChild | null {
  if (!lowlight.registered(language)) return null;
  return elements(lowlight.highlight(language, text).children);
}

function elements(nodes: Nodes): ComponentChild[] {
  return nodes.map(node => {
    if (node.type === 'text') return node.value;
    if (node.type !== 'element') return null;
    const names = node.properties.className;
    return <span class={Array.isArray(names) ? names.join(' ') : undefined}>{elements(node.children as Nodes)}</span>;
  });
}
