import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlaceView } from "./schema.ts";
import { componentsOf, isFillable, keyOf, shown } from "./templates.ts";

const place = (more: Partial<PlaceView>): PlaceView => ({
  part: "body",
  name: "1",
  kind: "text",
  button: null,
  card: null,
  example: null,
  ...more,
});

test("values become parameters in their part, in its order", () => {
  const places = [place({}), place({ name: "2" }), place({ part: "button", button: 1 })];
  const values = Object.fromEntries(places.map((one, n) => [keyOf(one), ` v${n} `]));
  assert.deepEqual(componentsOf(places, values), [
    {
      type: "body",
      parameters: [
        { type: "text", text: "v0" },
        { type: "text", text: "v1" },
      ],
    },
    { type: "button", sub_type: "url", index: "1", parameters: [{ type: "text", text: "v2" }] },
  ]);
});

test("names, files, codes and cards have forms of their own", () => {
  const named = place({ name: "day" });
  const picture = place({ part: "header", name: "", kind: "image" });
  const code = place({ part: "button", name: "", kind: "coupon_code", button: 0 });
  const card = place({ card: 0 });
  assert.deepEqual(componentsOf([named], { [keyOf(named)]: "Monday" })[0]?.parameters, [
    { type: "text", parameter_name: "day", text: "Monday" },
  ]);
  assert.deepEqual(componentsOf([picture], { [keyOf(picture)]: "https://a/b.png" })[0]?.parameters, [
    { type: "image", image: { link: "https://a/b.png" } },
  ]);
  assert.deepEqual(componentsOf([code], { [keyOf(code)]: "SAVE" })[0], {
    type: "button",
    sub_type: "copy_code",
    index: "0",
    parameters: [{ type: "coupon_code", coupon_code: "SAVE" }],
  });
  assert.deepEqual(componentsOf([card], { [keyOf(card)]: "x" }), [
    {
      type: "carousel",
      cards: [{ card_index: 0, components: [{ type: "body", parameters: [{ type: "text", text: "x" }] }] }],
    },
  ]);
  assert.equal(isFillable([named, place({ kind: "location" })]), false);
});

test("the text shows what was filled in so far", () => {
  const places = [place({}), place({ name: "2" })];
  const values = { [keyOf(places[0]!)]: "Ana" };
  assert.equal(shown("Hi {{1}}, it comes {{ 2 }}.", places, values), "Hi Ana, it comes {{ 2 }}.");
});
