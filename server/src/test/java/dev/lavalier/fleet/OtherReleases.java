package dev.lavalier.fleet;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.google.protobuf.UnknownFieldSet;
import dev.lavalier.fleet.v1.Block;
import dev.lavalier.fleet.v1.Catalogue;
import dev.lavalier.fleet.v1.ControlRequest;
import dev.lavalier.fleet.v1.FetchReply;
import dev.lavalier.fleet.v1.FleetProto;
import dev.lavalier.fleet.v1.Heartbeat;
import dev.lavalier.fleet.v1.OpenReply;
import dev.lavalier.fleet.v1.SharedDevice;
import dev.lavalier.testing.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What a later and an earlier release send in place of the messages of this one. */
final class OtherReleases {

  /** A state of a device that this release does not know. */
  static final int UNKNOWN_STATE = 77;

  private static final int UNKNOWN_FIELD = 900;
  private static final Pattern CODE = Pattern.compile("`([A-Za-z_]+)`");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([A-Z][A-Za-z]+)` \\| (.*) \\|$");

  private OtherReleases() {}

  /**
   * Returns a release whose messages have fields that this one does not know, and whose nodes share
   * a device in a format that this one does not know, in a state that it does not know.
   */
  static DirectLinks.Release later() {
    return new Rewriting(OtherReleases::withUnknownFields);
  }

  /** Returns a release that changes its messages. */
  static DirectLinks.Release changing(UnaryOperator<Message> change) {
    return new Rewriting(change);
  }

  /** Returns a release whose messages have only the fields that each release sends. */
  static DirectLinks.Release earlier() throws IOException {
    Map<String, Set<String>> sent = sentByAll();
    return new Rewriting(message -> withoutOthers(message, sent));
  }

  /** Returns the fields that each release sends, by message: the table of the documentation. */
  static Map<String, Set<String>> sentByAll() throws IOException {
    String page = Files.readString(Repository.TOP.resolve("docs/internals/fleet.md"));
    String section = page.substring(page.indexOf("\n## Releases"));
    return ROW.matcher(section)
        .results()
        .collect(
            Collectors.toMap(
                row -> row.group(1),
                row ->
                    CODE.matcher(row.group(2))
                        .results()
                        .map(each -> each.group(1))
                        .collect(Collectors.toSet()),
                (one, other) -> one,
                TreeMap::new));
  }

  /** Returns the names of all messages of the protocol. */
  static List<String> messages() {
    return FleetProto.getDescriptor().getMessageTypes().stream().map(Descriptor::getName).toList();
  }

  private record Rewriting(UnaryOperator<Message> change) implements DirectLinks.Release {

    @Override
    public byte[] message(String subject, byte[] payload) {
      if (subject.equals(Subjects.WHO)) {
        return change.apply(ControlRequest.getDefaultInstance()).toByteArray(); // it has no fields
      }
      String kind = subject.split("\\.", -1)[2];
      return rewritten(
          switch (kind) {
            case "pcm", "rec" -> Block.parser();
            case "hb" -> Heartbeat.parser();
            case "cat" -> Catalogue.parser();
            case "ctl" -> ControlRequest.parser();
            default -> throw new IllegalArgumentException(subject);
          },
          payload);
    }

    @Override
    public byte[] answer(byte[] request, byte[] answer) {
      boolean fetch = parse(ControlRequest.parser(), request).hasFetch();
      return rewritten(fetch ? FetchReply.parser() : OpenReply.parser(), answer);
    }

    private byte[] rewritten(Parser<? extends Message> parser, byte[] payload) {
      return change.apply(parse(parser, payload)).toByteArray();
    }

    private static <T> T parse(Parser<T> parser, byte[] payload) {
      try {
        return parser.parseFrom(payload);
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalArgumentException(e);
      }
    }
  }

  private static Message changed(Message message, UnaryOperator<Message> change) {
    Message.Builder builder = message.toBuilder();
    for (FieldDescriptor field : message.getAllFields().keySet()) {
      if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
        continue;
      }
      if (!field.isRepeated()) {
        builder.setField(field, change.apply((Message) message.getField(field)));
        continue;
      }
      for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
        builder.setRepeatedField(
            field, i, change.apply((Message) message.getRepeatedField(field, i)));
      }
    }
    return builder.build();
  }

  /** Adds fields of each wire type, at each level. */
  private static Message withUnknownFields(Message message) {
    UnknownFieldSet.Field one =
        UnknownFieldSet.Field.newBuilder()
            .addVarint(-1)
            .addFixed32(1)
            .addFixed64(1)
            .addLengthDelimited(ByteString.copyFromUtf8("of a later release"))
            .addGroup(UnknownFieldSet.getDefaultInstance())
            .build();
    return changed(withUnknownDevice(message), OtherReleases::withUnknownFields).toBuilder()
        .setUnknownFields(UnknownFieldSet.newBuilder().addField(UNKNOWN_FIELD, one).build())
        .build();
  }

  private static Message withUnknownDevice(Message message) {
    if (message instanceof Catalogue catalogue) {
      return catalogue.toBuilder()
          .clearDevices()
          .addDevices(
              SharedDevice.newBuilder().setLocalId("later").setFormat("48000/1/s64le").build())
          .addAllDevices(catalogue.getDevicesList())
          .build();
    }
    if (message instanceof Heartbeat heartbeat) {
      return heartbeat.toBuilder()
          .clearStates()
          .clearSubscribers()
          .addStatesValue(UNKNOWN_STATE)
          .addAllStatesValue(heartbeat.getStatesValueList())
          .addSubscribers(4)
          .addAllSubscribers(heartbeat.getSubscribersList())
          .build();
    }
    return message;
  }

  private static Message withoutOthers(Message message, Map<String, Set<String>> sent) {
    Message.Builder builder = message.toBuilder();
    Set<String> kept = sent.get(message.getDescriptorForType().getName());
    message.getAllFields().keySet().stream()
        .filter(field -> !kept.contains(field.getName()))
        .forEach(builder::clearField);
    return changed(builder.build(), each -> withoutOthers(each, sent));
  }
}
