/** What a JSON Schema says of a place: which keys may be there, which values, and what they mean. Pure. */

type Scalar = string | number | boolean;

/** As far as `core/descriptor.py` uses it. */
export interface Schema {
  type?: string | readonly string[];
  description?: string;
  default?: Scalar;
  enum?: readonly Scalar[];
  minimum?: number;
  maximum?: number;
  properties?: Readonly<Record<string, Schema>>;
}

export interface Offer {
  label: string;
  /** In a few words, beside it: its default. */
  detail: string;
  info: string;
  /** What is written for it. */
  text: string;
}

/** The schema at a path, or null where it says nothing of it. */
export function findSchema(root: Schema, path: readonly string[]): Schema | null {
  let found: Schema | undefined = root;
  for (const key of path) {
    const properties: Schema["properties"] = found.properties;
    found = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (found === undefined) return null;
  }
  return found;
}

/** The keys that may be written at a place. */
export function offerKeys(root: Schema, path: readonly string[], beside: readonly string[]): Offer[] {
  const properties = findSchema(root, path)?.properties ?? {};
  return Object.entries(properties)
    .filter(([name]) => !beside.includes(name))
    .map(([name, schema]) => ({ label: name, detail: sayDefault(schema), info: explain(schema), text: isMapping(schema) ? `${name}:` : `${name}: ` }));
}

/** The values that a key may have, where there are few; else its default. */
export function offerValues(root: Schema, path: readonly string[]): Offer[] {
  const schema = findSchema(root, path);
  if (schema === null) return [];
  const usual = schema.default === undefined ? [] : [schema.default];
  return (listValues(schema) ?? usual).map((value) => {
    const label = String(value);
    return { label, detail: value === schema.default ? "default" : "", info: explain(schema), text: label };
  });
}

/** Every value, where they can be counted on one's fingers; else null. */
export function listValues(schema: Schema): readonly Scalar[] | null {
  if (schema.enum) return schema.enum;
  if (schema.type === "boolean") return [true, false];
  const { type, minimum, maximum } = schema;
  if (type !== "integer" || minimum === undefined || maximum === undefined || maximum - minimum > 10) return null;
  return Array.from({ length: maximum - minimum + 1 }, (_, index) => minimum + index);
}

/** What a key means, which values it has, and what is taken without it. */
export function explain(schema: Schema): string {
  const values = listValues(schema);
  const range = schema.type === "integer" && schema.minimum !== undefined && schema.maximum !== undefined;
  const choice = range ? `${schema.minimum} to ${schema.maximum}.` : values && `One of ${values.map(String).join(", ")}.`;
  const usual = sayDefault(schema);
  return [schema.description, choice, usual && `By ${usual}.`].filter(Boolean).join(" ");
}

export function isMapping(schema: Schema): boolean {
  return schema.type === "object";
}

function sayDefault({ default: usual }: Schema): string {
  return usual === undefined ? "" : `default ${String(usual)}`;
}
