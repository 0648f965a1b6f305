package dev.lavalier.fleet;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.RemoteState;
import dev.lavalier.capture.RemoteState.State;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.common.LogText;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.fleet.v1.Block;
import dev.lavalier.fleet.v1.Catalogue;
import dev.lavalier.fleet.v1.ControlRequest;
import dev.lavalier.fleet.v1.Fetch;
import dev.lavalier.fleet.v1.FetchReply;
import dev.lavalier.fleet.v1.Heartbeat;
import dev.lavalier.fleet.v1.Open;
import dev.lavalier.fleet.v1.OpenReply;
import dev.lavalier.fleet.v1.Opened;
import dev.lavalier.fleet.v1.Refused;
import dev.lavalier.fleet.v1.Release;
import dev.lavalier.fleet.v1.Renew;
import dev.lavalier.fleet.v1.SharedDevice;
import dev.lavalier.fleet.v1.SharedState;
import dev.lavalier.hub.DeviceState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Encodes and decodes what nodes and edges say to each other besides blocks. */
final class Messages {

  /** The maximum number of devices that a node shares. */
  static final int MAX_DEVICES = 256;

  /** The maximum number of characters of a version. */
  static final int MAX_VERSION = 64;

  /** The maximum audio in the answer to a fetch. */
  static final int MAX_FETCHED_BYTES = 512 << 10;

  private static final int MAX_BYTES = 256 << 10;
  private static final int MAX_TEXT = 600;

  private static final Set<Reason> REFUSALS =
      Set.of(Reason.DEVICE_NOT_FOUND, Reason.DEVICE_BUSY, Reason.DEVICE_LOST, Reason.LIMIT_REACHED);

  private Messages() {}

  /** Returns the message of a payload; null if it is malformed or too long. */
  static <T extends Message> @Nullable T decode(Parser<T> parser, byte[] payload) {
    return decode(parser, payload, MAX_BYTES);
  }

  private static <T extends Message> @Nullable T decode(
      Parser<T> parser, byte[] payload, int maxBytes) {
    try {
      return payload.length > maxBytes ? null : parser.parseFrom(payload);
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
  }

  /** Returns the heartbeat of a payload; null if it is malformed, or its times are out of range. */
  static @Nullable Heartbeat heartbeat(byte[] payload) {
    Heartbeat heartbeat = decode(Heartbeat.parser(), payload);
    return heartbeat != null
            && Blocks.isSteady(heartbeat.getSteadyNanos())
            && Blocks.isNanos(heartbeat.getUnixNanos())
            && (heartbeat.getEpochMicros() == 0 || Blocks.isEpoch(heartbeat.getEpochMicros()))
        ? heartbeat
        : null;
  }

  static byte[] open(long boot, String localId, long lease, int listeners) {
    return ControlRequest.newBuilder()
        .setBoot(boot)
        .setOpen(Open.newBuilder().setLocalId(localId).setLease(lease).setListeners(listeners))
        .build()
        .toByteArray();
  }

  static byte[] renew(long boot, Renew.Builder leases) {
    return ControlRequest.newBuilder().setBoot(boot).setRenew(leases).build().toByteArray();
  }

  static byte[] release(String localId, long lease) {
    return ControlRequest.newBuilder()
        .setRelease(Release.newBuilder().setLocalId(localId).setLease(lease))
        .build()
        .toByteArray();
  }

  static byte[] fetch(long boot, String localId, long epoch, long fromIndex) {
    return ControlRequest.newBuilder()
        .setBoot(boot)
        .setFetch(Fetch.newBuilder().setLocalId(localId).setEpoch(epoch).setFromIndex(fromIndex))
        .build()
        .toByteArray();
  }

  /** Returns the blocks of the answer to a fetch that are valid; none if it is malformed. */
  static List<Block> fetched(byte[] payload, PcmFormat format) {
    FetchReply reply = decode(FetchReply.parser(), payload, 2 * MAX_FETCHED_BYTES);
    return reply == null
        ? List.of()
        : reply.getBlocksList().stream().filter(each -> Blocks.isValid(each, format)).toList();
  }

  static byte[] opened(long epoch, PcmFormat format, int blockSamples, long nextIndex) {
    return OpenReply.newBuilder()
        .setOpened(
            Opened.newBuilder()
                .setEpoch(epoch)
                .setFormat(format.toString())
                .setBlockSamples(blockSamples)
                .setNextSampleIndex(nextIndex))
        .build()
        .toByteArray();
  }

  /** A reason that is about the node's server is that of a device that is not available. */
  static byte[] refused(StreamException refusal) {
    Reason reason = REFUSALS.contains(refusal.reason()) ? refusal.reason() : Reason.DEVICE_LOST;
    return OpenReply.newBuilder()
        .setRefused(Refused.newBuilder().setReason(reason.name()).setMessage(refusal.getMessage()))
        .build()
        .toByteArray();
  }

  /** Returns the exception of a refusal. */
  static StreamException refusal(Refused refused) {
    for (Reason reason : REFUSALS) {
      if (reason.name().equals(refused.getReason())) {
        return new StreamException(reason, refused.getMessage());
      }
    }
    return new StreamException(Reason.DEVICE_BUSY, refused.getMessage());
  }

  /** Returns the format of a text; null if it is none. */
  static @Nullable PcmFormat format(String text) {
    try {
      return PcmFormat.parse(text);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /**
   * Encodes a catalogue. Devices beyond {@link #MAX_DEVICES}, or beyond the maximum length of a
   * message, are left out.
   *
   * @param recorded which of them the engine records
   */
  static byte[] catalogue(
      long boot, long version, List<DeviceDescriptor> devices, Predicate<String> recorded) {
    Catalogue.Builder catalogue = Catalogue.newBuilder().setBoot(boot).setVersion(version);
    int bytes = catalogue.build().getSerializedSize();
    for (DeviceDescriptor device : devices.subList(0, Math.min(MAX_DEVICES, devices.size()))) {
      SharedDevice shared =
          SharedDevice.newBuilder()
              .setLocalId(device.id())
              .setName(cut(device.name()))
              .setVendor(cut(device.vendor()))
              .setDescription(cut(device.description()))
              .setFormat(device.captureFormat().toString())
              .setRecorded(recorded.test(device.id()))
              .build();
      bytes += CodedOutputStream.computeMessageSize(Catalogue.DEVICES_FIELD_NUMBER, shared);
      if (bytes > MAX_BYTES) {
        break;
      }
      catalogue.addDevices(shared);
    }
    return catalogue.build().toByteArray();
  }

  /** Encodes the state of a device. */
  static SharedState state(DeviceState state) {
    return switch (state) {
      case CLOSED -> SharedState.SHARED_STATE_CLOSED;
      case OPENING -> SharedState.SHARED_STATE_OPENING;
      case OPEN -> SharedState.SHARED_STATE_OPEN;
      case LOST -> SharedState.SHARED_STATE_LOST;
      case CLOSING -> SharedState.SHARED_STATE_CLOSING;
      case NOT_RESPONDING -> SharedState.SHARED_STATE_NOT_RESPONDING;
    };
  }

  /** Returns the state that a heartbeat says of a device; null if it is not known. */
  static @Nullable RemoteState remoteState(Heartbeat heartbeat, int device) {
    if (device >= Math.min(heartbeat.getStatesCount(), heartbeat.getSubscribersCount())) {
      return null;
    }
    int subscribers = Math.max(0, heartbeat.getSubscribers(device));
    return switch (heartbeat.getStates(device)) {
      case SHARED_STATE_CLOSED -> new RemoteState(State.CLOSED, subscribers);
      case SHARED_STATE_OPENING -> new RemoteState(State.OPENING, subscribers);
      case SHARED_STATE_OPEN -> new RemoteState(State.OPEN, subscribers);
      case SHARED_STATE_LOST -> new RemoteState(State.LOST, subscribers);
      case SHARED_STATE_CLOSING -> new RemoteState(State.CLOSING, subscribers);
      case SHARED_STATE_NOT_RESPONDING -> new RemoteState(State.NOT_RESPONDING, subscribers);
      case SHARED_STATE_UNSPECIFIED, UNRECOGNIZED -> null;
    };
  }

  /**
   * Returns the devices of a catalogue by their ids in the fleet: the node, a slash and the id on
   * the node. Malformed ones are left out.
   */
  static Map<String, DeviceDescriptor> devices(String node, Catalogue catalogue) {
    Map<String, DeviceDescriptor> devices = new LinkedHashMap<>();
    for (SharedDevice each : catalogue.getDevicesList()) {
      PcmFormat format = format(each.getFormat());
      String localId = each.getLocalId();
      if (format == null
          || localId.isEmpty()
          || localId.length() > MAX_TEXT
          || !LogText.isOneLine(localId) // the page has ids in commands to copy to a terminal
          || devices.size() == MAX_DEVICES) {
        continue;
      }
      String id = node + "/" + localId;
      devices.put(
          id,
          new DeviceDescriptor(
              id,
              cut(each.getName()),
              cut(each.getVendor()),
              cut(each.getDescription()),
              false,
              format,
              List.of(
                  new SupportedFormat(
                      format.encoding(), format.sampleRateHz(), format.channelCount())),
              node,
              each.getRecorded()));
    }
    return devices;
  }

  private static String cut(String text) {
    return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT);
  }
}
