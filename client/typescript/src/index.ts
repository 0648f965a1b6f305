export * from './gen/lavalier/v1/audio_capture_pb.js';
export { Client, type LevelsRequest } from './client.js';
export { LavalierError, type ErrorKind } from './errors.js';
export { toFloat32 } from './samples.js';
export { FrameStream, type Notice, type PullOptions, type PullRequest } from './stream.js';
