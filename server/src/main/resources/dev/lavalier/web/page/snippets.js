// Commands that do the same as the page, for the device in view.

const GRPC_PORT = 50_051;
const PLAIN = /^[\w@%+=:,./-]+$/;

/** Quotes a text for a POSIX shell. */
export function shellQuoted(text) {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function commandLine(id, host, secure) {
  const server = secure || host !== '127.0.0.1' ? ` --server ${host}:${GRPC_PORT}` : '';
  const access = secure ? ' --ca ca.pem --token-file my.token' : '';
  return `lavalier record${server}${access} --device ${shellQuoted(id)} --seconds 5 take.wav`;
}

function python(id, host, secure) {
  const channel = secure
    ? `credentials = grpc.composite_channel_credentials(
    grpc.ssl_channel_credentials(open("ca.pem", "rb").read()),
    grpc.access_token_call_credentials(open("my.token").read().strip()))
channel = grpc.secure_channel("${host}:${GRPC_PORT}", credentials)`
    : `channel = grpc.insecure_channel("${host}:${GRPC_PORT}")`;
  return `import grpc
from lavalier.v1 import audio_capture_pb2 as pb, audio_capture_pb2_grpc as rpc

${channel}
stub = rpc.AudioCaptureStub(channel)
for message in stub.StreamFrames(pb.StreamFramesRequest(device_id=${JSON.stringify(id)})):
    if message.HasField("frame"):
        print(message.frame.sample_index, len(message.frame.pcm), "bytes")`;
}

function ffmpeg(id, location) {
  const header = location.protocol === 'https:' ? " -headers \"Authorization: Bearer $(cat my.token)\"" : '';
  return `ffmpeg${header} -i ${shellQuoted(`${location.origin}/devices/${encodeURIComponent(id)}.wav`)} -t 5 take.flac`;
}

/**
 * Returns the snippets: `{ name, text }`.
 *
 * @param location the address of the page. The gRPC port is not known here: it is the default
 */
export function snippets(id, location) {
  const secure = location.protocol === 'https:';
  const host = location.hostname === 'localhost' ? '127.0.0.1' : location.hostname;
  return [
    { name: 'Command line', text: commandLine(id, host, secure) },
    { name: 'Python', text: python(id, host, secure) },
    { name: 'ffmpeg', text: ffmpeg(id, location) },
  ];
}
