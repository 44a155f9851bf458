// A recorded voice message as WhatsApp takes it: Ogg with Opus. Browsers that record WebM record the same Opus in it, which is put
// into Ogg packet by packet, without being coded anew.

/** Return an Ogg file of what was recorded. Throws if it is no Opus. */
export async function oggOf(recorded: Blob): Promise<File> {
  const named = (content: BlobPart): File => new File([content], "voice.ogg", { type: "audio/ogg; codecs=opus" });
  if (recorded.type.startsWith("audio/ogg")) return named(recorded);
  const media = await import("mediabunny");
  const input = new media.Input({ source: new media.BlobSource(recorded), formats: [media.WEBM, media.MP4] });
  const track = await input.getPrimaryAudioTrack();
  if (track?.codec !== "opus") throw new Error("not Opus");
  const target = new media.BufferTarget();
  const output = new media.Output({ format: new media.OggOutputFormat(), target });
  const source = new media.EncodedAudioPacketSource("opus");
  output.addAudioTrack(source);
  await output.start();
  const config = await track.getDecoderConfig();
  for await (const packet of new media.EncodedPacketSink(track).packets())
    await source.add(packet, config ? { decoderConfig: config } : undefined);
  await output.finalize();
  if (!target.buffer) throw new Error("nothing recorded");
  return named(target.buffer);
}
