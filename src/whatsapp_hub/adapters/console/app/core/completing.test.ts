import assert from "node:assert/strict";
import { test } from "node:test";
import { around, wantedAt } from "./completing.ts";

test("a slash at the very beginning asks for a quick reply", () => {
  assert.deepEqual(wantedAt("/fre", 4), { kind: "reply", words: "fre", from: 0 });
  assert.equal(wantedAt("and/or", 6), null);
  assert.equal(wantedAt("/fre is free", 12), null);
});

test("a colon and two letters ask for an emoji, before the caret", () => {
  assert.deepEqual(wantedAt("ok :thu", 7), { kind: "emoji", words: "thu", from: 3 });
  assert.deepEqual(wantedAt(":cora\u00e7ao there", 8), { kind: "emoji", words: "cora\u00e7ao", from: 0 });
  assert.equal(wantedAt("at 9:00", 7), null);
  assert.equal(wantedAt("https://a.b", 11), null);
  assert.equal(wantedAt("so :t", 5), null);
});

test("an at sign asks for a colleague, whose name may have spaces", () => {
  assert.deepEqual(wantedAt("@", 1), { kind: "person", words: "", from: 0 });
  assert.deepEqual(wantedAt("ask @ana so", 11), { kind: "person", words: "ana so", from: 4 });
  assert.equal(wantedAt("ana@shop", 8), null);
  assert.deepEqual(wantedAt("@Ana :thu", 9), { kind: "emoji", words: "thu", from: 5 });
});

test("signs are put around what is selected, and taken away again", () => {
  const bold = around("a word here", 2, 6, "*");
  assert.deepEqual(bold, { text: "a *word* here", from: 3, to: 7 });
  assert.deepEqual(around(bold.text, bold.from, bold.to, "*"), { text: "a word here", from: 2, to: 6 });
});
