// The names of emoji by language, as they are packaged: read when the picker is first opened.
interface Emoji {
  emoji: string;
  annotation: string;
  tags?: string[];
  group: number;
  version: number;
}
declare module "emoji-picker-element-data/en/cldr-native/data.json" {
  const found: Emoji[];
  export default found;
}
declare module "emoji-picker-element-data/es/cldr-native/data.json" {
  const found: Emoji[];
  export default found;
}
declare module "emoji-picker-element-data/pt/cldr-native/data.json" {
  const found: Emoji[];
  export default found;
}
