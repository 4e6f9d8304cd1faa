import { describe, expect, it } from "vitest";
import type { NumberedLine } from "@/api/logs";
import { findFault } from "./json-fault";
import { isNowhereElse, putSaved, readRequests, readSaved, remember, removeSaved } from "./kept-requests";
import { pythonCommand } from "./python-command";
import { findKind, indent, measure, readType, saySize } from "./reply";
import { NO_REQUEST, findUnsent, isJson, readCall, readHeaders, type TypedRequest } from "./request";
import { pickLines } from "./request-lines";

const get = (path: string): TypedRequest => ({ ...NO_REQUEST, path });

describe("a request", () => {
  it("has headers in lines, and a body that is JSON unless they say otherwise", () => {
    expect(readHeaders("Accept: text/plain\nX-A:1\nnonsense\n", false)).toEqual({ Accept: "text/plain", "X-A": "1" });
    expect(readHeaders("", true)).toEqual({ "Content-Type": "application/json" });
    expect(readHeaders("content-type: text/csv", true)).toEqual({ "content-type": "text/csv" });
  });

  it("is sent as the person, whatever was typed", () => {
    const typed = { method: "POST", path: "a?b=1", headers: "authorization: Bearer x\nCookie: a=b\nX-A: 1", body: "{}" };

    expect(readCall(typed)).toEqual({ method: "POST", path: "/a?b=1", headers: { "Content-Type": "application/json", "X-A": "1" }, body: "{}" });
    expect(findUnsent(typed)).toEqual(["authorization", "Cookie"]);
    expect(readCall(get(""))).toEqual({ method: "GET", path: "/", headers: {} });
  });

  it.each([
    ["POST", "", true],
    ["PUT", "content-type: application/problem+json", true],
    ["POST", "Content-Type: text/plain", false],
    ["GET", "", false],
  ])("%s with %j is of JSON: %j", (method, headers, expected) => {
    expect(isJson({ ...NO_REQUEST, method, headers })).toBe(expected);
  });

  it("is one of Python, without a token", () => {
    const called = { method: "POST", path: "/add?a=1", headers: { "X-Who": 'it"s' }, body: '{"t":1}\n' };

    expect(pythonCommand("http://apps.test/~acme/shop/", called).text).toBe(`import os

import httpx

answer = httpx.request(
    "POST",
    "http://apps.test/~acme/shop/add?a=1",
    headers={
        "Authorization": f"Bearer {os.environ['PAAKS_TOKEN']}",
        "X-Who": "it\\"s",
    },
    content="{\\"t\\":1}\\n".encode(),
)
print(answer.status_code, answer.text)
`);
    expect(pythonCommand("http://a.test/", { method: "GET", path: "/", headers: {} }).text).not.toContain("content=");
  });
});

describe("a fault in JSON", () => {
  it.each(["null", ' {"a": [1, -2.5e3, "x\\n\\u00e4", {}], "b": true}\n', "[]"])("is not in %j", (text) => {
    expect(findFault(text)).toBeNull();
  });

  it.each([
    ['{"a": 1,}', 1, 9, 'expected a name in ", found }'],
    ['{\n  "a" 1\n}', 2, 7, "expected :, found 1"],
    ["[1 2]", 1, 4, "expected , or ], found 2"],
    ['{"a": "b', 1, 9, 'expected a " that ends the text, found the end'],
    ['{"a": "b\n"}', 1, 9, 'expected a " that ends the text, found \\n'],
    ['["\\x"]', 1, 3, "expected an escape that JSON knows, found \\\\"],
    ["[01]", 1, 3, "expected , or ], found 1"],
    ["{} x", 1, 4, "expected nothing more, found x"],
    ["'a'", 1, 1, "expected a value, found '"],
    ["[1,\n", 2, 1, "expected a value, found the end"],
  ])("of %j is in line %d, column %d", (text, line, column, said) => {
    expect(findFault(text)).toMatchObject({ line, column, text: said });
  });

  it("is also found where nobody would look", () => {
    expect(findFault("[".repeat(200_000))).not.toBeNull();
  });
});

describe("kept requests", () => {
  it("are the last twenty, each once", () => {
    const sent = Array.from({ length: 25 }, (_, index) => get(String(index))).reduce(remember, []);

    expect(sent.map(({ path }) => path)).toEqual(Array.from({ length: 20 }, (_, index) => String(24 - index)));
    expect(remember(sent, get("20")).map(({ path }) => path).slice(0, 6)).toEqual(["20", "24", "23", "22", "21", "19"]);
  });

  it("have a limit to their size together", () => {
    const large = (path: string) => ({ ...get(path), body: "x".repeat(200_000) });

    expect([large("1"), large("2"), large("3"), get("4")].reduce(remember, []).map(({ path }) => path)).toEqual(["4", "3", "2"]);
  });

  it("have names, of which there is one each", () => {
    const saved = [{ ...get("1"), name: "b" }, { ...get("2"), name: "a" }, { ...get("3"), name: "b" }].reduce(putSaved, []);

    expect(saved.map(({ name, path }) => [name, path])).toEqual([["a", "2"], ["b", "3"]]);
    expect(removeSaved(saved, "a")).toHaveLength(1);
    expect([isNowhereElse(get("3"), saved), isNowhereElse(get("4"), saved), isNowhereElse(NO_REQUEST, [])]).toEqual([false, true, false]);
  });

  it.each([[null], [""], ["{"], ["{}"], ['[1, null, {"method": 1}]']])("of %j are none", (text) => {
    expect([readRequests(text), readSaved(text)]).toEqual([[], []]);
  });

  it("come back as they were", () => {
    const saved = [{ ...get("1"), name: "b" }];

    expect(readSaved(JSON.stringify(saved))).toEqual(saved);
    expect(readRequests(JSON.stringify(saved))).toEqual([get("1")]);
  });
});

describe("an answer", () => {
  const of = (type: string, rest: object = {}) => ({ headers: { "content-type": type }, truncated: false, ...rest });

  it.each([
    ["json", of("application/json; charset=utf-8")],
    ["html", of("text/html")],
    ["text", of("image/svg+xml")],
    ["text", { headers: {}, truncated: false }],
    ["image", of("image/png", { bodyBase64: "AA==" })],
    ["binary", of("image/png", { bodyBase64: "AA==", truncated: true })],
    ["binary", of("image/svg+xml", { bodyBase64: "AA==" })],
    ["binary", of("application/zip", { bodyBase64: "AA==" })],
  ])("is %s", (kind, reply) => {
    expect(findKind(reply)).toBe(kind);
  });

  it("is shown as people read it", () => {
    expect([indent('{"a":1}'), indent("{not json")]).toEqual(['{\n  "a": 1\n}', "{not json"]);
    expect(readType(of("Text/HTML; charset=x"))).toBe("text/html");
    expect([measure({ body: "ä" }), measure({ bodyBase64: "AA==" }), measure({ bodyBase64: "AAAA" }), measure({})]).toEqual([2, 1, 3, 0]);
    expect([61, 4_200, 999_999, 1_300_000].map(saySize)).toEqual(["61 B", "4.2 kB", "1.0 MB", "1.3 MB"]);
  });
});

it("the lines of a request are those with its id, and before that is known, of what has begun since", () => {
  const lines = ["old", "old", "new", null, "old", "new"].map((requestId, id) => ({ id, requestId }) as NumberedLine);
  const ids = (about: Parameters<typeof pickLines>[1]) => pickLines(lines, about).map(({ id }) => id);

  expect(ids({ since: null, requestId: "new" })).toEqual([2, 5]);
  expect(ids({ since: 1, requestId: null })).toEqual([2, 5]);
  expect(ids({ since: 5, requestId: "new" })).toEqual([]);
});
