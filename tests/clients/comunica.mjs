// Ask queries by comunica: reads JSON {sources, queries: [{form, text}]} from standard
// input and prints a list of answers. Solutions are objects of terms as N-Triples; graphs
// are lists of lines. Run in a folder with @comunica/query-sparql installed.
import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const resolve = createRequire(join(process.cwd(), "here.mjs")).resolve;
const load = (name) => import(pathToFileURL(resolve(name)).href);
const { QueryEngine } = await load("@comunica/query-sparql");

const { sources, queries } = JSON.parse(await text(process.stdin));
const engine = new QueryEngine();

const STRING = "http://www.w3.org/2001/XMLSchema#string";

// A term without characters that would have to be escaped.
function termToString({ termType, value, language, datatype }) {
  if (termType === "NamedNode") return `<${value}>`;
  if (termType !== "Literal") throw new Error(`a ${termType}`);
  if (language) return `"${value}"@${language}`;
  return datatype.value === STRING ? `"${value}"` : `"${value}"^^<${datatype.value}>`;
}

async function answer({ form, text: query }) {
  if (form === "ask") return engine.queryBoolean(query, { sources });
  if (form === "graph") {
    const quads = await (await engine.queryQuads(query, { sources })).toArray();
    return quads.map(
      ({ subject, predicate, object }) =>
        `${[subject, predicate, object].map(termToString).join(" ")} .`,
    );
  }
  const bindings = await (await engine.queryBindings(query, { sources })).toArray();
  return bindings.map((binding) =>
    Object.fromEntries(
      [...binding].map(([name, term]) => [name.value, termToString(term)]),
    ),
  );
}

const answers = [];
for (const query of queries) answers.push(await answer(query));
console.log(JSON.stringify(answers));
