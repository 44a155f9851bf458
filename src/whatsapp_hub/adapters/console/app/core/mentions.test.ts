import assert from "node:assert/strict";
import { test } from "node:test";
import { tokens } from "./marks.ts";
import { mentionedIn } from "./mentions.ts";

const people = [
  { id: "1", name: "Ana" },
  { id: "2", name: "Ana Souza" },
  { id: "3", name: "João (loja)" },
  { id: "4", name: "Ana" },
];

test("who is named after an @ is mentioned, by the longest name that is said", () => {
  assert.deepEqual(mentionedIn("ask @Ana Souza, please", people), ["2"]);
  assert.deepEqual(mentionedIn("@João (loja): look", people), ["3"]);
  assert.deepEqual(mentionedIn("Ana Souza and ana@shop.example", people), []);
  assert.deepEqual(mentionedIn("@Anabela", people), []);
});

test("two of one name are both mentioned, and each once", () => {
  assert.deepEqual(mentionedIn("@Ana @Ana", people), ["1", "4"]);
  assert.deepEqual(mentionedIn("@Ana", []), []);
});

test("a mention is marked in the text, within other marks too", () => {
  assert.deepEqual(tokens("hi @Ana!", ["Ana"]), [
    { kind: "text", text: "hi " },
    { kind: "mention", text: "@Ana" },
    { kind: "text", text: "!" },
  ]);
  assert.deepEqual(tokens("*@Ana*", ["Ana"]), [{ kind: "bold", children: [{ kind: "mention", text: "@Ana" }] }]);
  assert.deepEqual(tokens("hi @Ana", []), [{ kind: "text", text: "hi @Ana" }]);
});
